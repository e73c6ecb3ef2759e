"""Turns bytes into damage: what is changed in a JSON document, where, and into what."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.core import json

VALUES = (
    None, True, False, 0, -1, 1, 17, 2**63, 10**400, Decimal("0.5"), Decimal("1E+999999"), Decimal("-1E-999999"), "", " ",
    "0", "-1", "--5", "\u00b2", "1e999999", "x", "x" * 5000, "\ud800", "\x00", "\u202e", "'", "|", "<script", "4111111111111111",
    "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "2026-11-23", [], {}, [None], [[]], [{}], [1], ["x"], {"id": 1}, {"id": "x"},
    {"items": []}, {"": None},
)  # fmt: skip
"""What answers hold where something else belongs."""


class Choices:
    """Numbers that are taken from bytes, one after the other; zeros when there are no more."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return max(0, len(self._data) - self._at)

    def number(self, below: int) -> int:
        """Return a number from 0 to just before ``below``."""
        part = self._data[self._at : self._at + 2]
        self._at += 2
        return int.from_bytes(part, "little") % below

    def rest(self) -> bytes:
        """Return what was not used."""
        part, self._at = self._data[self._at :], len(self._data)
        return part


def places_in(document: json.Json) -> list[tuple[object, ...]]:
    """List every place in a document, the whole of it first."""
    found: list[tuple[object, ...]] = [()]
    for path in found:
        inner = value_at(document, path)
        keys = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        found.extend((*path, key) for key in keys)
    return found


def value_at(document: json.Json, path: tuple[object, ...]) -> json.Json:
    """Return what is at a place."""
    for part in path:
        document = document[part]
    return document


def damaged(document: json.Json, choices: Choices) -> json.Json:
    """Return a copy of a document in which one place holds something else, is gone, or is there twice."""
    path = (places := places_in(document))[choices.number(len(places))]
    kind, value = choices.number(8), VALUES[choices.number(len(VALUES))]
    if not path:
        return value
    document = copy.deepcopy(document)
    parent, last = value_at(document, path[:-1]), path[-1]
    if kind == 0:
        del parent[last]
    elif kind == 1 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[last]))
    else:
        parent[last] = value
    return document
