"""JSON with exact numbers: a fraction is a ``Decimal`` from the text it comes from to the text it becomes.

What is plain is read and written by msgspec, which takes a fraction of the time. The standard library decides
everything else: what is refused and with which words, lone surrogates, other encodings than UTF-8, types that
are only like a list or a mapping. Whether it was asked makes no difference to the result.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, DecimalException
from functools import cache, lru_cache
from typing import Any, NamedTuple

Json = Any
"""None, bool, int, Decimal, str, list or dict of these."""

# The standard encoder cannot write a Decimal as a bare number, so it is written as a marked string and
# unmarked afterwards. The mark is random: data that was read from outside cannot contain it.
_MARK = f"\x00{secrets.token_hex(8)}:"
_LONGEST_WHOLE = 4000
"""Digits up to which an exponent is written out; Python writes no longer whole number as text."""
_MARKED = re.compile(r'"\\u0000' + _MARK[1:] + r'(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"')
_SCALARS = frozenset({str, int, bool, type(None)})
_WRITABLE = _SCALARS | {Decimal}
_KEYS = frozenset({str, int})
_NUMBERS_KEPT = 4096
"""Fractions kept by their text: prices and quantities come again and again."""


def loads(text: str | bytes, *, number: Callable[[str], Decimal] = Decimal) -> Json:
    """Parse JSON; numbers with a fraction or exponent become Decimal, NaN and infinities are refused.

    ``number`` makes them, and may refuse one by ValueError; it is asked once for equal texts.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return _decoder(number)(text)
    except (ValueError, RecursionError):
        return _loads(text, number)


def dumps(value: Json, *, indent: int | None = None) -> str:
    """Write JSON text for people; a Decimal keeps every digit, including trailing zeros."""
    if indent is None:
        return _unmark(_ENCODER.encode(value))
    return _unmark(json.dumps(value, ensure_ascii=False, default=_encode, indent=indent, allow_nan=False))


def compact(value: Json) -> str:
    """Write JSON text for programs: as ``dumps``, without a blank."""
    try:
        _check(value)
        return _encoders().compact(value).decode()
    except (TypeError, ValueError, RecursionError):
        return _unmark(_COMPACT_ENCODER.encode(value))


def packed(value: Json) -> bytes:
    """Write a value as ``compact`` does, in UTF-8.

    It must be made of what JSON knows: that is not looked at here.
    """
    try:
        return _encoders().compact(value)
    except (TypeError, ValueError, RecursionError):
        return compact(value).encode()


def compact_each(values: Sequence[Json]) -> list[str]:
    """Write each of many values as ``compact`` does; together they take a fraction of the time.

    Each must be made of what JSON knows: that is not looked at here.
    """
    try:
        # A line break inside a text is written as an escape, so that these stand between the values only.
        return _encoders().lines(values).decode().split("\n")[:-1]
    except (TypeError, ValueError, RecursionError):
        return [compact(value) for value in values]


def canonical(value: Json) -> str:
    """Write the one text that equal values share: sorted keys, no blanks, numbers in their shortest form."""
    try:
        return _encoders().canonical(_shortest(value)).decode()
    except (TypeError, ValueError, RecursionError):
        return _unmark(_CANONICAL_ENCODER.encode(value))


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal."""
    try:
        written = _encoders().canonical(_shortest(value))
    except (TypeError, ValueError, RecursionError):
        # Half a pair of surrogates, which JSON can spell, is no UTF-8.
        written = _unmark(_CANONICAL_ENCODER.encode(value)).encode(errors="surrogatepass")
    return hashlib.sha256(written).hexdigest()


# msgspec is imported with the first document: a start that reads none does without it.
@cache
def _decoder(number: Callable[[str], Decimal]) -> Callable[[str | bytes], Json]:
    import msgspec.json

    return msgspec.json.Decoder(float_hook=lru_cache(maxsize=_NUMBERS_KEPT)(number)).decode


class _Encoders(NamedTuple):
    compact: Callable[[Json], bytes]
    """With the members in their own order."""
    lines: Callable[[Sequence[Json]], bytes]
    """The same for each of several values, a line break after each."""
    canonical: Callable[[Json], bytes]
    """With the members sorted."""


@cache
def _encoders() -> _Encoders:
    import msgspec.json

    as_it_is = msgspec.json.Encoder(decimal_format="number")
    in_order = msgspec.json.Encoder(decimal_format="number", order="sorted")
    return _Encoders(as_it_is.encode, as_it_is.encode_lines, in_order.encode)


def _check(value: Json) -> None:
    """See that there is nothing in a value that msgspec knows and JSON does not.

    Raises:
        TypeError: there may be.
    """
    of = type(value)
    if of is dict:
        if not _KEYS.issuperset(map(type, value)):
            raise TypeError
        value = value.values()
    elif of is not list and of is not tuple:
        if of in _WRITABLE:
            return
        raise TypeError
    if not _WRITABLE.issuperset(map(type, value)):
        for part in value:
            if type(part) not in _WRITABLE:
                _check(part)


def _shortest(value: Json) -> Json:
    """Return a value with its numbers in their shortest form; what has no Decimal in it is not copied.

    Raises:
        TypeError: there may be something in it that msgspec knows and JSON does not.
    """
    of = type(value)
    if of in _SCALARS:
        return value
    if of is dict:
        if _SCALARS.issuperset(map(type, value.values())):
            return value
        return {name: part if type(part) in _SCALARS else _shortest(part) for name, part in value.items()}
    if of is list or of is tuple:
        return [part if type(part) in _SCALARS else _shortest(part) for part in value]
    if of is Decimal and value.is_finite():
        return _shortest_number(value)
    raise TypeError


def _loads(text: str | bytes, number: Callable[[str], Decimal]) -> Json:
    try:
        return json.loads(text, parse_float=number, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> Json:
    msg = f"{name} is not a number that JSON knows"
    raise ValueError(msg)


def _unmark(text: str) -> str:
    return _MARKED.sub(r"\1", text) if _MARK[1:] in text else text


def _encode(value: object) -> Json:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{_MARK}{value}"
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, frozenset, set)):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    msg = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(msg)


def _encode_canonical(value: object) -> Json:
    if isinstance(value, Decimal) and value.is_finite():
        number = _shortest_number(value)
        return number if type(number) is int else f"{_MARK}{number}"
    return _encode(value)


def _shortest_number(value: Decimal) -> int | Decimal:
    if value.adjusted() < _LONGEST_WHOLE and value == value.to_integral_value():
        return int(value)
    try:
        return value.normalize()
    except DecimalException:
        # Beyond the exponents that arithmetic knows; text can spell them all the same.
        return value


# Kept, because making an encoder takes longer than writing a small record.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_encode, allow_nan=False)
_COMPACT_ENCODER = json.JSONEncoder(
    ensure_ascii=False, default=_encode, separators=(",", ":"), allow_nan=False
)
_CANONICAL_ENCODER = json.JSONEncoder(
    ensure_ascii=False, default=_encode_canonical, sort_keys=True, separators=(",", ":"), allow_nan=False
)
