"""Works out what a pipeline makes of one record, and what an expression gives for it; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.naming import check_pipeline
from m3nop.app.session import unknown
from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.core.connector import Effect, Operation
from m3nop.core.errors import AccessError, ConfigurationError, M3nopError, SourceError, UsageError
from m3nop.core.records import Attempt, AttemptState, Record, RecordState
from m3nop.engine.arrival import key_of, reference_of
from m3nop.engine.linked import links_of
from m3nop.engine.preview import Planned, preview
from m3nop.engine.work import Work
from m3nop.mapping.errors import EvaluationError, ExpressionError
from m3nop.mapping.expressions import Expression, compile_expression
from m3nop.mapping.fields import FieldRule
from m3nop.mapping.pipeline import Check, Pipeline, Request, Step, Target
from m3nop.spec.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import Arrival, Link, LoggedCall
    from m3nop.core.state import State

_EVALUATED = "_evaluated"
_VALUE = "value"
_ROOTS = ("settings", "store", "environment", "link", "remembered", "reference", "steps", "vars")


class Subject(Struct, frozen=True):
    """A record to try a mapping on; ``origin`` says where it comes from."""

    pipeline: Pipeline
    record: Record
    origin: str
    link: Link | None = None
    lines: tuple[LoggedCall, ...] = ()
    """Calls of its present attempt: their answers are known."""
    state: State | None = None


class MappedRecord(Struct, frozen=True):
    """What a pipeline makes of a record."""

    reference: str
    vars: Mapping[str, Json]
    failed: tuple[Check, ...]
    """The checks that it does not pass."""
    calls: tuple[Planned, ...]
    problem: str = ""
    """Why no more than this could be worked out."""


def subject_by_key(session: Session, name: str, key: str, *, store: str | None, read: bool) -> Subject:
    """Take a record from the state, or from the source where it was never read, or ``read`` asks for it.

    Raises:
        UsageError: there is no such pipeline or record, or its store is not served.
        AccessError, SourceError: the source cannot be read.
    """
    check_pipeline(name, session.project.pipelines)
    state = session.state(read_only=True) if session.has_state() else None
    record = state.record(name, key) if state is not None else None
    if state is not None and record is not None and record.snapshot is not None and not read:
        return subject_of(session, state, record, store=store)
    from m3nop.app.reading import Reader

    arrival = Reader(session, name).fetch(key)
    if arrival is None:
        msg = f"the shop has no {name} {key}" if record is None else f"the shop no longer has {name} {key}"
        raise UsageError(msg)
    pipeline = _pipeline(session, name, store or arrival.store or None)
    fresh = _record(
        arrival.pipeline, arrival.key, arrival.snapshot, store=arrival.store, now=session.clock.now()
    )
    link = state.link(name, key) if state is not None else None
    return Subject(pipeline, fresh, "as the shop has it now", link, (), state)


def subject_of(session: Session, state: State, record: Record, *, store: str | None = None) -> Subject:
    """Take a record as it stands in the state; what an open attempt of it was answered is known.

    Raises:
        UsageError: its store is not served.
    """
    attempt = state.attempt(record.attempt_id) if record.attempt_id else None
    known = attempt is not None and attempt.state is not AttemptState.UNDONE
    return Subject(
        pipeline=_pipeline(session, record.pipeline, store or record.store or None),
        record=record,
        origin=f"as read {to_text(record.seen_at)}",
        link=state.link(record.pipeline, record.key),
        lines=tuple(state.calls(attempt.id)) if attempt is not None and known else (),
        state=state,
    )


def subject_from_file(session: Session, name: str, path: Path, *, store: str | None) -> Subject:
    """Take a record from a JSON file; neither state nor systems are needed.

    Raises:
        UsageError: there is no such pipeline, the file holds no record, or its store is not plain.
    """
    check_pipeline(name, session.project.pipelines)
    try:
        snapshot = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise UsageError(msg) from None
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON: {error}"
        raise UsageError(msg) from None
    if not isinstance(snapshot, dict):
        msg = f"{path} holds no record: it must be a JSON object, as `m3nop nop get` prints one"
        raise UsageError(msg)
    if store is None:
        number = snapshot.get("store_id")
        stores = session.project.stores_of(name)
        store = next((code for code in stores if session.project.stores[code].store_id == number), None)
    pipeline = _pipeline(session, name, store)
    record = _record(name, _key(pipeline, snapshot), snapshot, store=pipeline.store.code, now=0)
    return Subject(pipeline, record, f"from {path}")


def _key(pipeline: Pipeline, snapshot: Mapping[str, Json]) -> str:
    try:
        return key_of(pipeline, snapshot, now=0, zone="UTC")
    except (EvaluationError, SourceError):
        # A record that somebody wrote to try something need not have a key.
        return str(snapshot.get("id", ""))


def time_zone(session: Session, pipeline: Pipeline) -> tuple[str, str]:
    """Return M3's time zone, and why it is not known where that is so (then it is UTC)."""
    for name in sorted(pipeline.connections):
        if session.project.connection_types[name].name != "m3":
            continue
        configured = str(session.project.connections[name].time_zone)
        if "/" in configured:
            return configured, ""
        try:
            return session.connection(name).facts().time_zone, ""
        except (AccessError, ConfigurationError) as error:
            return "UTC", f"dates are those of UTC, because M3's time zone is not known: {error}"
    return "UTC", ""


def map_record(subject: Subject, *, now: Instant, zone: str) -> MappedRecord:
    """Work out everything that a pipeline makes of a record; answers not known yet stand as ``<NAME>``."""
    pipeline = subject.pipeline
    try:
        work = work_for(subject, now=now, zone=zone)
        root = work.root()
    except EvaluationError as error:
        return MappedRecord("", {}, (), (), str(error))
    failed, problem = [], ""
    for check in pipeline.checks:
        try:
            if not check.condition.condition(root, work.context):
                failed.append(check)
        except EvaluationError as error:
            problem = problem or str(error)
    calls = tuple(preview(work))
    return MappedRecord(work.attempt.reference, root["vars"], tuple(failed), calls, problem)


def places_of(session: Session, subject: Subject, calls: Iterable[Planned]) -> list[dict[str, str]]:
    """Say for each field of each call in which file and line its rule is written."""
    tree = session.project.effective(subject.pipeline.name, subject.pipeline.store.code)
    if tree is None:
        return [{} for _ in calls]
    places, folder = Places(tree), session.place.folder.as_posix()
    return [_places_of(call, places, folder) for call in calls]


def _places_of(call: Planned, places: Places, folder: str) -> dict[str, str]:
    parts = call.path.split("/")
    step = parts[-1] if len(parts) % 2 else parts[-2]
    found: dict[str, str] = {}
    for name in call.fields:
        section, _, field = name.rpartition(".")
        at = places.field(step, section or "fields", field)
        found[name] = f"{at.file.removeprefix(folder).lstrip('/')}:{at.line}"
    return found


def evaluate(subject: Subject, text: str, *, now: Instant, zone: str) -> Json:
    """Return what an expression gives where the steps of a record are done, as far as answers are known.

    Raises:
        UsageError: the expression is wrong.
        M3nopError: it has no value for this record.
    """
    expression = _compiled(text, subject.pipeline)
    target = Target("", Operation("", Effect.READ, json_values=True))
    last = Step(_EVALUATED, call=Request(target, (FieldRule(_VALUE, expression),)))
    pipeline = replace(subject.pipeline, steps=(*subject.pipeline.steps, last))
    try:
        work = work_for(replace(subject, pipeline=pipeline), now=now, zone=zone)
    except EvaluationError as error:
        raise M3nopError(str(error)) from None
    found = preview(work)[-1]
    if found.path != _EVALUATED or found.problem:
        raise M3nopError(found.problem.removeprefix(f"{_VALUE}: "))
    return _without_ourselves(found.fields[_VALUE][_VALUE])


def _without_ourselves(value: Json) -> Json:
    """Copy a value without the step that evaluates it, which is one of the steps."""
    if isinstance(value, dict):
        return {name: _without_ourselves(member) for name, member in value.items() if name != _EVALUATED}
    return [_without_ourselves(member) for member in value] if isinstance(value, list) else value


def work_for(
    subject: Subject, *, now: Instant, zone: str, in_flight: Mapping[str, Decimal] | None = None
) -> Work:
    """Put a record on the bench as an attempt that begins now.

    ``in_flight`` are the quantities, by SKU, of orders that M3 does not know yet.

    Raises:
        EvaluationError: its reference, or something that another record is named by, has no value.
    """
    pipeline, record, state = subject.pipeline, subject.record, subject.state
    reference = reference_of(pipeline, record.snapshot, now, zone)
    attempt = Attempt(
        id=0, record_id=record.id, number=1, state=AttemptState.OPEN, opened_at=now, snapshot=record.snapshot,
        edits=record.edits, definition=pipeline.digest, reference=reference, epoch=record.epoch,
    )  # fmt: skip
    work = Work(
        pipeline,
        record,
        attempt,
        lines=subject.lines,
        link=subject.link,
        zone=zone,
        by_m3=links_of(state, seen_from=pipeline.name),
        in_flight=in_flight,
    )
    for step in pipeline.steps:
        if step.requires is None or (
            step.when is not None and not step.when.condition(work.root(), work.context)
        ):
            continue
        key = str(step.requires.key.evaluate(work.root(), work.context) or "")
        other = step.requires.pipeline
        work.links[other, key] = state.link(other, key) if state is not None else None
    return work


def record_of(arrival: Arrival, *, now: Instant) -> Record:
    """Make the record that an arrival would become."""
    return _record(arrival.pipeline, arrival.key, arrival.snapshot, store=arrival.store, now=now)


def _record(pipeline: str, key: str, snapshot: Json, *, store: str, now: Instant) -> Record:
    return Record(
        id=0, pipeline=pipeline, key=key, store=store, state=RecordState.READY, snapshot=snapshot,
        fingerprint="", created_at=None, seen_at=now, epoch=0,
    )  # fmt: skip


def _pipeline(session: Session, name: str, store: str | None) -> Pipeline:
    name = session.project.for_store(name, store)
    stores = session.project.stores_of(name)
    if store is None and len(stores) == 1:
        store = stores[0]
    if store is None:
        msg = f"the record names no store that {name} serves; say which: --store {' | '.join(stores)}"
        raise UsageError(msg)
    if store not in stores:
        raise UsageError(unknown("store", store, stores))
    return session.project.pipeline(name, store)


def _compiled(text: str, pipeline: Pipeline) -> Expression:
    """Compile an expression so that it gives its value as ``{value: …}``: a null or blank is kept then."""
    try:
        plain = compile_expression(text)
        wrapped = compile_expression(f"{{{_VALUE}: {text}}}")
    except ExpressionError as error:
        hint = f"; {error.hint}" if error.hint else ""
        msg = f"--expr, character {error.offset + 1}: {error.message}{hint}"
        raise UsageError(msg) from None
    _check_roots((path[0] for path in plain.paths if path), {pipeline.source.name, *_ROOTS})
    return replace(wrapped, text=text)


def _check_roots(roots: Iterable[str], known: set[str]) -> None:
    for root in roots:
        if root not in known:
            hint = f"for a constant write '{root}' in single quotes"
            msg = f"{unknown('name', root, sorted(known))}; {hint}"
            raise UsageError(msg)
