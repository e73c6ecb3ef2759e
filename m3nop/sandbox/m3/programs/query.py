"""The query of EXPORTMI: a small, strict reading of the documented form.

``OAORNO,OACUOR from OOHEAD where OACUOR = 'B2C-1042' and OALMDT >= 20261101``: no leading select, keywords
in small letters, columns with the table's prefix, ``and`` and ``or`` without brackets (``and`` binds
tighter), text in quotes with ``''`` for a quote, numbers and dates bare.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.sandbox.m3.refusal import RefusalError, does_not_exist, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.books import Condition

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z][A-Za-z0-9]*|-?\d+(?:\.\d+)?|<>|[<>]=?|=|[,*#()])")
_OPERATORS = {"=": "=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COUNTS = (["count", "(", "*", ")"], ["count", "(", "#", ")"])


class Column(Struct, frozen=True):
    """A column of a table."""

    name: str
    """With the table's prefix."""
    type: str
    """A text, N number."""
    length: int
    decimals: int = 0
    description: str = ""
    kept_as_text: bool = False
    """The books have its numbers as text."""

    @property
    def field(self) -> str:
        """The name in the books, without the prefix."""
        return self.name[2:]


class Query(Struct, frozen=True):
    """What was asked for."""

    table: str
    columns: tuple[Column, ...]
    """Empty for a count."""
    groups: tuple[tuple[Condition, ...], ...]
    """Alternatives, each a list of conditions that all hold."""


def parse(text: str, tables: Mapping[str, Mapping[str, Column]]) -> Query:
    """Read a query over ``tables``.

    Raises:
        RefusalError: it is not of the documented form, or names what does not exist.
    """
    tokens = _tokens(text)
    if "from" not in tokens or tokens.index("from") + 1 == len(tokens):
        msg = "'from TABLE' is missing"
        raise _wrong(msg)
    start = tokens.index("from")
    table = tokens[start + 1]
    if table not in tables:
        msg = "FILE"
        raise does_not_exist(msg, table)
    known = tables[table]
    rest = tokens[start + 2 :]
    if rest and rest[0] != "where":
        msg = f"'where' expected at {rest[0]}"
        raise _wrong(msg)
    if rest == ["where"]:
        msg = "a condition is missing"
        raise _wrong(msg)
    return Query(table, _columns(tokens[:start], known), _groups(rest[1:], known))


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            msg = f"cannot read {text[position : position + 20]}"
            raise _wrong(msg)
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def _columns(tokens: list[str], known: Mapping[str, Column]) -> tuple[Column, ...]:
    if tokens in _COUNTS:
        return ()
    if tokens == ["*"]:
        return tuple(known.values())
    if not tokens or set(tokens[1::2]) - {","} or len(tokens) % 2 == 0:
        msg = "columns separated by commas expected before 'from'"
        raise _wrong(msg)
    return tuple(_column(token, known) for token in tokens[::2])


def _groups(tokens: list[str], known: Mapping[str, Column]) -> tuple[tuple[Condition, ...], ...]:
    groups: list[list[Condition]] = [[]]
    for start in range(0, len(tokens), 4):
        groups[-1].append(_condition(tokens[start : start + 3], known))
        if start + 3 == len(tokens):
            break
        joint = tokens[start + 3]
        if joint not in {"and", "or"} or start + 4 == len(tokens):
            msg = f"'and' or 'or' and a condition expected at {joint}"
            raise _wrong(msg)
        if joint == "or":
            groups.append([])
    return tuple(tuple(group) for group in groups if group)


def _condition(tokens: list[str], known: Mapping[str, Column]) -> Condition:
    if len(tokens) != 3 or tokens[1] not in _OPERATORS:  # noqa: PLR2004
        msg = f"a condition such as OACUOR = 'X' expected at {' '.join(tokens)}"
        raise _wrong(msg)
    column, operator, value = _column(tokens[0], known), _OPERATORS[tokens[1]], tokens[2]
    quoted = value.startswith("'")
    if column.decimals or quoted != (column.type == "A"):
        msg = f"{column.name} cannot be compared with {value}"
        raise _wrong(msg)
    if quoted:
        return (column.field, operator, value[1:-1].replace("''", "'").rstrip())
    if not value.lstrip("-").isdecimal():
        msg = f"{value} is not a whole number"
        raise _wrong(msg)
    return (column.field, operator, str(int(value)) if column.kept_as_text else int(value))


def _column(name: str, known: Mapping[str, Column]) -> Column:
    if name not in known:
        msg = f"column {name} does not exist"
        raise _wrong(msg)
    return known[name]


def _wrong(reason: str) -> RefusalError:
    return refused(f"Query is not valid: {reason}", "XQE0001", "QERY")
