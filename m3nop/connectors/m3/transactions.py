"""The few transactions and fields that the pack uses, for projects without a snapshot of their tenant.

A snapshot of the tenant takes the place of all this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from msgspec import Struct

from m3nop.connectors.m3.known import AREAS, LABELS
from m3nop.core.connector import FieldInfo


class TransactionInfo(Struct, frozen=True):
    """What is known of a transaction; ``many`` for one that answers a list."""

    name: str
    description: str
    many: bool
    inputs: Mapping[str, FieldInfo]
    outputs: Mapping[str, FieldInfo]


class KnownFields(Mapping[str, FieldInfo]):
    """Some fields of a transaction that has more: any other field name is taken too, without a type."""

    def __init__(self, fields: Mapping[str, FieldInfo]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> FieldInfo:
        if name in self._fields:
            return self._fields[name]
        if not _FIELD_NAME.fullmatch(name):
            raise KeyError(name)
        return FieldInfo(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


_FIELD_NAME = re.compile(r"[A-Z0-9]{4}")
"""Fields of the standard transactions have four characters, so a typing error of another length is found."""

_FIELD = re.compile(r"(\w+)(!?):([AND])(\d+)")


@cache
def shipped() -> Mapping[str, TransactionInfo]:
    """Return the transactions by their full names."""
    labels = dict(_label(text) for text in re.split(r"[;\n]", LABELS.strip()))
    blocks = [block for area in AREAS for block in re.split(r"\n(?=\S)", area.strip())]
    return {info.name: info for info in (_transaction(block, labels) for block in blocks)}


def _label(text: str) -> tuple[str, str]:
    name, _, label = text.strip().partition(" ")
    return name, label


def _transaction(block: str, labels: Mapping[str, str]) -> TransactionInfo:
    head, _, rest = block.partition("\n")
    names, _, description = head.partition(": ")
    inputs, _, outputs = rest.partition("  out")
    name, _, many = names.partition(" ")
    return TransactionInfo(
        name,
        description.removesuffix("."),
        bool(many),
        KnownFields(_fields(inputs, labels)),
        KnownFields(_fields(outputs, labels)),
    )


def _fields(text: str, labels: Mapping[str, str]) -> dict[str, FieldInfo]:
    found = (match.groups() for match in _FIELD.finditer(text))
    return {
        name: FieldInfo(
            name,
            type=kind,
            length=int(length),
            mandatory=bool(mark),
            description=labels.get(name) or labels.get(name[:3], ""),
        )
        for name, mark, kind, length in found
    }
