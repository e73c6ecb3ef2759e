"""JSON with exact numbers: a fraction is a ``Decimal`` from the text it comes from to the text it becomes."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any

Json = Any
"""None, bool, int, Decimal, str, list or dict of these."""

# The standard encoder cannot write a Decimal as a bare number, so it is written as a marked string and
# unmarked afterwards. The mark is random: data that was read from outside cannot contain it.
_MARK = f"\x00{secrets.token_hex(8)}:"
_LONGEST_WHOLE = 4000
"""Digits up to which an exponent is written out; Python writes no longer whole number as text."""
_MARKED = re.compile(r'"\\u0000' + _MARK[1:] + r'(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"')


def loads(text: str | bytes, *, number: Callable[[str], Decimal] = Decimal) -> Json:
    """Parse JSON; numbers with a fraction or exponent become Decimal, NaN and infinities are refused.

    ``number`` makes them, and may refuse one by ValueError.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(text, parse_float=number, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dumps(value: Json, *, indent: int | None = None) -> str:
    """Write JSON text; a Decimal keeps every digit, including trailing zeros."""
    if indent is None:
        return _unmark(_ENCODER.encode(value))
    return _unmark(json.dumps(value, ensure_ascii=False, default=_encode, indent=indent, allow_nan=False))


def canonical(value: Json) -> str:
    """Write the one text that equal values share: sorted keys, no blanks, numbers in their shortest form."""
    return _unmark(_CANONICAL_ENCODER.encode(value))


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical text, in hexadecimal."""
    # Half a pair of surrogates, which JSON can spell, is no UTF-8.
    return hashlib.sha256(canonical(value).encode(errors="surrogatepass")).hexdigest()


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
        if value.adjusted() < _LONGEST_WHOLE and value == value.to_integral_value():
            return int(value)
        try:
            return f"{_MARK}{value.normalize()}"
        except DecimalException:
            # Beyond the exponents that arithmetic knows; text can spell them all the same.
            return f"{_MARK}{value}"
    return _encode(value)


# Kept, because making an encoder takes longer than writing a small record.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_encode, allow_nan=False)
_CANONICAL_ENCODER = json.JSONEncoder(
    ensure_ascii=False, default=_encode_canonical, sort_keys=True, separators=(",", ":"), allow_nan=False
)
