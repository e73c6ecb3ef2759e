"""An answer as plain values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json

CARD_FIELDS = frozenset(
    {
        "cardtype", "cardname", "cardnumber", "maskedcreditcardnumber", "cardcvv2", "cardexpirationmonth",
        "cardexpirationyear", "creditcardtype", "creditcardname", "creditcardnumber", "creditcardcvv2",
        "creditcardexpiremonth", "creditcardexpireyear", "allowstoringcreditcardnumber", "cardcvv", "cardcvc",
        "cvv", "cvv2", "cvc", "cardsecuritycode", "creditcardcvv", "creditcardcvc",
    }
)  # fmt: skip
"""Names of payment card fields, without case, ``_``, ``-`` and blanks; they never get past this layer."""

_IN_CLEAR = (b"card", b"cvv", b"cvc")
_HIDDEN = (b"\\u00", b"\x00")
"""Escaped letters, and UTF-16 or UTF-32: a name may be written in them."""
_HOLDERS = frozenset({dict, list})
_MOST_DIGITS = 1000
"""Of a number; arithmetic with one of a million takes minutes, and no system counts so far."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_CHARSET = re.compile(r"""charset=["']?([\w-]+)""", re.IGNORECASE)


class Response(Struct, frozen=True):
    """What came back: the status, headers by lower-case name, the decompressed body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """The content type in lower case, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def is_page(self) -> bool:
        """Whether the body is HTML, or XML, whatever the headers say."""
        return self.body.lstrip().startswith(b"<")

    @property
    def text(self) -> str:
        """The body as text; what cannot be decoded shows as a replacement character."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.body.decode(found.group(1) if found else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")

    def json(self) -> Json:
        r"""Parse the body with exact numbers, without any payment card field.

        Half a character (``\ud83d`` without its other half), which could be written nowhere, becomes U+FFFD.

        Raises:
            ValueError: the body is not JSON, or holds a number that is out of all bounds.
        """
        document = json.loads(self.body, number=_number)
        if _may_halve_characters(self.body):
            document = _of_whole_characters(document)
        return without_cards(document) if _may_name_card(self.body) else document


def without_cards(document: Json) -> Json:
    """Return the document less every member whose name is a payment card field's.

    What has none in it is not copied.
    """
    if isinstance(document, dict):
        if not document.keys() <= _HARMLESS:
            document = {name: value for name, value in document.items() if not _is_card(name)}
        if _HOLDERS.isdisjoint(map(type, document.values())):
            return document
        return {
            name: without_cards(value) if type(value) in _HOLDERS else value
            for name, value in document.items()
        }
    if isinstance(document, list):
        return [without_cards(element) for element in document]
    return document


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        msg = f"a number has more than {_MOST_DIGITS} digits"
        raise ValueError(msg)
    return number


def _may_halve_characters(body: bytes) -> bool:
    return b"\x00" in body or (b"\\u" in body and _HALF.search(body) is not None)


def _of_whole_characters(document: Json) -> Json:
    if isinstance(document, str):
        return document.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(document, list):
        return [_of_whole_characters(element) for element in document]
    if isinstance(document, dict):
        return {_of_whole_characters(name): _of_whole_characters(value) for name, value in document.items()}
    return document


def _may_name_card(body: bytes) -> bool:
    small = body.lower()
    return any(part in small for part in (*_IN_CLEAR, *_HIDDEN))


def _is_card(name: str) -> bool:
    if name.replace("_", "").replace("-", "").replace(" ", "").lower() in CARD_FIELDS:
        return True
    if len(_HARMLESS) < _MOST_NAMES:
        _HARMLESS.add(name)
    return False


_HARMLESS: set[str] = set()
"""Names that were looked at and are no card field's: records have the same ones again and again."""
_MOST_NAMES = 10_000
