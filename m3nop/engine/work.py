"""One record being worked on: its attempt, its call log folded by step, and the root its expressions see."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from m3nop.core.connector import Failure, Remedy, Row
from m3nop.core.records import Attempt, CallState, Link, LoggedCall, Record
from m3nop.engine import edits
from m3nop.engine.in_flight import spelled
from m3nop.engine.linked import NOTHING, ByM3
from m3nop.mapping.context import Context
from m3nop.mapping.fields import ByHand, Mapped
from m3nop.mapping.pipeline import Outputs, Pipeline, Probe, Step, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.mapping.pipeline import Request

_NO_EFFECT = frozenset({CallState.NOT_SENT, CallState.ABSENT})
_DONE = frozenset({CallState.DONE, CallState.FOUND})


class Loop:
    """How far the items of a step with ``for_each`` have come."""

    def __init__(self, items: Sequence[Json]) -> None:
        self.todo = deque(items)
        self.results: list[Json] = []
        self.seen: set[str] = set()
        self.present: Item | None = None
        """The first of those to do, once it was looked at."""

    def done(self, key: str, result: Json) -> None:
        """Go on to the next item."""
        self.todo.popleft()
        self.seen.add(key)
        self.results.append(result)
        self.present = None


class Item(NamedTuple):
    """One item of a ``for_each``: its key, its path in the call log, and the root that its step sees."""

    key: str
    path: str
    root: Mapping[str, Json]
    outer: Mapping[str, Json]
    """The root that it was made from."""


class Work:
    """A claimed record. The call log is the truth; everything else here can be thrown away and made again."""

    def __init__(
        self, pipeline: Pipeline, record: Record, attempt: Attempt, *, lines: Iterable[LoggedCall] = (),
        link: Link | None = None, zone: str = "UTC", settle_after: Mapping[str, int] | None = None,
        sweeping: bool = False, in_flight: Mapping[str, Decimal] | None = None, by_m3: ByM3 = NOTHING,
    ) -> None:  # fmt: skip
        self.pipeline, self.record, self.attempt = pipeline, record, attempt
        self.log = {line.step: line for line in lines}
        self.checked: dict[str, list[dict[str, Any]]] = {}
        self.blind = ""
        """Why the last look-up could not look; what it would have found is unknown."""
        self.asked_at: dict[str, Instant] = {}
        """When each look-up in ``checked`` was sent: it says nothing of what happened later."""
        self.links: dict[tuple[str, str], Link | None] = {}
        self.outdated = ""
        """Why the attempt no longer fits (the record or the mapping changed), or ``""``."""
        self.older_epoch = record.epoch < attempt.epoch
        self.predates = False
        """Whether it is from before this state was set up or restored, which knows nothing of that time."""
        self.only_look = False
        """Whether nothing is sent that acts: what an earlier state entered is looked up and taken over."""
        self.sweeping = sweeping
        self._settle_after = settle_after or {}
        self.notes: list[str] = []
        self.results: dict[str, Json] = {}
        self.cursor = 0
        self.loops: dict[str, Loop] = {}
        """By path, what was done already where the position is in a ``for_each``."""
        self._link = link
        self._root: dict[str, Json] | None = None
        self._steps: dict[str, Step] = {}
        self.unlogged: list[LoggedCall] = []
        """Reads that are written only when something acts: what changes nothing leaves no trace."""
        self.edits = edits.read(attempt.edits)
        self.context = Context(
            now=attempt.opened_at,
            time_zone=zone,
            lookups=pipeline.lookups,
            # Not a method: what refers to itself would stay in memory until the collector looks for it.
            link=partial(_linked, self.links, pipeline.name),
            linked_by_m3=by_m3,
            in_flight=lambda sku: (in_flight or {}).get(spelled(sku), Decimal(0)),
        )

    # -- what happened so far

    def line(self, path: str) -> LoggedCall | None:
        """Return the line of the log that counts for this path, unless it is known to have had no effect."""
        line = self.log.get(path)
        return None if line is None or line.state in _NO_EFFECT else line

    def taken(self, path: str) -> LoggedCall | None:
        """Return the line if it is known to have taken effect."""
        line = self.log.get(path)
        return line if line is not None and line.state in _DONE else None

    def settled_at(self, line: LoggedCall) -> Instant:
        """Return the instant from which on a call that was sent cannot take effect any more."""
        left_by = max(line.sent_at, line.left_by or 0)
        return left_by + self._settle_after.get(line.connection, 0)

    def step_at(self, path: str) -> Step:
        """Return the step that a path of the call log belongs to.

        A path alternates steps and keys (``lines/2001``, ``shipment/D1/create``).
        """
        self._steps = self._steps or {step.id: step for step in walk(self.pipeline.steps)}
        segments = path.split("/")
        return self._steps[segments[-1] if len(segments) % 2 else segments[-2]]

    @property
    def commit_line(self) -> LoggedCall | None:
        """The line of the commit, if it was ever sent and is not proved to have had no effect."""
        commit = self.pipeline.commit_step
        return self.line(commit.id) if commit else None

    @property
    def started(self) -> bool:
        """Whether the attempt has made any call that acts."""
        return any(line.effect != "read" and line.state not in _NO_EFFECT for line in self.log.values())

    def record_line(self, line: LoggedCall) -> None:
        """Put a new or changed line into the log; what was worked out from it is worked out again."""
        self.log[line.step] = line

    @property
    def is_logged(self) -> bool:
        """Whether the call log has anything of it that is worth keeping."""
        return len(self.log) > len(self.unlogged)

    def walk_again(self) -> None:
        """Forget the position, because a line of the log changed its meaning."""
        self.results.clear()
        self.loops.clear()
        self.cursor = 0

    # -- what expressions see

    def root(self) -> dict[str, Json]:
        """Return the root object of the attempt's expressions."""
        if self._root is None:
            self._root = self._make_root()
        return self._root

    def _make_root(self) -> dict[str, Json]:
        pipeline, attempt = self.pipeline, self.attempt
        root: dict[str, Json] = {
            pipeline.source.name: edits.laid_over(attempt.snapshot, self.edits),
            "settings": pipeline.settings,
            "store": {"code": pipeline.store.code, "store_id": pipeline.store.store_id},
            "environment": pipeline.environment,
            "link": _link_value(self._link),
            "remembered": self.record.remembered or {},
            "attempt": {"number": attempt.number},
            "reference": attempt.reference or None,
            "steps": self.results,
        }
        variables: dict[str, Json] = {}
        root["vars"] = variables
        for name, expression in pipeline.vars:
            variables[name] = expression.evaluate(root, self.context)
        return root

    def with_step(
        self, step_id: str, value: Mapping[str, Json], *, root: Mapping[str, Json] | None = None
    ) -> dict[str, Json]:
        """Return a root in which one step has this result."""
        base = self.root() if root is None else root
        return {**base, "steps": {**base["steps"], step_id: value}}

    def map(
        self, request: Request, root: Mapping[str, Json], by_hand: Mapping[str, Json] | None = None
    ) -> Mapped:
        """Map the fields of a request to what its operation takes; what was given by hand comes first."""
        return request.plan.map(root, self.context, ByHand(by_hand, self.edits.note) if by_hand else None)

    def map_step(self, step: Step, path: str, root: Mapping[str, Json]) -> Mapped:
        """Map the fields of the call, read or upsert that a step makes at ``path``.

        An upsert takes ``match``, ``fields``, ``on_create`` and ``missing``.
        """
        upsert, by_hand = step.upsert, self.edits.fields(path)
        if upsert is None:
            return self.map(step.request, root, by_hand)
        fields: dict[str, Json] = {"missing": upsert.missing}
        origins: dict[str, str] = {}
        for part, request in upsert.parts.items():
            prefix = "" if part == "fields" else f"{part}."
            given = {
                rule.name: by_hand[prefix + rule.name]
                for rule in request.fields
                if prefix + rule.name in by_hand
            }
            mapped = self.map(request, root, given)
            fields[part] = mapped.fields
            origins.update((f"{part}.{name}", origin) for name, origin in mapped.origins.items())
        return Mapped(fields, origins)

    def to_remember(self, root: Mapping[str, Json] | None = None) -> dict[str, Json] | None:
        """Work out what the pipeline keeps with the record, or None where it keeps nothing."""
        seen = self.root() if root is None else root
        kept = {name: value.evaluate(seen, self.context) for name, value in self.pipeline.remember}
        return kept or None


def _linked(
    links: Mapping[tuple[str, str], Link | None], own_pipeline: str, pipeline: str, key: str
) -> Mapping[str, Json] | None:
    # An instance for another installation has the links of its own side.
    own = f"{pipeline}@{own_pipeline.partition('@')[2]}"
    link = links.get((pipeline, key)) or links.get((own, key))
    return None if link is None else {"m3": link.m3, "shop": link.shop}


def _link_value(link: Link | None) -> Json:
    return {"exists": link is not None, "m3": link.m3 if link else None, "shop": link.shop if link else None}


def result_of(outputs: Outputs, line: LoggedCall) -> dict[str, Json]:
    """Return what later steps see of an answered call: its outputs and the fields that were sent."""
    if outputs.rows:
        return {"fields": line.fields, "rows": [name_row(outputs, row) for row in line.rows or ()]}
    result = first_row(outputs, line)
    result["fields"] = line.fields
    return result


def first_row(outputs: Outputs, line: LoggedCall) -> dict[str, Json]:
    """Return the outputs of an answered call that are told by one row."""
    return name_row(outputs, line.rows[0]) if line.rows else dict.fromkeys(outputs.names)


def name_row(outputs: Outputs, row: Row) -> dict[str, Json]:
    """Give the values of an answered row the names that the pipeline uses."""
    if not outputs.names:
        return dict(row)
    return {name: row.get(source) for name, source in outputs.names.items()}


def answer_row(outputs: Outputs, named: Mapping[str, Json]) -> dict[str, Json]:
    """Turn named values back into a row as the operation would have answered it."""
    if not outputs.names:
        return {name: value for name, value in named.items() if not name.startswith("_")}
    return {source: named.get(name) for name, source in outputs.names.items()}


def matching_rows(
    work: Work, probe: Probe, rows: Iterable[Row], root: Mapping[str, Json]
) -> list[dict[str, Json]]:
    """Keep the rows that a probe's ``match`` accepts, with their outputs named.

    Rows that are the same in every output are one document, which pages that overlap showed twice.
    """
    kept: list[dict[str, Json]] = []
    for row in rows:
        if probe.match is None or probe.match.condition({**root, "row": row}, work.context):
            named = name_row(probe.read.outputs, row)
            if named not in kept:
                kept.append(named)
    return kept


def disagreement(work: Work, probe: Probe, named: Mapping[str, Json], root: Mapping[str, Json]) -> str:
    """Say in which field a found row differs from what the attempt meant, or ``""``."""
    for name, expression in probe.agree.items():
        meant = expression.evaluate(root, work.context)
        if meant is not None and key_text(named.get(name)) != key_text(meant):
            return f"{name} is {key_text(named.get(name))!r}, not {key_text(meant)!r}"
    return ""


def key_text(value: Json) -> str:
    """Return a key, or the name of a case, as text."""
    return "" if value is None else str(value).strip()


def same_document(document: Mapping[str, Json] | None, row: Mapping[str, Json]) -> bool:
    """Tell whether a found row is this document, whose outputs may have passed through the state."""
    if not document:
        return False
    return all(key_text(row.get(name)) == key_text(value) for name, value in document.items())


def failure_of(line: LoggedCall) -> Failure:
    """Read the failure that a line of the call log keeps."""
    kept = line.failure or {}
    return Failure(
        remedy=Remedy(kept.get("remedy", Remedy.BUSINESS)),
        message=kept.get("message", "no answer"),
        code=kept.get("code", ""),
        field=kept.get("field", ""),
        status=kept.get("status"),
    )


def failure_json(failure: Failure | None) -> Json:
    """Write a failure for the call log."""
    if failure is None:
        return None
    return {
        "remedy": str(failure.remedy), "message": failure.message, "code": failure.code,
        "field": failure.field, "status": failure.status,
    }  # fmt: skip
