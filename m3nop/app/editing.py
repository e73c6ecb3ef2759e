"""Changing a dead letter by hand: values of its record, or fields of its calls; what was read is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.actor import current_user
from m3nop.app.auditing import note
from m3nop.app.letters import find_letter
from m3nop.app.naming import check_reason, title
from m3nop.app.previewing import MappedRecord, Subject, map_record, subject_of, time_zone
from m3nop.app.reviews import make_ready, save_decision
from m3nop.core import json
from m3nop.core.connector import Effect
from m3nop.core.errors import SourceError, UsageError
from m3nop.core.records import RecordState
from m3nop.engine import edits
from m3nop.engine.arrival import fingerprint, key_of, reference_of
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import DeadLetter, Record
    from m3nop.engine.edits import Edits
    from m3nop.mapping.pipeline import Step

_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class Draft(Struct, frozen=True):
    """What can be changed of a dead letter."""

    letter: DeadLetter
    subject: Subject
    calls: bool
    """Whether the fields of its calls are changed, by path of the step; else the record itself."""
    document: Json
    now: Instant
    zone: str


class Edited(Struct, frozen=True):
    """What was changed, and what the pipeline makes of it."""

    record: Record
    changed: tuple[str, ...]
    warnings: tuple[str, ...]
    """Why it may be refused or put aside again."""


def open_draft(session: Session, name: str, *, calls: bool, wait: float = 0.0) -> Draft:
    """Open a dead letter for changes.

    Raises:
        UsageError: there is no such letter, its record is not dead, was never read, or is in M3 already.
        BusyError: a run goes on.
    """
    state = session.state(wait=wait)
    letter = find_letter(state, name, session.project.pipelines)
    record = state.record_by_id(letter.record_id)
    if record is None or record.state is not RecordState.DEAD:
        where = record.state if record is not None else "gone"
        msg = f"{letter.pipeline}/{letter.key} cannot be changed: it is {where}, not dead"
        raise UsageError(msg)
    if record.snapshot is None:
        msg = f"{title(record)} was never read, so there is nothing to change; retry it"
        raise UsageError(msg)
    subject = subject_of(session, state, record)
    attempt = state.attempt(record.attempt_id) if record.attempt_id else None
    entered = attempt is not None and attempt.committed and not subject.pipeline.moves
    if entered or (record.commit_target is not None and not subject.pipeline.moves):
        msg = (
            f"{title(record)} is in M3 already, and what is left of it goes on as it was begun: put right "
            f"what refuses it, then `m3nop dead-letters retry {title(record)}`"
        )
        raise UsageError(msg)
    now, (zone, _) = session.clock.now(), time_zone(session, subject.pipeline)
    if calls:
        document: Json = _fields_of_calls(subject, now, zone)
    else:
        document = edits.laid_over(record.snapshot, edits.read(record.edits))
    return Draft(letter, subject, calls, document, now, zone)


def parse(text: str) -> Json:
    """Read a changed document.

    Raises:
        UsageError: it is not a JSON object.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        msg = f"what was written is not JSON: {error}"
        raise UsageError(msg) from None
    if not isinstance(document, dict):
        raise UsageError("what was written is no JSON object")
    return document


def with_values(draft: Draft, assignments: Iterable[str]) -> Json:
    """Return the document with values set (``items[0].sku=ABC``, with ``calls`` ``lines/2001.ITNO=ABC``).

    What follows ``=`` is JSON where it can be read as such, else text.

    Raises:
        UsageError: an assignment names nothing that is there.
    """
    document = draft.document
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        path = _path(name.strip(), draft)
        if not equals or not path:
            msg = f"--set {assignment}: write PATH=VALUE, such as {_example(draft)}"
            raise UsageError(msg)
        document = _set(document, path, _value(text), name.strip())
    return document


def save(session: Session, draft: Draft, document: Json, *, reason: str) -> Edited:
    """Keep the changes with the record and turn it ready, if they can be used.

    Raises:
        UsageError: nothing was changed, key, reference or identity would be, or a value cannot be used.
    """
    why, actor = check_reason(reason), current_user()
    kept = edits.read(draft.subject.record.edits)
    changed, new = _changed(draft, document, replace(kept, note=f"changed by {actor}: {why}"))
    if not changed:
        raise UsageError("nothing was changed")
    warnings = _try_out(draft, new)
    record = _keep(
        session, draft, edits.written(new), actor=actor, reason=f"changed by hand: {why}",
        detail={"reason": why, "changed": list(changed)},
    )  # fmt: skip
    return Edited(record, changed, warnings)


def drop(session: Session, draft: Draft, *, reason: str) -> Edited:
    """Take back every change that was made to the record by hand, and turn it ready.

    Raises:
        UsageError: there is none.
    """
    why, kept = check_reason(reason), draft.subject.record.edits
    if kept is None:
        msg = f"nothing of {title(draft.subject.record)} was changed by hand"
        raise UsageError(msg)
    record = _keep(
        session, draft, None, actor=current_user(), reason=f"changes taken back: {why}",
        detail={"reason": why, "changed": []},
    )  # fmt: skip
    return Edited(record, (), ())


def _keep(
    session: Session, draft: Draft, kept: Json, *, actor: str, reason: str, detail: Mapping[str, Json]
) -> Record:
    state, record = session.state(), replace(draft.subject.record)
    attempt = state.attempt(record.attempt_id) if record.attempt_id else None
    make_ready(session, record, attempt, reason=reason)
    record.edits, record.released = kept, False
    with state.transaction() as tx:
        save_decision(tx, record)
        tx.settle_dead_letters(record.id, now=draft.now, settlement=f"edited: {detail['reason']}")
        note(
            tx, now=draft.now, actor=actor, action="edit", before=draft.subject.record, after=record,
            detail={"dead_letter": draft.letter.id, **detail},
        )  # fmt: skip
    return record


def _changed(draft: Draft, document: Json, kept: Edits) -> tuple[tuple[str, ...], Edits]:
    """Return the names of what was changed now, and everything that is changed from then on."""
    if draft.calls:
        given = _changed_fields(draft.document, document)
        names = (f"{path}.{name}" for path, fields in given.items() for name in fields)
        calls = {
            path: {**kept.fields(path), **given.get(path, {})} for path in {**(kept.calls or {}), **given}
        }
        return tuple(names), replace(kept, calls=calls)
    changes = tuple(edits.changes_between(draft.subject.record.snapshot, document))
    _check_identity(draft, document)
    now = edits.changes_between(draft.document, document)
    return tuple(map(str, now)), replace(kept, changes=changes)


def _changed_fields(before: Json, after: Json) -> dict[str, dict[str, Json]]:
    given: dict[str, dict[str, Json]] = {}
    for path, fields in after.items():
        if path not in before or not isinstance(fields, dict):
            msg = f"{path} is none of the calls: {', '.join(before)}"
            raise UsageError(msg)
        changed = {name: value for name, value in fields.items() if value != before[path].get(name)}
        left_out = dict.fromkeys(
            name for name, was in before[path].items() if was is not None and name not in fields
        )
        if changed or left_out:
            given[path] = {**changed, **left_out}
    return given


def _check_identity(draft: Draft, document: Json) -> None:
    """Refuse what would make another record of it."""
    record, pipeline = draft.subject.record, draft.subject.pipeline

    def identity(snapshot: Json) -> tuple[str, str, str]:
        key = key_of(pipeline, snapshot, now=draft.now, zone=draft.zone)
        return key, reference_of(pipeline, snapshot, draft.now, draft.zone), fingerprint(snapshot)

    try:
        same = identity(document) == identity(record.snapshot)
    except (EvaluationError, SourceError) as error:
        raise UsageError(_IDENTITY) from error
    if not same:
        raise UsageError(_IDENTITY)


_IDENTITY = (
    "what identifies the record (its key, its reference, when and by whom it was made) cannot be changed: M3 "
    "knows it by that"
)


def _try_out(draft: Draft, new: Edits) -> tuple[str, ...]:
    """Map the record as it would be, and return what may still stop it.

    Raises:
        UsageError: a value cannot be used, and could before; or a field is none of the call's.
    """
    before, after = _mapped(draft, draft.subject.record.edits), _mapped(draft, edits.written(new))
    _check_fields(draft, new)
    known = set(_problems(before))
    made = [text for text in _problems(after) if text not in known]
    if made:
        msg = f"that cannot be used: {'; '.join(made)}"
        raise UsageError(msg)
    left = [text for text in _problems(after) if text in known]
    return (*left, *(f"{check.on_fail}: {check.message}" for check in after.failed))


def _check_fields(draft: Draft, new: Edits) -> None:
    """Refuse fields that no rule of their step sends, and the one that M3 knows the record by."""
    steps = {step.id: step for step in walk(draft.subject.pipeline.steps)}
    pipeline, snapshot = draft.subject.pipeline, draft.subject.record.snapshot
    reference = reference_of(pipeline, snapshot, draft.now, draft.zone)
    for path, fields in (new.calls or {}).items():
        parts = path.split("/")
        step = steps[parts[-1] if len(parts) % 2 else parts[-2]]
        known = _names_of_fields(step)
        for name in fields:
            if reference and draft.document.get(path, {}).get(name) == reference:
                raise UsageError(_IDENTITY)
            if name not in known:
                msg = f"{path} sends no {name}; it sends {', '.join(known)}"
                raise UsageError(msg)


def _names_of_fields(step: Step) -> list[str]:
    upsert = step.upsert
    if upsert is None:
        return [rule.name for rule in step.request.fields]
    parts = (("match.", upsert.match), ("", upsert.fields), ("on_create.", upsert.on_create))
    return [f"{prefix}{rule.name}" for prefix, rules in parts for rule in rules]


def _mapped(draft: Draft, kept: Json) -> MappedRecord:
    subject = replace(draft.subject, record=replace(draft.subject.record, edits=kept))
    return map_record(subject, now=draft.now, zone=draft.zone)


def _problems(mapped: MappedRecord) -> list[str]:
    texts = [mapped.problem] if mapped.problem else []
    return texts + [
        f"{call.path}: {call.problem}".removeprefix(": ") for call in mapped.calls if call.problem
    ]


def _fields_of_calls(subject: Subject, now: Instant, zone: str) -> dict[str, dict[str, Json]]:
    """Return the fields of every call that acts; one that has no value yet is null, to be filled."""
    kept = edits.read(subject.record.edits)
    blank: dict[str, dict[str, Json]] = {}
    while True:
        calls = {
            path: {**blank.get(path, {}), **kept.fields(path)} for path in {**blank, **(kept.calls or {})}
        }
        trial = edits.written(replace(kept, calls=calls, note=kept.note))
        mapped = map_record(replace(subject, record=replace(subject.record, edits=trial)), now=now, zone=zone)
        refused = [call for call in mapped.calls if call.refused not in ("", *calls.get(call.path, ()))]
        if not refused:
            break
        for call in refused:
            blank.setdefault(call.path, {})[call.refused] = None
    return {
        call.path: {**blank.get(call.path, {}), **call.fields}
        for call in mapped.calls
        if call.path and call.effect != Effect.READ and not call.skipped
    }


def _path(name: str, draft: Draft) -> edits.Path:
    if draft.calls:
        call, dot, field = name.rpartition(".")
        # The parts of an upsert are told by a prefix (``match.sku``).
        for part in ("match", "on_create"):
            if call.endswith(f".{part}"):
                call, field = call.removesuffix(f".{part}"), f"{part}.{field}"
        return (call, field) if dot and call else ()
    inner = name.removeprefix(f"{draft.subject.pipeline.source.name}.")
    found = tuple(int(index) if index else word for word, index in _PART.findall(inner))
    return found if edits.spelled(found) == inner else ()


def _example(draft: Draft) -> str:
    return "head.CUNO=W0000001" if draft.calls else "items[0].sku=ABC"


def _value(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _set(document: Json, path: Sequence[str | int], value: Json, name: str) -> Json:
    first, rest = path[0], path[1:]
    if isinstance(first, int) and isinstance(document, list) and first < len(document):
        inner = _set(document[first], rest, value, name) if rest else value
        return [*document[:first], inner, *document[first + 1 :]]
    if isinstance(first, str) and isinstance(document, dict) and (first in document or not rest):
        inner = _set(document[first], rest, value, name) if rest else value
        return {**document, first: inner}
    msg = f"--set {name}: there is nothing at {first!r}"
    raise UsageError(msg)
