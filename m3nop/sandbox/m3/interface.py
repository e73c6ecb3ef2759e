"""What programs exist and what their transactions take and give, read from compact text.

One line names a transaction (``Confirm one Make a temporary order real``; ``list`` for one that answers
with several records); ``in`` and ``out`` follow with ``NAME:TYPELENGTH``, ``*`` for mandatory, and ``..``
goes on with the line before. Names, types and lengths are facts of M3's MI repository.
"""

from __future__ import annotations

import re

from msgspec import Struct

_FIELD = re.compile(r"([A-Z0-9]+):([AND])(\d+)(\*?)\Z")


class Field(Struct, frozen=True):
    """One field of a transaction."""

    name: str
    type: str
    """A text, N number, D date."""
    length: int
    mandatory: bool = False


class Transaction(Struct, frozen=True):
    """One transaction of a program."""

    name: str
    description: str
    multiple: bool
    inputs: dict[str, Field]
    outputs: dict[str, Field]


class Program(Struct, frozen=True):
    """One MI program."""

    name: str
    description: str
    transactions: dict[str, Transaction]

    def joined(self, other: Program) -> Program:
        """Return the program with the transactions of ``other``, a part of the same program, behind its own.

        Raises:
            ValueError: both have a transaction of one name.
        """
        if twice := self.transactions.keys() & other.transactions.keys():
            msg = f"{self.name} has {', '.join(sorted(twice))} twice"
            raise ValueError(msg)
        return Program(self.name, self.description, self.transactions | other.transactions)


def parse(name: str, description: str, text: str) -> Program:
    """Read a program's interface."""
    transactions: dict[str, Transaction] = {}
    current: dict[str, Field] = {}
    for line in text.strip().splitlines():
        first, _, rest = line.strip().partition(" ")
        if first not in {"in", "out", ".."}:
            kind, _, about = rest.partition(" ")
            transaction = Transaction(first, about, kind == "list", {}, {})
            transactions[first] = transaction
            continue
        if first != "..":
            current = transaction.inputs if first == "in" else transaction.outputs
        current.update((field.name, field) for field in map(_field, rest.split()))
    return Program(name, description, transactions)


def _field(text: str) -> Field:
    match = _FIELD.match(text)
    if match is None:
        msg = f"{text!r} does not describe a field"
        raise ValueError(msg)
    name, kind, length, mandatory = match.groups()
    return Field(name, kind, int(length), bool(mandatory))
