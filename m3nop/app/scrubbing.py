"""Takes secrets and personal data out of records that are kept as fixtures.

Equal values stay equal, and every value keeps its length and the kinds of its characters, so that a mapping
does with it what it did with the original.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.core.json import Json

_LOWER, _UPPER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_OTHER_LOWER, _OTHER_UPPER, _OTHER = "äöüåéñłßøç", "ÄÖÜÅÉÑŁØÇÆ", "山田太郎花子東京大阪"
_IP = "192.0.2.1"
"""An address that is kept for documentation."""
_DOMAIN = "example.com"
_PAIRS = (("Name", "Value"), ("Key", "Value"), ("key", "value"))
"""Members of which one names what the other holds: M3's rows of version 1, attributes of the shop."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOWHERE = ".xx"
"""A top level that is never given to anybody."""
_BIRTH = "1980-01-01"


def scrubbed(value: Json) -> Json:
    """Return a copy of a record, or of a row of M3, without secrets and personal data."""
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    if isinstance(value, Mapping):
        named = next(
            (pair for pair in _PAIRS if all(isinstance(value.get(part), str) for part in pair)), None
        )
        if named is not None:
            return {**value, named[1]: _member(value[named[0]], value[named[1]])}
        return {name: _member(str(name), one) for name, one in value.items()}
    return value


def replaced_texts(before: Json, after: Json) -> dict[str, str]:
    """Return each text that was replaced, and by what."""
    found: dict[str, str] = {}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name, value in before.items():
            found.update(replaced_texts(value, after.get(name)))
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after, strict=True):
            found.update(replaced_texts(one, other))
    elif isinstance(before, str) and isinstance(after, str) and before.strip() != after.strip():
        found[before.strip()] = after.strip()
    return found


def _member(name: str, value: Json) -> Json:
    name = _CAMEL.sub("_", name)
    if isinstance(value, str) and value:
        rule = next((rule for pattern, rule in _RULES if pattern.search(name)), None)
        return value if rule is None else rule(value)
    return scrubbed(value)


def _letters(text: str) -> str:
    """Replace each letter and digit by another of its kind, the same text always by the same."""
    noise = _Numbers(text)
    return "".join(_other(letter, next(noise)) for letter in text)


class _Numbers:
    """Numbers that depend on a text alone."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._block = 0
        self._left: list[int] = []

    def __iter__(self) -> _Numbers:
        return self

    def __next__(self) -> int:
        if not self._left:
            self._left = list(hashlib.sha256(f"{self._block}:{self._text}".encode()).digest())
            self._block += 1
        return self._left.pop()


def _other(letter: str, number: int) -> str:
    for alphabet in (_LOWER, _UPPER, _DIGITS):
        if letter in alphabet:
            return alphabet[number % len(alphabet)]
    if letter.isalpha():
        alphabet = _OTHER_LOWER if letter.islower() else _OTHER_UPPER if letter.isupper() else _OTHER
        return alphabet[number % len(alphabet)]
    return letter


def _mail(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        return _letters(text)
    gap = len(domain) - len(_DOMAIN)
    if gap == 0 or gap > 1:
        own = f"{'x' * (gap - 1)}.{_DOMAIN}" if gap else _DOMAIN
    else:
        own = f"{'x' * max(len(domain) - len(_NOWHERE), 1)}{_NOWHERE}"
    return f"{_letters(local)}@{own}"


def _keeping(count: int) -> Callable[[str], str]:
    """Replace all but the first characters, which say the country."""
    return lambda text: text[:count] + _letters(text[count:])


def _hexadecimal(text: str) -> str:
    noise = _Numbers(text)
    return "".join(
        f"{next(noise) % 16:x}" if letter in "0123456789abcdefABCDEF" else letter for letter in text
    )


_RULES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), rule)
    for pattern, rule in (
        (r"password|secret|token|api_?key|session|signature", lambda text: "x" * len(text)),
        (r"e?mail|^EMAL$|username", _mail),
        (r"phone|fax|mobile|^(PHNO|PHN2|TFNO)$", _keeping(3)),
        (r"vat_number|tax_number|registration_number|^VRNO$", _keeping(2)),
        (r"(^|_)ip(_address)?$", lambda _text: _IP),
        (r"guid$", _hexadecimal),
        (r"birth", lambda text: (_BIRTH + text[len(_BIRTH) :])[: len(text)]),
        (r"(^|_)(first|last|middle|full)_name$|^company$|^(CUNM|YREF)$", _letters),
        (r"^(street_)?address_?[0-9]?$|^(city|county|town|zip(_postal_code)?|postal_code)$", _letters),
        (r"^(CUA[1-4]|ADR[1-4]|TOWN|PONO)$", _letters),
        (r"comment|(^|_)notes?$|message|instructions|^gender$", _letters),
        (r"attribute_text$|attribute_description$|attributes_xml$|custom_attributes$", _letters),
    )
)
"""What is taken out of which members, by their names in the shop's records and in M3's rows."""
