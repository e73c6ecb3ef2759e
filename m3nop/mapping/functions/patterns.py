"""Regular expressions that cannot run away.

Python's engine backtracks, so a careless pattern on an unlucky text can run for years. Patterns are
therefore kept to a subset whose time is bounded: no look-around, no back-references, no repeat around a
repeat or around alternatives, and only so many ways of sharing the same characters out among the repeats of
a pattern.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct, field

from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_PATTERN = 500
LONGEST_SUBJECT = 1_000
"""Characters that a pattern is tried on."""
MOST_WAYS = 100 * LONGEST_SUBJECT
"""How often a character may be shared out anew: by one endless repeat, and a few that may be there or not."""

_TOKEN = re.compile(
    r"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<or>\|)|(?P<edge>[\^$]|\\[bBAZ])"
    r"|(?P<one>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[dDsSwWnrtfv]|[^a-zA-Z0-9])"
    r"|\[\^?\]?(?:\\.|[^\]\[\\])*\]|[^\\\[()|*+?{^$])",
    re.DOTALL,
)
_REPEAT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>[0-9]{0,4})(?P<range>,(?P<most>[0-9]{0,4}))?\})\??")
_SET_OPERATION = re.compile(r"--|&&|~~|\|\|")
_CODED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_EXPANSION = re.compile(r"\\(\\|[0-9])")
# Every ASCII character, and one of each kind beyond: letter, digit, blank, dash, symbol.
_SAMPLE = frozenset(map(chr, range(128))) | frozenset("é中٣\u00a0\u2003\u2014€")


class _Item(Struct, frozen=True):
    """One thing to match: which of the sample characters, in how many ways, and whether it must be there."""

    characters: frozenset[str]
    ways: int
    certain: bool


class _Group(Struct):
    """A group while it is read: its alternatives, and whether it can match in more than one way."""

    branches: list[list[_Item]] = field(default_factory=lambda: [[]])
    moving: bool = False


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the safe subset.

    Raises:
        EvaluationError: it is outside the subset, or not a regular expression.
    """
    if len(pattern) > LONGEST_PATTERN:
        _refuse(pattern, f"is longer than {LONGEST_PATTERN} characters")
    try:
        reader = _Reader(pattern)
        branches = reader.read()
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        _refuse(pattern, f"is not a regular expression: {error}")
    anchored = len(branches) == 1 and re.match(r"(\(\?i\))?(\^|\\A)", pattern)
    # A search tries every beginning, as if an endless repeat of anything stood before the pattern.
    start = [] if anchored else [_Item(reader.sample, LONGEST_SUBJECT, certain=False)]
    if any(_ways([*start, *branch]) > MOST_WAYS for branch in branches):
        _refuse(
            pattern, "has too many repeats that can match the same characters; begin it with ^ or narrow them"
        )
    return compiled


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Find a pattern in a text.

    Raises:
        EvaluationError: the pattern is refused, or the text too long.
    """
    return compile_pattern(pattern).search(_subject(text))


def substitute(pattern: str, template: str, text: str) -> str:
    r"""Replace what a pattern matches; ``\0`` to ``\9`` in the template are its groups, ``\\`` a backslash.

    Raises:
        EvaluationError: the pattern is refused or has no such group, or the text is too long.
    """
    compiled = compile_pattern(pattern)
    for reference in _EXPANSION.finditer(template):
        if reference[1] != "\\" and int(reference[1]) > compiled.groups:
            _refuse(pattern, f"has no group {reference[1]}")

    def expand(match: re.Match[str]) -> str:
        return _EXPANSION.sub(lambda one: "\\" if one[1] == "\\" else match[int(one[1])] or "", template)

    return compiled.sub(expand, _subject(text))


class _Reader:
    """Reads a pattern into its alternatives, refusing what is outside the subset."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._body = pattern.removeprefix("(?i)")
        self._flags = re.DOTALL | (re.IGNORECASE if self._body != pattern else re.NOFLAG)
        coded = {chr(int(code[1] or code[2], 16)) for code in _CODED.finditer(pattern)}
        self.sample = _SAMPLE | set(pattern) | coded
        self._position = 0
        self._stack = [_Group()]

    def read(self) -> list[list[_Item]]:
        while self._position < len(self._body):
            token = _TOKEN.match(self._body, self._position)
            if token is None or (token.lastgroup == "open" and self._body.startswith("?", token.end())):
                self._refuse(
                    f"has {self._body[self._position : self._position + 3]!r}, which is not supported"
                )
            self._position = token.end()
            self._take(token)
        if len(self._stack) > 1:
            self._refuse("has a group that is not closed")
        return self._stack[0].branches

    def _take(self, token: re.Match[str]) -> None:
        top = self._stack[-1]
        if token.lastgroup == "open":
            self._stack.append(_Group())
        elif token.lastgroup == "close":
            self._close()
        elif token.lastgroup == "or":
            top.branches.append([])
            top.moving = True
        elif token.lastgroup == "one":
            least, ways = self._repeat()
            top.moving |= ways > 1
            top.branches[-1].append(_Item(self._characters(token[0]), ways=ways, certain=least > 0))

    def _close(self) -> None:
        group = self._stack.pop()
        if not self._stack:
            self._refuse("closes a group that is not open")
        start = self._position
        least, ways = self._repeat()
        if group.moving and self._body[start : start + 1] not in ("", "?") and self._position > start:
            self._refuse("repeats a group that holds a repeat or alternatives")
        outer = self._stack[-1]
        outer.moving |= group.moving or ways > 1
        outer.branches[-1].extend(_joined(group, least, ways * len(group.branches)))

    def _repeat(self) -> tuple[int, int]:
        """Read the repeat that follows, if any: how often at least, and how many ways it leaves."""
        repeat = _REPEAT.match(self._body, self._position)
        if repeat is None:
            return 1, 1
        self._position = repeat.end()
        if repeat["sign"]:
            return (1 if repeat["sign"] == "+" else 0), (2 if repeat["sign"] == "?" else LONGEST_SUBJECT)
        least = int(repeat["least"] or 0)
        if repeat["range"] is None:
            return least, 1
        most = int(repeat["most"] or LONGEST_SUBJECT)
        return least, min(max(most - least, 0) + 1, LONGEST_SUBJECT)

    def _characters(self, atom: str) -> frozenset[str]:
        if atom.startswith("[") and _SET_OPERATION.search(atom):
            self._refuse(f"has {atom!r}, which is not supported; write \\ before a repeated sign")
        matches = re.compile(atom, self._flags).fullmatch
        return frozenset(character for character in self.sample if matches(character))

    def _refuse(self, why: str) -> NoReturn:
        _refuse(self._pattern, why)


def _joined(group: _Group, least: int, ways: int) -> list[_Item]:
    """Return a group as items of what it stands in: one, if nothing inside it moves."""
    items = [item for branch in group.branches for item in branch]
    certain = least > 0
    if all(item.ways == 1 for item in items):
        every: frozenset[str] = frozenset().union(*(item.characters for item in items))
        return [_Item(every, ways, certain=certain and _all_certain(group))]
    certain = certain and len(group.branches) == 1
    return [_Item(item.characters, item.ways * ways, certain=certain and item.certain) for item in items]


def _all_certain(group: _Group) -> bool:
    return all(any(item.certain for item in branch) for branch in group.branches)


def _ways(items: Iterable[_Item]) -> int:
    """Bound the ways in which texts can be shared out among moving items.

    A character that several of them match can go to any, unless something that must be there, and is not that
    character, stands between them.
    """
    ways = 1
    shared: frozenset[str] = frozenset()
    for item in items:
        if item.ways > 1 and item.characters & shared:
            ways *= item.ways
        if item.certain:
            shared &= item.characters
        if item.ways > 1:
            shared |= item.characters
    return ways


def _subject(text: str) -> str:
    if len(text) > LONGEST_SUBJECT:
        msg = (
            f"a pattern is tried on {LONGEST_SUBJECT} characters at most, this text has {len(text)}; "
            "cut it first with left()"
        )
        raise EvaluationError(msg)
    return text


def _refuse(pattern: str, why: str) -> NoReturn:
    msg = f"the pattern {pattern!r} {why}"
    raise EvaluationError(msg)
