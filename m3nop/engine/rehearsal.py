"""What becomes of a record whose calls are answered by a script: the engine's own walk, and nothing is sent.

Mapping tests are judged by it. An answer that the script does not have stands as ``<NAME>``, as in a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.core.connector import Answer, Outcome
from m3nop.core.records import Attempt, AttemptState, CallState, Link, LoggedCall, Record, RecordState
from m3nop.engine.actions import Action, Finish, NeedLink, Park, Purpose, Refuse, Send, Settle, Stop, Undo
from m3nop.engine.advance import advance
from m3nop.engine.arrival import classify, key_of, reference_of
from m3nop.engine.in_flight import spelled
from m3nop.engine.linked import ByM3
from m3nop.engine.ports import Job
from m3nop.engine.preview import Planned
from m3nop.engine.verdicts import STATE_OF
from m3nop.engine.work import Work, failure_json, matching_rows
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import OnFail, Step, Target, with_steps

if TYPE_CHECKING:
    from decimal import Decimal

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.mapping.pipeline import Pipeline

NEW = "<new>"
"""Stands for the M3 key of a record that would be delivered first."""

MOST_TURNS = 100_000


class Asked(Struct, frozen=True):
    """A call that is to be answered: its path, what is called, with what."""

    path: str
    target: Target
    fields: Mapping[str, Json]


class Script(Struct, frozen=True):
    """What the two systems answer.

    ``answer`` gives None for a call that the script does not know. ``answers_step`` tells whether it knows
    any answer of a step: the conditions on an answer (``expect``, ``pending_when``) hold where it does not.
    """

    answer: Callable[[Asked], Answer | None]
    answers_step: Callable[[Step], bool]


class Setting(Struct, frozen=True):
    """The world around a record: its own link, links of other pipelines, and what was remembered."""

    links: Mapping[tuple[str, str], str]
    """M3's keys by pipeline and key."""
    now: Instant
    zone: str = "UTC"
    remembered: Mapping[str, Json] | None = None
    in_flight: Mapping[str, Decimal] | None = None
    """Quantities by SKU on shop orders that M3 does not know yet."""
    store_given: bool = False
    """The record is of the pipeline's store whatever it says itself."""

    def by_m3(self) -> ByM3:
        """Look for links by M3's key."""
        known = [Link(*pair, pair[1], m3, self.now) for pair, m3 in self.links.items()]
        return ByM3(lambda pipeline, m3: [one for one in known if one.pipeline == pipeline and one.m3 in m3])


class Rehearsal(Struct, frozen=True):
    """What became of the record, and every call on the way."""

    state: RecordState
    reason: str = ""
    calls: tuple[Planned, ...] = ()
    required: tuple[tuple[str, str], ...] = ()
    """Pipelines and keys of records that would be delivered first."""
    skipped: tuple[str, ...] = ()
    """Ids of the steps that were left out, because their ``when`` is false everywhere."""
    visited: tuple[str, ...] = ()
    """Ids of the steps that were done."""
    warnings: tuple[str, ...] = ()
    vars: Mapping[str, Json] | None = None
    link: Mapping[str, Json] | None = None
    remembered: Mapping[str, Json] | None = None
    reference: str = ""


def rehearse(pipeline: Pipeline, snapshot: Mapping[str, Json], script: Script, setting: Setting) -> Rehearsal:
    """Take a record in and deliver it, as far as the script's answers let it come.

    Raises:
        SourceError: the record has no key.
    """
    bare = replace(pipeline, start=None, double_check=None)
    number = snapshot.get("store_id")
    served = number if setting.store_given and number else pipeline.store.store_id
    job = Job(bare.name, {bare.store.code: bare}, {served: bare.store.code})
    arrival = classify(
        job,
        snapshot,
        partition="",
        now=setting.now,
        zone=setting.zone,
        store=pipeline.store.code,
        by_m3=setting.by_m3(),
    )
    if arrival.state is not RecordState.READY:
        return Rehearsal(arrival.state, arrival.reason)
    key = key_of(bare, snapshot, now=setting.now, zone=setting.zone)
    trusting = with_steps(bare, lambda step: _trusting(step, script))
    try:
        work = _work(trusting, snapshot, key, setting)
        variables = work.root()["vars"]
    except EvaluationError as error:
        return Rehearsal(STATE_OF[OnFail(error.on_fail)], str(error))
    return _Stage(work, script, setting).play(variables)


def _trusting(step: Step, script: Script) -> Step:
    """Leave out conditions on an answer that nobody gives."""
    return step if step.values or script.answers_step(step) else replace(step, expect=(), pending_when=None)


def _work(pipeline: Pipeline, snapshot: Mapping[str, Json], key: str, setting: Setting) -> Work:
    record = Record(
        id=1, pipeline=pipeline.name, key=key, store=pipeline.store.code, state=RecordState.IN_FLIGHT,
        snapshot=snapshot, fingerprint="", created_at=None, seen_at=setting.now, epoch=1,
        remembered=setting.remembered,
    )  # fmt: skip
    attempt = Attempt(
        id=1, record_id=1, number=1, state=AttemptState.OPEN, opened_at=setting.now, snapshot=snapshot,
        definition=pipeline.digest, epoch=1,
        reference=reference_of(pipeline, snapshot, setting.now, setting.zone),
    )  # fmt: skip
    m3 = setting.links.get((pipeline.name, key))
    own = None if m3 is None else Link(pipeline.name, key, key, m3, setting.now)
    under_way = {spelled(sku): quantity for sku, quantity in (setting.in_flight or {}).items()}
    return Work(
        pipeline, record, attempt, link=own, zone=setting.zone, in_flight=under_way,
        by_m3=setting.by_m3(),
    )  # fmt: skip


class _Stage:
    """Plays both systems for one record."""

    def __init__(self, work: Work, script: Script, setting: Setting) -> None:
        self._work = work
        self._script = script
        self._setting = setting
        self._calls: list[Planned] = []
        self._required: list[tuple[str, str]] = []

    def play(self, variables: Mapping[str, Json]) -> Rehearsal:
        for _ in range(MOST_TURNS):
            action = advance(self._work, self._setting.now)
            ended = self._do(action)
            if ended is not None:
                break
        else:
            ended = Rehearsal(RecordState.DEAD, f"it does not end after {MOST_TURNS} calls")
        return replace(
            ended, calls=tuple(self._calls), required=tuple(self._required), vars=variables,
            skipped=tuple(_skipped(self._work.pipeline.steps, self._work.results)),
            visited=tuple(_visited(self._work.pipeline.steps, self._work.results)),
            warnings=tuple(self._work.notes), reference=self._work.attempt.reference,
        )  # fmt: skip

    def _do(self, action: Action) -> Rehearsal | None:
        """Do what the walk asks for; the end of the record, if this is it."""
        match action:
            case Send():
                self._answer(action)
            case NeedLink():
                self._link(action)
            case Refuse():
                line = self._work.log[action.path]
                line.state, line.failure = CallState.REFUSED, failure_json(action.failure)
                self._work.walk_again()
            case Settle():
                line = self._work.log[action.path]
                line.state = CallState.FOUND if action.found else CallState.ABSENT
                line.rows = [dict(row) for row in action.rows]
                self._work.walk_again()
            case Undo():
                return Rehearsal(action.then, action.reason)
            case Park() | Stop():
                return Rehearsal(action.state, action.reason)
            case Finish():
                return self._finished(action)
            case _:
                return Rehearsal(RecordState.DEAD, "everything was taken back")
        return None

    def _finished(self, action: Finish) -> Rehearsal:
        work = self._work
        try:
            # A record for which nothing is to be done (``skip_when``) has no link of its own making.
            link = self._linked() if work.results else None
            moved = work.to_remember() if work.pipeline.moves and work.attempt.committed else None
        except EvaluationError as error:
            return Rehearsal(RecordState.DEAD, str(error))
        return Rehearsal(RecordState.DONE, link=link, remembered=action.remembered or moved)

    def _linked(self) -> Mapping[str, Json] | None:
        work, rule = self._work, self._work.pipeline.link
        if rule is None:
            return None
        root = work.root()
        return {"shop": rule.shop.evaluate(root, work.context), "m3": rule.m3.evaluate(root, work.context)}

    def _link(self, wanted: NeedLink) -> None:
        pair = (wanted.pipeline, wanted.key)
        m3 = self._setting.links.get(pair)
        if m3 is None:
            self._required.append(pair)
        self._work.links[pair] = Link(*pair, wanted.key, NEW if m3 is None else m3, self._setting.now)

    def _answer(self, send: Send) -> None:
        work, path = self._work, send.path
        effect = str(send.target.operation.effect)
        answer = self._script.answer(Asked(path, send.target, send.fields))
        if send.purpose is Purpose.CHECK:
            rows = [] if answer is None else [dict(row) for row in answer.rows]
            if send.probe is not None:
                rows = matching_rows(work, send.probe, rows, send.root or work.root())
            work.checked[path], work.asked_at[path] = rows, self._setting.now
            return
        self._calls.append(Planned(path, str(send.target), effect, send.fields, send.origins))
        given = answer or Answer(Outcome.DONE, self._unknown(path))
        done = given.outcome is Outcome.DONE
        line = LoggedCall(
            id=f"call{len(self._calls)}", record_id=1, attempt_id=1, run_id=0, step=path,
            connection=send.target.connection, operation=send.target.operation.name, effect=effect,
            fields=send.fields, state=CallState.DONE if done else CallState.REFUSED,
            sent_at=self._setting.now, rows=[dict(row) for row in given.rows],
            failure=failure_json(given.failure),
        )  # fmt: skip
        work.record_line(line)
        step = work.step_at(path)
        if step.commit and done:
            work.attempt.committed = True

    def _unknown(self, path: str) -> tuple[Row, ...]:
        """Answer a call that the script does not know: each output by its name."""
        step = self._work.step_at(path)
        request = step.request
        if request.outputs.rows:
            return ()
        if step.upsert is not None:
            return ({"id": "<id>", "action": "<action>", "changed": [], "lost": []},)
        names = request.outputs.names.values() or request.target.operation.outputs or ()
        return ({name: f"<{name}>" for name in names},)


def _skipped(steps: tuple[Step, ...], results: Json) -> list[str]:
    """Name the steps that were visited and gave null, which only a false ``when`` does."""
    found: list[str] = []
    for step in steps:
        if not isinstance(results, Mapping) or step.id not in results:
            continue
        result = results[step.id]
        if result is None:
            found.append(step.id)
        elif step.steps:
            found.extend(_in_all(step.steps, result))
        elif step.switch is not None:
            branches = (*step.switch.cases.values(), step.switch.default)
            found.extend(name for branch in branches for name in _skipped(branch, result))
    return found


def _visited(steps: tuple[Step, ...], results: Json) -> list[str]:
    """Name the steps that have a result."""
    if isinstance(results, list):
        return list(dict.fromkeys(name for result in results for name in _visited(steps, result)))
    found: list[str] = []
    for step in steps:
        if not isinstance(results, Mapping) or results.get(step.id) is None:
            continue
        found.append(step.id)
        branches = (*step.switch.cases.values(), step.switch.default) if step.switch is not None else ()
        for nested in (step.steps, *branches):
            found.extend(_visited(nested, results[step.id]))
    return found


def _in_all(steps: tuple[Step, ...], results: Json) -> list[str]:
    each = [_skipped(steps, result) for result in results] if isinstance(results, list) else []
    return [name for name in each[0] if all(name in others for others in each)] if each else []
