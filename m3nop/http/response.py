"""An answer as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json

CARD_FIELDS = frozenset(
    {
        "cardtype", "cardname", "cardnumber", "maskedcreditcardnumber", "cardcvv2", "cardexpirationmonth",
        "cardexpirationyear", "creditcardtype", "creditcardname", "creditcardnumber", "creditcardcvv2",
        "creditcardexpiremonth", "creditcardexpireyear", "allowstoringcreditcardnumber",
    }
)  # fmt: skip
"""Names of payment card fields, without case, ``_`` and ``-``; they never get past this layer."""

_MENTIONS_CARD = re.compile(rb"card", re.IGNORECASE)
_CHARSET = re.compile(r"""charset=["']?([\w-]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, headers by lower-case name, the decompressed body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """The content type in lower case, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; what cannot be decoded shows as a replacement character."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.body.decode(found.group(1) if found else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Json:
        """Parse the body with exact numbers, without any payment card field.

        Raises:
            ValueError: the body is not JSON.
        """
        document = json.loads(self.body)
        return without_cards(document) if _MENTIONS_CARD.search(self.body) else document


def without_cards(document: Json) -> Json:
    """Return the document less every member whose name is a payment card field's."""
    if isinstance(document, dict):
        return {name: without_cards(value) for name, value in document.items() if not _is_card(name)}
    if isinstance(document, list):
        return [without_cards(element) for element in document]
    return document


def _is_card(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower() in CARD_FIELDS
