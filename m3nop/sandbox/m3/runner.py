"""Runs one transaction: the checks that M3's MI layer makes before any program, the program, the shaping."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.sandbox.m3 import refusal
from m3nop.sandbox.m3.refusal import RefusalError
from m3nop.sandbox.m3.session import COMPANY, DIVISION, Handler, Page, Record, Row, Session, Tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.m3.interface import Field, Program, Transaction
    from m3nop.sandbox.world import World

_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)\Z")
GENERAL = "GENERAL"


class Ask(Struct, frozen=True):
    """One transaction as it was asked for."""

    program: str
    transaction: str
    record: Mapping[str, str]
    columns: tuple[str, ...] = ()
    """The outputs wanted; none means all."""


USUAL_MAXRECS = 100
"""The SDK sends 100 when its caller says nothing; what the server does without is not known."""


class Options(Struct, frozen=True):
    """What holds for a whole request."""

    company: str = ""
    division: str | None = None
    maxrecs: int = USUAL_MAXRECS
    exclude_empty: bool = False
    trim: bool = True
    extended: bool = False
    position: int = 0
    """Rows of a list to leave out: where the last answer ended."""


class Outcome(Struct):
    """What came of one transaction."""

    transaction: str
    fields: tuple[Field, ...] = ()
    rows: list[dict[str, str]] = field(default_factory=list)
    refused: RefusalError | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    position: int | None = None
    """Where to read on; None when the list was shown to its end."""


class Runner:
    """All programs of the installation."""

    def __init__(
        self, world: World, programs: Mapping[str, Program], handlers: Mapping[tuple[str, str], Handler]
    ) -> None:
        self.programs = programs
        self.tables = Tables(world)
        self._world = world
        self._handlers = handlers

    def knows(self, program: str) -> bool:
        """Tell whether there is such a program."""
        return program in self.programs

    def run(self, ask: Ask, options: Options) -> Outcome:
        """Run one transaction; a refusal is an outcome."""
        outcome = Outcome(ask.transaction)
        if options.extended:
            outcome.parameters = dict(ask.record)
        try:
            owner, transaction = self._find(ask)
            outcome.fields = _columns(transaction, ask.columns)
            session = self._session(options)
            record = _checked(transaction, ask.record)
            if record.get("CONO", session.company) != session.company:
                msg = "CONO"
                raise refusal.no_access(msg, f"company {record['CONO']}")
            rows = self._handlers[owner, transaction.name](session, record)
            if transaction.multiple:
                rows = self._cut(rows, options, outcome)
            outcome.rows = [_shaped(row, outcome.fields, options) for row in rows]
        except RefusalError as refused:
            outcome.refused = refused
        return outcome

    def _find(self, ask: Ask) -> tuple[str, Transaction]:
        # The GENERAL transactions are part of every program.
        for owner in (ask.program, GENERAL):
            transaction = self.programs[owner].transactions.get(ask.transaction)
            if transaction is not None:
                return owner, transaction
        text = f"Transaction {ask.transaction} is not found in program {ask.program}"
        raise RefusalError(text, kind=refusal.UNKNOWN_TRANSACTION)

    def _session(self, options: Options) -> Session:
        company = options.company or COMPANY
        division = DIVISION if options.division is None else options.division
        if company != COMPANY:
            msg = "CONO"
            raise refusal.no_access(msg, f"company {company}")
        if division not in {DIVISION, ""}:
            msg = "DIVI"
            raise refusal.no_access(msg, f"division {division}")
        seen = options.position + options.maxrecs if options.maxrecs else None
        # A fault may cut or repeat rows anywhere in the list, so then it is read as a whole.
        whole = bool(self._world.active)
        limit = None if seen is None or whole else seen + 1
        offset = 0 if whole else options.position
        return Session(self._world, self.tables, company, division, limit, offset)

    def _cut(self, rows: list[Row], options: Options, outcome: Outcome) -> list[Row]:
        skipped = rows.skipped if isinstance(rows, Page) else 0
        drift = self._world.fault("drifting_pages")
        shift = drift.count if drift and options.position else 0
        rows = self._disturbed(rows, outcome)[max(0, options.position + shift - skipped) :]
        if not options.maxrecs or len(rows) <= options.maxrecs:
            return rows
        if self.tables.feature("position_key"):
            outcome.position = options.position + options.maxrecs
        return rows[: options.maxrecs]

    def _disturbed(self, rows: list[Row], outcome: Outcome) -> list[Row]:
        if late := self._world.fault("late_records"):
            rows = rows[: max(0, len(rows) - late.count)]
        if twice := self._world.fault("duplicate_records"):
            rows = [*rows[: twice.count], *rows]
        if broken := self._world.fault("list_fails"):
            rows = rows[: broken.count]
            outcome.refused = RefusalError("The list was interrupted", code="XRE0001")
        return rows


def _columns(transaction: Transaction, wanted: tuple[str, ...]) -> tuple[Field, ...]:
    for name in wanted:
        if name not in transaction.outputs:
            text = f"Output field {name} is not found in transaction {transaction.name}"
            raise RefusalError(text, field=name, kind=refusal.UNKNOWN_OUTPUT)
    return tuple(out for name, out in transaction.outputs.items() if not wanted or name in wanted)


def _checked(transaction: Transaction, given: Mapping[str, str]) -> Record:
    record: Record = {}
    for name, raw in given.items():
        known = transaction.inputs.get(name)
        if known is None:
            text = f"Input field {name} is not found in transaction {transaction.name}"
            raise RefusalError(text, field=name, kind=refusal.UNKNOWN_INPUT)
        value = raw.rstrip(" ")
        if value:
            record[name] = _valid(known, value)
    for name, known in transaction.inputs.items():
        if known.mandatory and name not in record and not _stands_in(transaction, name, record):
            text = f"Mandatory input field {name} is not found"
            raise RefusalError(text, field=name, kind=refusal.MANDATORY)
    return record


def _stands_in(transaction: Transaction, name: str, record: Record) -> bool:
    # The repository marks ITNO as mandatory, yet an alias is entered instead of it: an assumption.
    return transaction.name in {"AddBatchLine", "AddLine"} and name == "ITNO" and "POPN" in record


def _valid(known: Field, value: str) -> str:
    if len(value) > known.length:
        text = f"Input field {known.name} is longer than {known.length}"
        raise RefusalError(text, field=known.name, kind=refusal.TOO_LONG)
    if known.type == "N" and not _NUMBER.match(value):
        msg = f"{value} is not a number"
        raise RefusalError(msg, field=known.name, kind=refusal.INVALID_INPUT)
    if known.type == "D" and not _is_date(value):
        msg = f"{value} is not a date YYYYMMDD"
        raise RefusalError(msg, field=known.name, kind=refusal.INVALID_INPUT)
    return value


def _is_date(value: str) -> bool:
    if value == "0":
        return True
    try:
        datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007
    except ValueError:
        return False
    return len(value) == len("YYYYMMDD")


def _shaped(row: Row, fields: tuple[Field, ...], options: Options) -> dict[str, str]:
    shaped: dict[str, str] = {}
    for column in fields:
        value = _text(column, row.get(column.name, ""))
        if value or not options.exclude_empty:
            shaped[column.name] = value if options.trim else value.ljust(column.length)
    return shaped


def _text(column: Field, value: object) -> str:
    if column.type == "D":
        return "" if value in {"", 0, "0"} else str(value)
    if column.type == "N" and value == "":
        return "0"
    return str(value)[: column.length]
