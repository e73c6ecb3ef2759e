"""Renders the life of a record: as text for a person, as JSON for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.core.clock import SECOND, to_text
from m3nop.engine.edits import names

if TYPE_CHECKING:
    from m3nop.app.letters import Group
    from m3nop.app.tracing import Life
    from m3nop.core.clock import Instant
    from m3nop.core.inbox import Received
    from m3nop.core.json import Json
    from m3nop.core.records import Attempt, DeadLetter, LoggedCall, Record, Run
    from m3nop.engine.preview import Planned


def record_lines(life: Life) -> Iterator[str]:
    """Say where a record stands."""
    record = life.record
    reason = f": {record.reason}" if record.reason else ""
    yield f"{record.pipeline} {record.key} ({record.store or 'no store'}) {record.state}{reason}"
    created = f"created {to_text(record.created_at)}, " if record.created_at is not None else ""
    source = f" from {life.source}" if life.source else ""
    yield f"  {created}read {to_text(record.seen_at)}{source}"
    if life.reference:
        yield f"  reference {life.reference}"
    if life.link is not None:
        link = life.link
        yield f"  link: shop {link.shop}, M3 {link.m3} ({link.origin}, {to_text(link.linked_at)})"
    if record.commit_target:
        yield f"  only this document is ever made real: {json.dumps(record.commit_target)}"
    if record.blocked_by is not None:
        yield f"  waits for {record.blocked_by[0]} {record.blocked_by[1]}"
    if record.not_before is not None:
        until = f", until {to_text(record.deadline)}" if record.deadline is not None else ""
        yield f"  looked at again {to_text(record.not_before)}{until}"
    yield from _handled_lines(record)


def _handled_lines(record: Record) -> Iterator[str]:
    if record.edits is not None:
        yield f"  changed by hand: {', '.join(names(record.edits))}"
    if record.attempts:
        yield f"  {record.attempts} tries failed"
    if record.released:
        yield "  released by a person: checks that ask for a review pass"


def life_lines(life: Life) -> Iterator[str]:
    """Tell the whole life of a record."""
    yield from record_lines(life)
    for attempt, calls in life.attempts:
        yield ""
        yield from _attempt_lines(attempt)
        for call in calls:
            yield from call_lines(call)
    if life.others:
        yield ""
        yield "calls outside any attempt"
        for call in life.others:
            yield from call_lines(call)
    yield from _listed("dead letters", [letter_line(letter) for letter in life.dead_letters])
    yield from _listed("events", [_event_line(one) for one in life.events])
    yield from _listed("decisions", [_decision_line(entry) for entry in life.decisions])
    yield from _listed("runs", [_run_line(run) for run in life.runs])


def _event_line(received: Received) -> str:
    message, handled = received.message, received.handled_at
    until = f" {to_text(handled)}" if handled is not None else ""
    return f"{to_text(received.received_at)} {message.topic} from {message.source}: {received.state}{until}"


def _listed(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield heading
        yield from (f"  {line}" for line in lines)


def _attempt_lines(attempt: Attempt) -> Iterator[str]:
    facts = [f"attempt {attempt.number}: {attempt.state}, opened {to_text(attempt.opened_at)}"]
    if attempt.reference:
        facts.append(f"reference {attempt.reference}")
    facts.append(f"mapping {attempt.definition[:12]}")
    if attempt.committed:
        facts.append("committed")
    if attempt.doubt:
        facts.append("had a doubt")
    yield ", ".join(facts)
    if attempt.edits is not None:
        yield f"  changed by hand: {', '.join(names(attempt.edits))}"
    if attempt.reason:
        then = f", then {attempt.then}" if attempt.then else ""
        yield f"  given up{then}: {attempt.reason}"
    if attempt.sweep_at is not None:
        yield f"  late documents are looked for {to_text(attempt.sweep_at)}"


def call_lines(call: LoggedCall) -> Iterator[str]:
    """Tell of a call: what was sent and why, and what came back."""
    mark = "?" if call.effect == "read" else "+"
    yield f"  {mark} {call.step}: {call.connection}/{call.operation}: {call.state}"
    answered = ""
    if call.answered_at is not None:
        answered = f", answered after {(call.answered_at - call.sent_at) / SECOND:.3f} s"
    yield f"      sent {to_text(call.sent_at)}{answered}, run {call.run_id}"
    yield from field_lines(call.fields, call.origins or {})
    for row in call.rows or ():
        yield f"      -> {', '.join(f'{name} = {plain(value)}' for name, value in row.items())}"
    if call.failure:
        yield f"      ! {_failure_text(call.failure)}"
    if not call.clean:
        yield "      ! its answer came in a bulk that did not add up"


def field_lines(fields: Mapping[str, Json], origins: Mapping[str, str]) -> Iterator[str]:
    """List values with the expression that made each."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        origin = origins.get(name)
        yield f"      {name:<{width}} = {plain(value)}" + (f"    <- {origin}" if origin else "")


def planned_lines(call: Planned) -> Iterator[str]:
    """Tell of a call that would be made."""
    if call.skipped:
        yield f"  - {call.path}: skipped, {call.skipped}"
        return
    if call.path:
        yield f"  {'?' if call.effect == 'read' else '+'} {call.path}: {call.target}"
    yield from field_lines(call.fields, call.origins)
    if call.problem:
        yield f"      ! {call.problem}"


def letter_line(letter: DeadLetter) -> str:
    """Tell of a dead letter in one line."""
    state = "open"
    if letter.settled_at is not None:
        state = f"{letter.settlement} ({to_text(letter.settled_at)})"
    return f"{letter.id}: {to_text(letter.created_at)} {letter.remedy}: {letter.message}; {state}"


def _decision_line(entry: Mapping[str, Any]) -> str:
    detail = entry["detail"] or {}
    reason = f": {detail['reason']}" if detail.get("reason") else ""
    return f"{to_text(entry['at'])} {entry['action']} by {entry['actor']}{reason}"


def _run_line(run: Run) -> str:
    return f"{run.id}: {to_text(run.started_at)} {run.result}: m3nop {run.command}"


def plain(value: Json) -> str:
    """Write a value for a reader: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _failure_text(failure: Mapping[str, Any]) -> str:
    where = " ".join(str(failure[name]) for name in ("code", "field") if failure.get(name))
    return f"{failure.get('message', '')}{f' ({where})' if where else ''}; {failure.get('remedy', '')}"


# -- JSON


def record_document(record: Record) -> dict[str, Any]:
    """Describe where a record stands."""
    return {
        "pipeline": record.pipeline, "key": record.key, "store": record.store, "state": str(record.state),
        "reason": record.reason, "created": _text(record.created_at), "read": to_text(record.seen_at),
        "not_before": _text(record.not_before), "deadline": _text(record.deadline),
        "attempts": record.attempts, "released": record.released,
    }  # fmt: skip


def _event_document(received: Received) -> dict[str, Any]:
    message, handled = received.message, received.handled_at
    return {
        "at": to_text(received.received_at), "source": message.source, "topic": message.topic,
        "state": str(received.state), "handled": None if handled is None else to_text(handled),
    }  # fmt: skip


def life_document(life: Life) -> dict[str, Any]:
    """Describe the whole life of a record."""
    record, link = life.record, life.link
    return {
        **record_document(record),
        "source": life.source,
        "reference": life.reference,
        "link": None if link is None else {
            "shop": link.shop, "m3": link.m3, "linked": to_text(link.linked_at), "origin": link.origin,
        },
        "commit_target": record.commit_target,
        "blocked_by": list(record.blocked_by) if record.blocked_by else None,
        "record": record.snapshot, "edits": record.edits,
        "attempts": [_attempt_document(attempt, calls) for attempt, calls in life.attempts],
        "calls": [call_document(call) for call in life.others],
        "dead_letters": [letter_document(letter) for letter in life.dead_letters],
        "events": [_event_document(one) for one in life.events],
        "decisions": [
            {
                "at": to_text(entry["at"]), "actor": entry["actor"], "action": entry["action"],
                "detail": entry["detail"],
            }
            for entry in life.decisions
        ],
        "runs": [
            {"run": run.id, "started": to_text(run.started_at), "result": run.result, "command": run.command}
            for run in life.runs
        ],
    }  # fmt: skip


def _attempt_document(attempt: Attempt, calls: Sequence[LoggedCall]) -> dict[str, Any]:
    return {
        "number": attempt.number, "state": str(attempt.state), "opened": to_text(attempt.opened_at),
        "reference": attempt.reference, "definition": attempt.definition, "committed": attempt.committed,
        "doubt": attempt.doubt, "reason": attempt.reason, "failure": attempt.failure,
        "sweep": _text(attempt.sweep_at), "record": attempt.snapshot, "edits": attempt.edits,
        "calls": [call_document(call) for call in calls],
    }  # fmt: skip


def call_document(call: LoggedCall) -> dict[str, Any]:
    """Describe a call."""
    return {
        "step": call.step, "call": f"{call.connection}/{call.operation}", "effect": str(call.effect),
        "state": str(call.state), "sent": to_text(call.sent_at), "answered": _text(call.answered_at),
        "fields": dict(call.fields), "from": dict(call.origins or {}), "rows": call.rows,
        "failure": call.failure, "clean": call.clean, "run": call.run_id,
    }  # fmt: skip


def planned_document(call: Planned) -> dict[str, Any]:
    """Describe a call that would be made."""
    return {
        "step": call.path, "call": call.target, "effect": call.effect, "fields": dict(call.fields),
        "from": dict(call.origins), "skipped": call.skipped, "problem": call.problem,
    }  # fmt: skip


def letter_document(letter: DeadLetter) -> dict[str, Any]:
    """Describe a dead letter."""
    return {
        "id": letter.id, "pipeline": letter.pipeline, "key": letter.key, "store": letter.store,
        "created": to_text(letter.created_at), "remedy": letter.remedy, "signature": letter.signature,
        "message": letter.message, "step": letter.step, "settled": _text(letter.settled_at),
        "settlement": letter.settlement,
    }  # fmt: skip


def group_document(group: Group) -> dict[str, Any]:
    """Describe dead letters that one remedy may settle."""
    return {
        "remedy": group.remedy, "signature": group.signature, "advice": group.advice,
        "count": len(group.letters), "message": group.letters[-1].message,
        "letters": [
            {"id": letter.id, "pipeline": letter.pipeline, "key": letter.key} for letter in group.letters
        ],
    }  # fmt: skip


def _text(instant: Instant | None) -> str | None:
    return None if instant is None else to_text(instant)
