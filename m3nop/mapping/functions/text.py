"""Functions of text. A number is taken as its plain text; null gives null unless said otherwise."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING

from m3nop.core.html import plain_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions import patterns
from m3nop.mapping.functions.registry import Family
from m3nop.mapping.values import json_text, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.core.json import Json

FAMILY = Family("text")
WIDEST = 10_000
"""The largest width that text is padded to."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LATIN = str.maketrans({
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
    "\u0131": "i",
})  # fmt: skip


@FAMILY.function(
    "starts_with(text: text, start: text) -> bool",
    "Tell whether the text begins with another.",
    "starts_with('TENT-2P', 'TENT')",
    result=True,
    standard=True,
)
def _starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


@FAMILY.function(
    "ends_with(text: text, end: text) -> bool",
    "Tell whether the text ends with another.",
    "ends_with('TENT-2P', '2P')",
    result=True,
    standard=True,
)
def _ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


@FAMILY.function(
    "join(separator: text, values: list) -> text",
    "Write the values one after the other; nulls are left out.",
    "join(', ', `[\"a\", null, 2.50]`)",
    "a, 2.5",
    standard=True,
)
def _join(separator: str, values: Sequence[Json]) -> str:
    return separator.join(text_of(value) for value in values if value is not None)


@FAMILY.function(
    "to_string(value: any) -> text",
    "Write text as it is, numbers plainly, anything else as JSON.",
    'to_string(`{"a": [1.50, true]}`)',
    '{"a":[1.5,true]}',
    standard=True,
)
def _to_string(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)


@FAMILY.function("upper(text: text?) -> text?", "Write in capitals.", "upper('tent-2p')", "TENT-2P")
def _upper(text: str) -> str:
    return text.upper()


@FAMILY.function("lower(text: text?) -> text?", "Write in small letters.", "lower('TENT-2P')", "tent-2p")
def _lower(text: str) -> str:
    return text.lower()


@FAMILY.function(
    "title(text: text?) -> text?",
    "Begin every word with a capital.",
    "title('ANNA O\\'NEIL-SMITH')",
    "Anna O'neil-Smith",
)
def _title(text: str) -> str:
    return _WORD.sub(lambda word: word[0].capitalize(), text)


@FAMILY.function("trim(text: text?) -> text?", "Remove blanks at both ends.", "trim('  Oslo ')", "Oslo")
def _trim(text: str) -> str:
    return text.strip()


@FAMILY.function(
    "left(text: text?, count: whole) -> text?",
    "Keep the first characters.",
    "left('Stockholm', `5`)",
    "Stock",
)
def _left(text: str, count: int) -> str:
    return text[: _not_negative("left", "count", count)]


@FAMILY.function(
    "right(text: text?, count: whole) -> text?", "Keep the last characters.", "right('0012345', `4`)", "2345"
)
def _right(text: str, count: int) -> str:
    return text[max(len(text) - _not_negative("right", "count", count), 0) :]


@FAMILY.function(
    "substr(text: text?, start: whole, count: whole = the rest) -> text?",
    "Cut characters out; `start` counts from 0, from the end if negative.",
    "substr('W01-0042', `4`)",
    "0042",
)
def _substr(text: str, start: int, count: int | None = None) -> str:
    begin = max(len(text) + start, 0) if start < 0 else start
    return text[begin:] if count is None else text[begin : begin + _not_negative("substr", "count", count)]


@FAMILY.function(
    "pad_left(text: text?, width: whole, fill: text = ' ') -> text?",
    "Fill on the left up to a width; longer text stays whole.",
    "pad_left(`42`, `6`, '0')",
    "000042",
)
def _pad_left(text: str, width: int, fill: str = " ") -> str:
    return text.rjust(_width("pad_left", width), _one("pad_left", fill))


@FAMILY.function(
    "pad_right(text: text?, width: whole, fill: text = ' ') -> text?",
    "Fill on the right up to a width; longer text stays whole.",
    "pad_right('A', `3`, '.')",
    "A..",
)
def _pad_right(text: str, width: int, fill: str = " ") -> str:
    return text.ljust(_width("pad_right", width), _one("pad_right", fill))


@FAMILY.function(
    "replace(text: text?, find: text, with: text) -> text?",
    "Replace every occurrence.",
    "replace('070-123 45', '-', '')",
    "070123 45",
)
def _replace(text: str, find: str, new: str) -> str:
    return text.replace(_not_empty("replace", "find", find), new)


@FAMILY.function(
    "split(text: text?, separator: text) -> list?",
    "Cut at every separator.",
    "split('red,,blue', ',')",
    ["red", "", "blue"],
)
def _split(text: str, separator: str) -> list[str]:
    return text.split(_not_empty("split", "separator", separator))


@FAMILY.function(
    "concat(values...: scalar|null) -> text",
    "Write values one after the other; null is blank.",
    "concat('b2c', '-', `1042`, `null`)",
    "b2c-1042",
)
def _concat(*values: Json) -> str:
    return "".join(map(text_of, values))


@FAMILY.function(
    "truncate(text: text?, width: whole, ending: text = '') -> text?",
    "Cut what is longer than a width, so that it ends with `ending`.",
    "truncate('Waterproof tent', `10`, '…')",
    "Waterproo…",
)
def _truncate(text: str, width: int, ending: str = "") -> str:
    if len(text) <= _not_negative("truncate", "width", width):
        return text
    return text[: max(width - len(ending), 0)].rstrip() + ending[:width]


@FAMILY.function(
    "wrap(text: text?, width: whole) -> list?",
    "Break into lines at blanks; a longer word is cut.",
    "wrap('12 Long Harbour Street', `12`)",
    ["12 Long", "Harbour", "Street"],
)
def _wrap(text: str, width: int) -> list[str]:
    if width < 1:
        raise EvaluationError("wrap() needs a `width` of at least 1")
    return [line for long in text.splitlines() for line in _wrapped(long, width)]


def _wrapped(line: str, width: int) -> list[str]:
    if line and len(line) <= width and line.isprintable() and line[-1] != " ":
        return [line]
    return textwrap.wrap(line, width, break_on_hyphens=False)


@FAMILY.function(
    "slug(text: text?) -> text?",
    "Write as small letters a-z, digits and hyphens.",
    "slug('Äpple & Œufs 2')",
    "apple-oeufs-2",
)
def _slug(text: str) -> str:
    spelled = unicodedata.normalize("NFKD", text.lower().translate(_LATIN)).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("-", spelled.lower()).strip("-")


@FAMILY.function(
    "strip_html(text: text?) -> text?",
    "Keep the readable text of HTML, a line for each block.",
    "strip_html('<p>Warm &amp; <b>dry</b></p><p>2 kg</p>')",
    "Warm & dry\n2 kg",
)
def _strip_html(text: str) -> str:
    return plain_text(text)


@FAMILY.function(
    "regex_match(text: text?, pattern: text) -> bool?",
    "Tell whether a pattern is found anywhere in the text.",
    "regex_match('SE-12345', '^[A-Z]{2}-')",
    result=True,
)
def _regex_match(text: str, pattern: str) -> bool:
    return patterns.search(pattern, text) is not None


@FAMILY.function(
    "regex_replace(text: text?, pattern: text, with: text) -> text?",
    "Replace what a pattern matches; `\\1` in `with` is the first group.",
    r"regex_replace('Storgatan 12 B', '([0-9]+) ([A-Z])', '\1\2')",
    "Storgatan 12B",
)
def _regex_replace(text: str, pattern: str, new: str) -> str:
    return patterns.substitute(pattern, new, text)


@FAMILY.function(
    "regex_extract(text: text?, pattern: text, group: whole = 0) -> text?",
    "Give what a pattern, or one group of it, matches first; null if nothing does.",
    "regex_extract('order 1042 of today', '[0-9]+')",
    "1042",
)
def _regex_extract(text: str, pattern: str, group: int = 0) -> str | None:
    if not 0 <= group <= patterns.compile_pattern(pattern).groups:
        msg = f"regex_extract() has no group {group} in {pattern!r}"
        raise EvaluationError(msg)
    match = patterns.search(pattern, text)
    return match[group] if match else None


def _not_negative(function: str, name: str, number: int) -> int:
    if number < 0:
        msg = f"{function}() needs a `{name}` of at least 0, not {number}"
        raise EvaluationError(msg)
    return number


def _width(function: str, width: int) -> int:
    if width > WIDEST:
        msg = f"{function}() pads to {WIDEST} characters at most, not {width}"
        raise EvaluationError(msg)
    return _not_negative(function, "width", width)


def _one(function: str, fill: str) -> str:
    if len(fill) != 1:
        msg = f"{function}() needs a `fill` of one character, not {fill!r}"
        raise EvaluationError(msg)
    return fill


def _not_empty(function: str, name: str, text: str) -> str:
    if not text:
        msg = f"{function}() needs a `{name}` that is not empty"
        raise EvaluationError(msg)
    return text
