"""Says where a record stands in m3nop, and what helps there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.reconcile.findings import Fix
from m3nop.core.records import RecordState
from m3nop.mapping.pipeline import walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.records import Record
    from m3nop.mapping.pipeline import Pipeline

NEVER_READ = "never read"

_ADVICE: Mapping[RecordState, tuple[str, Fix]] = {
    RecordState.WAITING: ("m3nop trace {name} says what it waits for", Fix.NONE),
    RecordState.READY: ("m3nop sync {pipeline}", Fix.SYNC),
    RecordState.IN_FLIGHT: ("m3nop sync {pipeline}", Fix.SYNC),
    RecordState.BLOCKED: ("m3nop trace {name} names the record that it waits for", Fix.SYNC),
    RecordState.PENDING: ("m3nop sync {pipeline} asks M3 again", Fix.SYNC),
    RecordState.REVIEW: ("m3nop reviews show {name}, then release or reject", Fix.DECIDE),
    RecordState.DEAD: (
        "m3nop dead-letters show {name}; put the cause right, then m3nop dead-letters retry {name}",
        Fix.RETRY,
    ),
    RecordState.DONE: ("m3nop trace {name} shows what was sent and answered; decide in M3", Fix.DECIDE),
    RecordState.BASELINED: (
        "older than the start of the pipeline: enter it by hand, or take it over with m3nop links import",
        Fix.DECIDE,
    ),
    RecordState.IGNORED: ("m3nop trace {name} says why it is left alone", Fix.NONE),
}


class Standing(Struct, frozen=True):
    """Where a record stands, why, and what helps."""

    state: str
    reason: str
    remedy: str
    fix: Fix


def standing_of(pipeline: str, key: str, record: Record | None, *, makes_equal: bool = False) -> Standing:
    """Say where a record stands and what helps where the other system does not have what it should.

    ``makes_equal``: to make a delivered record ready again is harmless.
    """
    if record is None and makes_equal:
        return Standing(NEVER_READ, "", f"m3nop sync {pipeline} --full reads it", Fix.SYNC)
    if record is None:
        return Standing(NEVER_READ, "", f"m3nop sync {pipeline} reads it", Fix.SYNC)
    name = f"{pipeline}/{key}"
    if record.state is RecordState.DONE and makes_equal:
        remedy = "m3nop reconcile … --fix --apply makes it ready, and the next run makes it equal"
        return Standing(str(record.state), record.reason, remedy, Fix.AGAIN)
    remedy, fix = _ADVICE[record.state]
    return Standing(str(record.state), record.reason, remedy.format(pipeline=pipeline, name=name), fix)


def only_makes_equal(pipeline: Pipeline) -> bool:
    """Tell whether every call of a pipeline may be repeated whenever: none enters a document."""
    calls = [step for step in walk(pipeline.steps) if step.call is not None or step.upsert is not None]
    return pipeline.commit_step is None and all(
        step.upsert is not None
        or step.compare is not None
        or str(step.request.target.operation.effect) in ("read", "idempotent", "convergent")
        for step in calls
    )
