"""Tells the whole life of a record, or why nothing is known of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.app.naming import records_named, split_name
from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.documents import topic_of
from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.inbox import Received
    from m3nop.core.records import Attempt, DeadLetter, Link, LoggedCall, Record, Run
    from m3nop.mapping.pipeline import Pipeline
    from m3nop.state.store import SqlState

_OLDEST_SEEN = 100
"""Of so many records, the first that were taken in, the lowest number is where reading began."""
_PARTS = re.compile(r"[A-Za-z0-9]+")


class Life(Struct, frozen=True):
    """Everything that is known of a record."""

    record: Record
    source: str
    """What it is read from (``shop/orders``)."""
    reference: str
    link: Link | None
    attempts: tuple[tuple[Attempt, tuple[LoggedCall, ...]], ...]
    others: tuple[LoggedCall, ...]
    """Calls that belong to no attempt."""
    dead_letters: tuple[DeadLetter, ...]
    runs: tuple[Run, ...]
    """Those that made its calls."""
    decisions: tuple[Mapping[str, Any], ...]
    """What people did with it: entries of the audit trail."""
    events: tuple[Received, ...] = ()
    """Messages from outside that named it."""


class Trace(Struct, frozen=True):
    """What was found for a text; ``why`` says as far as can be known why it is nothing."""

    text: str
    lives: tuple[Life, ...]
    why: tuple[str, ...] = ()


def trace(session: Session, text: str, *, read: bool = False) -> Trace:
    """Find records by key, custom order number, reference, M3 document or link, and tell their lives.

    With ``read`` the shop is asked about what is not known.

    Raises:
        StateError: the state cannot be read.
        AccessError, SourceError: the shop was to be asked, and cannot be.
    """
    wanted = text.strip()
    if not session.has_state():
        where = session.place.environment
        why = (f"nothing was ever run in {where}", *(_in_the_shop(session, wanted, None) if read else ()))
        return Trace(text, (), why)
    state = session.state(read_only=True)
    records = find_records(session, state, wanted)
    if records:
        return Trace(text, tuple(tell(session, state, record) for record in records))
    return Trace(text, (), tuple(_why_unknown(session, state, wanted, read=read)))


def find_records(session: Session, state: SqlState, text: str) -> list[Record]:
    """Find the records that a text may mean."""
    pipelines = session.project.pipelines
    if split_name(text, pipelines)[0] is not None:
        return records_named(state, text, pipelines)
    for written in dict.fromkeys((text, text.upper())):
        found = state.find(written) or _by_reference(session, state, written)
        if found:
            return found
    return []


def tell(session: Session, state: SqlState, record: Record) -> Life:
    """Put together everything that is known of a record."""
    calls = state.run_calls(record.id)
    attempts = tuple(
        (attempt, tuple(call for call in calls if call.attempt_id == attempt.id))
        for attempt in state.attempts(record.id)
    )
    letters = state.dead_letters(pipeline=record.pipeline, open_only=False)
    pipeline = _compiled(session, record.pipeline, record.store)
    source = f"{pipeline.source.connection}/{pipeline.source.resource}" if pipeline is not None else ""
    reference = next((attempt.reference for attempt, _ in reversed(attempts) if attempt.reference), "")
    return Life(
        record=record,
        source=source,
        reference=reference or (_reference(pipeline, record) if pipeline is not None else ""),
        link=state.link(record.pipeline, record.key),
        attempts=attempts,
        others=tuple(call for call in calls if call.attempt_id is None),
        dead_letters=tuple(letter for letter in letters if letter.record_id == record.id),
        runs=tuple(_runs(state, {call.run_id for call in calls})),
        decisions=tuple(
            entry for entry in state.stream("audit") if entry["subject"] == f"{record.pipeline}/{record.key}"
        ),
        events=tuple(_events(session, state, record.pipeline, record.key)),
    )


def _events(session: Session, state: SqlState, pipeline: str, key: str) -> Iterator[Received]:
    """Yield the messages that named a record and that its pipeline listens to."""
    from m3nop.spec.service import documents_of, topics_of

    project = session.project
    if pipeline not in project.pipelines:
        return
    documents = documents_of(project, pipeline)
    told = {*documents, *(topic_of(document, place) for document, place in documents.items())}
    # A document of M3 names what is linked by its number there.
    links = state.links(project.follows(pipeline, "links"), keys=[key])
    ways = [(key, {*topics_of(project, pipeline), *told}), *((link.m3, told) for link in links)]
    yield from (
        one for name, topics in ways for one in state.messages_of(name) if one.message.topic in topics
    )


def _runs(state: SqlState, ids: set[int]) -> list[Run]:
    if not ids:
        return []
    newest = state.runs(limit=1)
    back = newest[0].id - min(ids) + 1 if newest else 0
    return [run for run in reversed(state.runs(limit=back)) if run.id in ids]


def _compiled(session: Session, name: str, store: str) -> Pipeline | None:
    """Return a pipeline as it is now, if the project (still) has it."""
    project = session.project
    if name not in project.pipelines:
        return None
    stores = project.stores_of(name)
    return project.pipeline(name, store if store in stores else stores[0]) if stores else None


def _reference(pipeline: Pipeline, record: Record) -> str:
    from m3nop.engine.arrival import reference_of
    from m3nop.mapping.errors import EvaluationError

    if record.snapshot is None or record.store != pipeline.store.code:
        return ""
    try:
        return reference_of(pipeline, record.snapshot, record.seen_at, "UTC")
    except EvaluationError:
        return ""


def _by_reference(session: Session, state: SqlState, text: str) -> list[Record]:
    """Find records that would carry a reference and were never attempted: their keys are parts of it."""
    found: dict[int, Record] = {}
    for part in dict.fromkeys(_PARTS.findall(text)):
        for record in records_named(state, part, session.project.pipelines):
            pipeline = _compiled(session, record.pipeline, record.store)
            if (
                pipeline is not None
                and pipeline.reference is not None
                and _reference(pipeline, record) == text
            ):
                found[record.id] = record
    return list(found.values())


# -- why nothing is known


def _why_unknown(session: Session, state: SqlState, text: str, *, read: bool) -> Iterator[str]:
    named, key = split_name(text, session.project.pipelines)
    names = (named,) if named else session.project.pipelines
    yield "no record has it as its key, its reference, its link, or a number that the shop or M3 gave it"
    for name in names:
        yield from _imported(state, name, key)
    for name in names:
        yield from _by_number(session, state, name, key)
    for name in names:
        for one in _events(session, state, name, key):
            yield f"{name}: the event {one.message.topic} named it at {to_text(one.received_at)}: {one.state}"
    if read:
        yield from _in_the_shop(session, text, state)


def _imported(state: SqlState, name: str, key: str) -> Iterator[str]:
    links = {
        link.key: link
        for link in (*state.links(name, keys=[key]), *state.links(name, shop=key), *state.links(name, m3=key))
    }
    for link in links.values():
        yield (
            f"{name} {link.key} is linked with M3 {link.m3} ({link.origin}, {to_text(link.linked_at)}), "
            "but was never read itself"
        )


def _by_number(session: Session, state: SqlState, name: str, text: str) -> Iterator[str]:
    """Say where a number lies in what was read of a pipeline's source."""
    number = _number_in(session, name, text)
    if number is None:
        return
    marks = _watermarks(state, name)
    if not marks:
        yield f"{name}: its source was never read in {session.place.environment}"
        return
    # Stores share their numbers: what is below the highest was there, or not, when all were read.
    highest, read_at = max(marks.values())
    if number > highest:
        yield (
            f"{name}: read up to {highest} at {to_text(read_at)}; {number} is above, so it was not read yet: "
            f"`m3nop sync {name}`"
        )
    else:
        yield f"{name}: {_below(session, state, name, number, marks)}"


def _below(session: Session, state: SqlState, name: str, number: int, partitions: Iterable[str]) -> str:
    first, oldest = _first_read(state, name), _oldest(session, state, name)
    missed = any(number in state.missing(name, partition, since=0) for partition in partitions)
    if not missed and oldest is not None and (first is None or number < int(first.key)):
        began = f", which began with {first.key}" if first is not None else ""
        left = f"records created before {to_text(oldest)} are left alone"
        return f"{number} lies before what was read{began}: {left}"
    again = ", and is asked for again for a day" if missed else ""
    return (
        f"{number} was not there when the ids around it were read{again}: deleted in the shop, not finished "
        f"yet, or of a store that is not served (served: {_served(session, name)})"
    )


def _served(session: Session, name: str) -> str:
    return ", ".join(session.project.stores_of(name))


def _number_in(session: Session, name: str, text: str) -> int | None:
    """Return the number that a text is, or that it has where a reference of the pipeline has its key."""
    if text.isascii() and text.isdigit():
        return int(text)
    project = session.project
    for store in project.stores_of(name):
        pipeline = project.pipeline(name, store)
        for part in _PARTS.findall(text):
            if pipeline.reference is not None and part.isascii() and part.isdigit():
                snapshot = {"id": int(part), "store_id": pipeline.store.store_id}
                if _reference(pipeline, _only_known_by(snapshot, name, store)) == text.upper():
                    return int(part)
    return None


def _only_known_by(snapshot: Mapping[str, Any], name: str, store: str) -> Record:
    from m3nop.core.records import Record as Row

    return Row(
        id=0, pipeline=name, key=str(snapshot["id"]), store=store, state=RecordState.READY, snapshot=snapshot,
        fingerprint="", created_at=None, seen_at=0, epoch=0,
    )  # fmt: skip


def _watermarks(state: SqlState, name: str) -> dict[str, tuple[int, Instant]]:
    """Return how far each partition was read, of sources that are read by number."""
    found: dict[str, tuple[int, Instant]] = {}
    for row in state.stream("watermarks"):
        position = _position(row["watermark"]) if row["pipeline"] == name else None
        if position is not None and ":" not in row["partition"]:
            found[row["partition"]] = (position, row["updated_at"])
    return found


def _position(watermark: str | None) -> int | None:
    try:
        found = json.loads(watermark or "null")
    except ValueError:
        return None
    number = found.get("id") if isinstance(found, dict) else None
    return number if isinstance(number, int) else None


def _first_read(state: SqlState, name: str) -> Record | None:
    numbered = (
        record for record in state.records(name, limit=100) if record.key.isascii() and record.key.isdigit()
    )
    return min(numbered, key=lambda record: int(record.key), default=None)


def _oldest(session: Session, state: SqlState, name: str) -> Instant | None:
    """Return the instant before which a pipeline leaves records alone."""
    limits = (session.project.start.get(name), state.baseline(name))
    return max((limit for limit in limits if limit is not None), default=None)


def _of_the_shop(session: Session) -> tuple[str, ...]:
    """Name the pipelines whose records a shop has, and that are not switched off."""
    from m3nop.mapping.pipeline import SourceKind

    found = (
        (name, session.project.pipeline(name, session.project.stores_of(name)[0]))
        for name in session.enabled()
    )
    return tuple(name for name, one in found if one.source.kind is SourceKind.RESOURCE)


def _in_the_shop(session: Session, text: str, state: SqlState | None) -> Iterator[str]:
    from m3nop.app.reading import Reader

    named, key = split_name(text, session.project.pipelines)
    for name in (named,) if named else _of_the_shop(session):
        number = _number_in(session, name, key)
        if number is None:
            continue
        baseline = state.baseline(name) if state is not None else None
        arrival = Reader(session, name).fetch(str(number), baseline=baseline)
        if arrival is None:
            yield f"the shop, asked now, has no {name} {number} (stores asked for: {_served(session, name)})"
            continue
        created = f", created {to_text(arrival.created_at)}" if arrival.created_at is not None else ""
        verdict = arrival.reason or "the next run takes it in"
        yield f"the shop, asked now, has {name} {number}{created}: {arrival.state}: {verdict}"
