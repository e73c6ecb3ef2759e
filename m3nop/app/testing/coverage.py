"""Which rules of a mapping the tests reach: steps, fields, conditions, cases, lookups, each at its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.engine.work import key_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.pipeline import walk as every_step
from m3nop.mapping.pipeline import with_steps
from m3nop.spec.places import Places

if TYPE_CHECKING:
    from m3nop.app.testing.bench import Verdict
    from m3nop.core.json import Json
    from m3nop.core.problems import Position
    from m3nop.engine.rehearsal import Rehearsal
    from m3nop.mapping.expressions import Expression
    from m3nop.mapping.fields import FieldRule
    from m3nop.mapping.pipeline import Check, Pipeline, Request, Step, Switch, Upsert
    from m3nop.spec.project import LoadedProject

SECTIONS = ("match", "fields", "on_create")


class Rule(Struct, frozen=True, order=True):
    """One thing that a mapping can do."""

    position: Position
    what: str
    """Said to a reader: ``field lines.SAPR``, ``check 2 fails``, ``step freight is skipped``."""


Listener = Callable[[str], None]


class Coverage:
    """Collects what is reached, and by which tests."""

    def __init__(self) -> None:
        self._rules: dict[str, set[Rule]] = defaultdict(set)
        self._at: dict[tuple[str, str], dict[str, Rule]] = {}
        self._by: dict[Rule, set[str]] = defaultdict(set)
        self._names: set[str] = set()

    def expect(self, project: LoadedProject, name: str, stores: Iterable[str]) -> None:
        """Say that the rules of a pipeline, as it is for its stores, are to be reached."""
        for store in stores:
            tree, pipeline = project.effective(name, store), project.compile(name, store).pipeline
            if tree is None or pipeline is None or (name, store) in self._at:
                continue
            found = {what: Rule(at, what) for what, at in rules(pipeline, Places(tree))}
            self._at[name, store] = found
            self._rules[name] |= set(found.values())

    def watch(self, pipeline: Pipeline) -> Pipeline:
        """Put listeners into a pipeline."""
        return watched(pipeline, self._names.add)

    def test(self, verdict: Verdict) -> None:
        """Take what one test reached; what its expressions told is forgotten then."""
        file, found = verdict.file, verdict.found
        names = self._names | (set() if found is None else set(_reached(found)))
        self._names.clear()
        known = self._at.get((file.spec.pipeline if file.spec else "", verdict.store), {})
        for name in names & known.keys():
            self._by[known[name]].add(f"{file.path.name}: {verdict.test.spec.name}")

    def pipelines(self) -> list[str]:
        """Name the pipelines whose rules are known."""
        return sorted(self._rules)

    def reached(self, pipeline: str) -> dict[Rule, frozenset[str]]:
        """Return every rule of a pipeline with the tests that reach it."""
        return {rule: frozenset(self._by.get(rule, ())) for rule in sorted(self._rules[pipeline])}


# -- what there is to reach


def rules(pipeline: Pipeline, places: Places) -> Iterator[tuple[str, Position]]:
    """Name every rule of a pipeline with its place."""
    source = pipeline.source
    for part in ("ready", "filter"):
        if getattr(source, part) is not None:
            yield from _both(part, places.at("source", part), "holds", "fails")
    for index, _ in enumerate(pipeline.checks):
        yield from _both(f"check {index + 1}", places.at("checks", index), "holds", "fails")
    for step in every_step(pipeline.steps):
        yield from _rules_of_step(step, places)


def _rules_of_step(step: Step, places: Places) -> Iterator[tuple[str, Position]]:
    yield f"step {step.id}", places.step(step.id)
    if step.when is not None:
        yield f"step {step.id} is skipped", places.step(step.id, "when")
    for index, _ in enumerate(step.expect):
        name = f"step {step.id} expect {index + 1}"
        yield from _both(name, places.step(step.id, "expect", index), "holds", "fails")
    if step.switch is not None:
        for case in step.switch.cases:
            yield f"switch {step.id} case {case}", places.step(step.id, "cases", case)
        yield f"switch {step.id} default", places.step(step.id, "default")
    for section, rule in fields_of(step):
        at = places.field(step.id, section, rule.name)
        name = field_name(step.id, section, rule.name)
        yield f"field {name}", at
        if rule.when is not None:
            yield f"field {name} is left out", at
        if rule.lookup is not None and rule.expression is not None:
            yield from _both(f"lookup {rule.lookup} of {name}", at, "finds a row", "has no row")


def _both(name: str, at: Position, *ends: str) -> Iterator[tuple[str, Position]]:
    for end in ends:
        yield f"{name} {end}", at


def field_name(step: str, section: str, name: str) -> str:
    """Name a field for a reader."""
    return f"{step}.{name}" if section == "fields" else f"{step}.{section}.{name}"


def fields_of(step: Step) -> Iterator[tuple[str, FieldRule]]:
    """Yield the field rules of a step with the section that each stands in."""
    if step.upsert is not None:
        for section in SECTIONS:
            for rule in getattr(step.upsert, section):
                yield section, rule
    for request in (step.call, step.read):
        for rule in request.fields if request is not None else ():
            yield "fields", rule


# -- what is reached


def _reached(found: Rehearsal) -> Iterator[str]:
    yield from (f"step {name}" for name in found.visited)
    yield from (f"step {name} is skipped" for name in found.skipped)
    for call in found.calls:
        parts = call.path.split("/")
        step = parts[-1] if len(parts) % 2 else parts[-2]
        yield f"step {step}"
        if call.effect == "convergent":
            for section in SECTIONS:
                yield from (
                    f"field {field_name(step, section, name)}" for name in call.fields.get(section) or ()
                )
        yield from (f"field {field_name(step, 'fields', name)}" for name in call.fields)


def watched(pipeline: Pipeline, tell: Listener) -> Pipeline:
    """Put listeners into every condition, switch and lookup of a pipeline."""
    source = pipeline.source
    return with_steps(
        replace(
            pipeline,
            source=replace(
                source,
                ready=_condition(source.ready, "ready", tell),
                filter=_condition(source.filter, "filter", tell),
            ),
            checks=_checks(pipeline.checks, "check", tell),
        ),
        lambda step: _watched_step(step, pipeline, tell),
    )


def _condition(expression: Expression | None, name: str, tell: Listener) -> Expression | None:
    if expression is None:
        return None
    return expression.watched(lambda value: tell(f"{name} {'holds' if value is True else 'fails'}"))


def _checks(checks: tuple[Check, ...], name: str, tell: Listener) -> tuple[Check, ...]:
    return tuple(
        replace(check, condition=_condition(check.condition, f"{name} {number}", tell) or check.condition)
        for number, check in enumerate(checks, start=1)
    )


def _watched_step(step: Step, pipeline: Pipeline, tell: Listener) -> Step:
    return replace(
        step,
        expect=_checks(step.expect, f"step {step.id} expect", tell),
        switch=None if step.switch is None else _switch(step.switch, step.id, pipeline, tell),
        call=_request(step.call, step.id, pipeline, tell),
        read=_request(step.read, step.id, pipeline, tell),
        upsert=None if step.upsert is None else _upsert(step.upsert, step.id, pipeline, tell),
    )


def _switch(switch: Switch, step: str, pipeline: Pipeline, tell: Listener) -> Switch:
    def seen(value: Json) -> None:
        if switch.lookup is not None:
            value = pipeline.lookups[switch.lookup].find(value)
        name = key_text(value)
        tell(f"switch {step} case {name}" if name in switch.cases else f"switch {step} default")

    return replace(switch, value=switch.value.watched(seen))


def _request(request: Request | None, step: str, pipeline: Pipeline, tell: Listener) -> Request | None:
    if request is None:
        return None
    return replace(request, fields=_fields(request.fields, step, "fields", pipeline, tell))


def _upsert(upsert: Upsert, step: str, pipeline: Pipeline, tell: Listener) -> Upsert:
    changed: Mapping[str, tuple[FieldRule, ...]] = {
        section: _fields(getattr(upsert, section), step, section, pipeline, tell) for section in SECTIONS
    }
    return replace(upsert, match=changed["match"], fields=changed["fields"], on_create=changed["on_create"])


def _fields(
    rules_: tuple[FieldRule, ...], step: str, section: str, pipeline: Pipeline, tell: Listener
) -> tuple[FieldRule, ...]:
    return tuple(_field(rule, field_name(step, section, rule.name), pipeline, tell) for rule in rules_)


def _field(rule: FieldRule, name: str, pipeline: Pipeline, tell: Listener) -> FieldRule:
    when = rule.when
    if when is not None:
        when = when.watched(lambda value: None if value is True else tell(f"field {name} is left out"))
    expression = rule.expression
    if rule.lookup is not None and expression is not None:
        expression = expression.watched(_lookup_listener(rule.lookup, name, pipeline, tell))
    return replace(rule, when=when, expression=expression)


def _lookup_listener(lookup: str, name: str, pipeline: Pipeline, tell: Listener) -> Callable[[Json], None]:
    table = pipeline.lookups.get(lookup)

    def seen(value: Json) -> None:
        try:
            found = table is not None and table.row(value) is not None
        except EvaluationError:
            # A list or an object is no code; the field itself says so.
            return
        tell(f"lookup {lookup} of {name} {'finds a row' if found else 'has no row'}")

    return seen
