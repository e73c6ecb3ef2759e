"""Orders as M3 has them, found by the probes of a pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from m3nop.app.reconcile.asking import TABLE, Question
from m3nop.app.reconcile.bench import work_of
from m3nop.core.clock import SECOND
from m3nop.engine.work import matching_rows
from m3nop.mapping.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.app.reconcile.bench import Case
    from m3nop.core.clock import Instant
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.engine.work import Work
    from m3nop.mapping.pipeline import Pipeline, Probe

ENDED = "90"
"""Status of an order from here on: deleted, or closed before anything was delivered."""
DELIVERED = "66"
_EXTRA = {
    f"{TABLE}OXHEAD": ("OASTAT", "OAORNR", "OALMTS"),
    f"{TABLE}OOHEAD": ("OAORSL", "OAORST"),
}
"""What is read of a table besides what the probe reads."""
_PREFIX = 2
"""Letters that begin the name of every column of a table."""


class Document(Struct, frozen=True):
    """An order in M3, temporary or real."""

    number: str
    named: Mapping[str, Json]
    """By the outputs of the probe."""
    row: Mapping[str, Json]
    """As M3 has it, columns of tables without their prefix."""

    def text(self, name: str) -> str:
        """Return a value as text; what was not read is blank."""
        return str(self.row.get(name) or "").strip()

    @property
    def is_ended(self) -> bool:
        """Whether it was deleted or closed."""
        return self.text("ORST") >= ENDED

    @property
    def status(self) -> str:
        """Lowest and highest status, for a person."""
        return f"status {self.text('ORSL') or '?'}-{self.text('ORST') or '?'}"


def probe_of(pipeline: Pipeline, *, real: bool) -> Probe:
    """Return the probe that finds real or temporary orders by reference.

    Raises:
        LookupError: the pipeline has no double check.
    """
    rule = pipeline.double_check
    if rule is None:
        raise LookupError(pipeline.name)
    return pipeline.probes[rule.real if real else rule.temporary]


def root_of(case: Case) -> Mapping[str, Json]:
    """Return what a probe sees: the record, and the fields that each step would send."""
    work = work_of(case)
    sent = {call.path: {"fields": call.fields} for call in case.planned if call.path and "/" not in call.path}
    return {**work.root(), "steps": sent}


def question(case: Case, *, real: bool) -> Question:
    """Make the read that finds a record's orders.

    Raises:
        EvaluationError, FieldRefusal: what it looks by cannot be worked out.
    """
    work = work_of(case)
    read = probe_of(work.pipeline, real=real).read
    extra = _EXTRA.get(read.target.operation.name)
    columns = () if extra is None else tuple(dict.fromkeys((*read.outputs.names.values(), *extra)))
    return Question(read.target, work.map(read, root_of(case)).fields, columns)


def documents(case: Case, rows: Sequence[Row], *, real: bool) -> list[Document]:
    """Keep the rows that are orders of this record."""
    work, root = work_of(case), root_of(case)
    probe = probe_of(work.pipeline, real=real)
    table = probe.read.target.operation.name.startswith(TABLE)
    found = []
    for row in rows:
        for named in matching_rows(work, probe, [row], root):
            plain = {name[_PREFIX:] if table else name: value for name, value in row.items()}
            number = _number(work, named, root) if real else next(iter(named.values()), None)
            found.append(Document(str(number or "").strip(), named, plain))
    return found


def _number(work: Work, named: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
    """Return the order number: what the pipeline links, where the commit answered this row."""
    commit, link = work.pipeline.commit_step, work.pipeline.link
    first = next(iter(named.values()), None)
    if commit is None or link is None:
        return first
    try:
        return link.m3.evaluate({**root, "steps": {**root["steps"], commit.id: named}}, work.context) or first
    except EvaluationError:
        return first


def numbers(found: Sequence[Document]) -> str:
    """Name orders by their numbers."""
    return ", ".join(one.number for one in found)


def day_in(instant: Instant, zone: str) -> int:
    """Return the day of an instant in M3's time zone, as M3 counts it (20261101)."""
    return int(datetime.fromtimestamp(instant / SECOND, ZoneInfo(zone)).strftime("%Y%m%d"))
