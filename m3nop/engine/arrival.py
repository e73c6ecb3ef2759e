"""Judges a record as it is read: which store's it is, whether it may be worked on, and when to look again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from m3nop.core.clock import SECOND, Instant, parse_instant
from m3nop.core.errors import SourceError
from m3nop.core.json import Json, digest
from m3nop.core.records import Arrival, Record, RecordState
from m3nop.engine.linked import NOTHING, ByM3
from m3nop.mapping.context import Context
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import SourceKind

if TYPE_CHECKING:
    from m3nop.engine.ports import Job
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.pipeline import Pipeline

_IMMUTABLE = ("created_on_utc", "customer_id", "order_guid", "customer_guid")
_REFERENCE = re.compile(r"[A-Z0-9-]+")
LOOK_AGAIN = 900.0
"""Seconds until a waiting record is read again, where the pipeline does not say."""


def reference_of(pipeline: Pipeline, snapshot: Json, now: Instant, zone: str) -> str:
    """Return what M3 remembers a record by, or ``""`` where the pipeline has no reference.

    Raises:
        EvaluationError: it has other characters than upper-case letters, digits and ``-``, or the record was
            not read whole.
    """
    if failed := unreadable(snapshot):
        # Not even a person's release makes an order of half a record.
        msg = f"the record cannot be read: {failed}"
        raise EvaluationError(msg)
    if pipeline.reference is None:
        return ""
    context = Context(now=now, time_zone=zone, lookups=pipeline.lookups)
    text = str(pipeline.reference.evaluate(source_root(pipeline, snapshot), context) or "")
    if not _REFERENCE.fullmatch(text):
        rule = "a reference has upper-case letters, digits and '-' only"
        msg = f"{pipeline.reference.text} gives {text!r}: {rule}"
        raise EvaluationError(msg)
    return text


def only_key(pipeline: str, key: str, *, store: str, partition: str, snapshot: Json = None) -> Arrival:
    """Describe a record that is only known because another one requires it, and may hand it over."""
    mark = fingerprint(snapshot) if isinstance(snapshot, Mapping) else ""
    return Arrival(
        pipeline=pipeline, key=key, store=store, partition=partition, snapshot=snapshot, fingerprint=mark,
        created_at=None, state=RecordState.READY, reason="required by another record",
    )  # fmt: skip


class Judged(NamedTuple):
    """Where a record stands by what was read of it."""

    key: str
    store: str
    state: RecordState
    not_before: Instant | None = None
    deadline: Instant | None = None
    reason: str = ""


def classify(
    job: Job, snapshot: Mapping[str, Json], *, partition: str, now: Instant, zone: str,
    required: bool = False, store: str = "", baseline: Instant | None = None, by_m3: ByM3 = NOTHING,
    quiet: float | None = None,
) -> Arrival:  # fmt: skip
    """Describe a record as it arrives, in the state that ``judge`` decides.

    Raises:
        SourceError: the record has no key.
    """
    judged = judge(
        job,
        snapshot,
        now=now,
        zone=zone,
        required=required,
        store=store,
        baseline=baseline,
        by_m3=by_m3,
        quiet=quiet,
    )
    return Arrival(
        pipeline=job.name, key=judged.key, store=judged.store, partition=partition, snapshot=snapshot,
        fingerprint=fingerprint(snapshot), created_at=created(snapshot), state=judged.state,
        not_before=judged.not_before, deadline=judged.deadline, reason=judged.reason,
    )  # fmt: skip


def judge(
    job: Job, snapshot: Mapping[str, Json], *, now: Instant, zone: str, required: bool = False,
    store: str = "", baseline: Instant | None = None, by_m3: ByM3 = NOTHING, quiet: float | None = None,
) -> Judged:  # fmt: skip
    """Decide the state that a record has when it is read.

    A required record is delivered whatever its age. ``store`` is used where the record names none. ``quiet``
    takes the place of what the pipeline says, where somebody knows better how long the shop writes.

    Raises:
        SourceError: the record has no key.
    """
    number = snapshot.get("store_id")
    code = job.stores.get(number, "") if number else store or job.lead
    pipeline = job.by_store.get(code)
    if pipeline is None:
        key = key_of(job.any, snapshot, now=now, zone=zone)
        reason = f"store {number} is not served by this project"
        return Judged(key, code, RecordState.IGNORED, reason=reason)
    key = key_of(pipeline, snapshot, now=now, zone=zone)
    context = Context(now=now, time_zone=zone, lookups=pipeline.lookups, linked_by_m3=by_m3)
    state, not_before, reason = _judge(
        pipeline, snapshot, context, required=required, baseline=baseline,
        quiet=pipeline.source.quiet if quiet is None else quiet,
    )  # fmt: skip
    deadline = None
    if state is RecordState.WAITING and pipeline.source.recheck_for is not None:
        deadline = (created(snapshot) or now) + int(pipeline.source.recheck_for * SECOND)
    return Judged(key, code, state, not_before, deadline, reason)


def key_of(pipeline: Pipeline, snapshot: Mapping[str, Json], *, now: Instant, zone: str) -> str:
    """Return the text of a record's key.

    Raises:
        SourceError: it is blank.
    """
    value = pipeline.key.evaluate(source_root(pipeline, snapshot), Context(now=now, time_zone=zone))
    text = "" if value is None else str(value).strip()
    if not text:
        blank = f"{pipeline.key.text} is blank"
        msg = f"{pipeline.name}: a record came without a key ({blank}); nothing more is read"
        raise SourceError(msg)
    return text


def source_root(pipeline: Pipeline, snapshot: Mapping[str, Json]) -> dict[str, Any]:
    """Return the root that the expressions of a source see."""
    return {
        pipeline.source.name: snapshot,
        "settings": pipeline.settings,
        "store": {"code": pipeline.store.code, "store_id": pipeline.store.store_id},
        "environment": pipeline.environment,
    }


def first_look_again(
    pipeline: Pipeline, record: Record, snapshot: Json, now: Instant, *, zone: str = "UTC"
) -> tuple[Instant | None, Instant | None]:
    """Say when a delivered record is read again, and until when; None for never."""
    source = pipeline.source
    if source.recheck_every is None or is_closed(pipeline, snapshot, now, zone):
        return None, None
    born = record.created_at or record.seen_at
    deadline = None if source.recheck_for is None else born + int(source.recheck_for * SECOND)
    if deadline is not None and deadline < now:
        return None, None
    return now + int(source.recheck_every * SECOND), deadline


def is_closed(pipeline: Pipeline, snapshot: Json, now: Instant, zone: str) -> bool:
    """Tell whether the shop has nothing more to say about a record (``recheck.until``)."""
    until = pipeline.source.recheck_until
    if unreadable(snapshot) or pipeline.source.kind is SourceKind.LINKS:
        # It has never been judged: its end in the shop must not be the end of it here. And what is made equal
        # again and again ends by what its steps find.
        return False
    try:
        context = Context(now=now, time_zone=zone, lookups=pipeline.lookups)
        return until is not None and _holds(pipeline, until, snapshot, context)
    except EvaluationError:
        # One record that cannot be judged must not stop the others: it is looked at until its time is over.
        return False


def _judge(  # noqa: PLR0911 - one return for each judgement
    pipeline: Pipeline, snapshot: Mapping[str, Json], context: Context, *, required: bool,
    baseline: Instant | None, quiet: float,
) -> tuple[RecordState, Instant | None, str]:  # fmt: skip
    source, born, now = pipeline.source, created(snapshot), context.now
    oldest = max((limit for limit in (pipeline.start, baseline) if limit is not None), default=None)
    if not required and oldest is not None and born is not None and born < oldest:
        return RecordState.BASELINED, None, "created before the start of this pipeline"
    again = now + int((source.recheck_every or LOOK_AGAIN) * SECOND)
    if failed := unreadable(snapshot):
        # It says nothing of the record, and others may wait for it.
        soon = min(again, now + int(LOOK_AGAIN * SECOND))
        return RecordState.WAITING, soon, f"cannot be read: {failed}"
    try:
        if source.filter is not None and not _holds(pipeline, source.filter, snapshot, context):
            return RecordState.IGNORED, None, f"not wanted by the filter: {source.filter.text}"
        # What is made in time to come is by a clock that is ahead of ours: it is as young as can be.
        settled = None if born is None else min(born, now) + int(quiet * SECOND)
        if settled is not None and now < settled:
            return RecordState.WAITING, settled, "too young: the shop may still be writing it"
        if source.ready is not None and not _holds(pipeline, source.ready, snapshot, context):
            return RecordState.WAITING, again, f"not ready: {source.ready.text}"
    except EvaluationError as error:
        return RecordState.REVIEW, None, str(error)
    return RecordState.READY, None, ""


def _holds(pipeline: Pipeline, condition: Expression, snapshot: Json, context: Context) -> bool:
    return bool(condition.condition(source_root(pipeline, snapshot), context))


def unreadable(snapshot: Json) -> str:
    """Return what of a record its source could not read, or ``""`` if it is whole."""
    return str(snapshot.get("unreadable") or "").strip() if isinstance(snapshot, Mapping) else ""


def fingerprint(snapshot: Mapping[str, Json]) -> str:
    """Return the digest of what can never change in a record."""
    return digest({name: snapshot.get(name) for name in _IMMUTABLE})


def created(snapshot: Mapping[str, Json]) -> Instant | None:
    """Return when a record was made in the shop, if it says."""
    text = snapshot.get("created_on_utc")
    return parse_instant(text) if isinstance(text, str) and text else None
