"""Compiles an effective pipeline for one store: what the engine runs, and every problem of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

from m3nop.core import json
from m3nop.core.connector import StoreRef
from m3nop.mapping.lookups import Lookup, Miss
from m3nop.mapping.pipeline import LinkRule, OnChange, Pipeline, Retry, SourceKind, ToZero
from m3nop.spec.checking import check, salvage
from m3nop.spec.desk import Desk, Site
from m3nop.spec.installations import instance_name
from m3nop.spec.models import PipelineSpec, RetrySpec
from m3nop.spec.probes import ProbeCompiler
from m3nop.spec.reference import check_reference
from m3nop.spec.rules import INDEPENDENT
from m3nop.spec.safety import check_safety
from m3nop.spec.scope import RESERVED, Scope
from m3nop.spec.source import (
    compile_source,
    finish_source,
    identity_expression,
    reference_expression,
)
from m3nop.spec.steps import StepCompiler
from m3nop.spec.surroundings import Known
from m3nop.spec.switches import choose_commit, is_enabled
from m3nop.spec.tree import Node, from_json, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import Catalog
    from m3nop.core.problems import Problem
    from m3nop.mapping.expressions import Expression

FORMAT = 1
_ABOUT = ("description", "schedule", "trigger")
"""Keys that change nothing of what is delivered, so a change of them is no change of the mapping."""


class Compiled(Struct, frozen=True):
    """A pipeline, unless it is wrong, and what was found while compiling it."""

    pipeline: Pipeline | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    """Operations that could not be checked against the system itself, for want of its metadata."""
    lookups: frozenset[str] = frozenset()
    """Lookups that it uses."""
    blocks: frozenset[str] = frozenset()
    """Blocks that it uses."""
    settings: frozenset[str] | None = None
    """Settings that it uses; None: all of them."""
    of_store: bool = True
    """Whether it uses the store itself, too."""


def compile_tree(node: Node, site: Site) -> Compiled:
    """Compile an effective pipeline."""
    problems: list[Problem] = []
    spec = check(PipelineSpec, node, problems)
    if spec is None:
        return Compiled(None, (*problems, *_in_the_rest(node, site)))
    desk = Desk(node, site, Known(site, spec))
    pipeline = _Compilation(desk, spec).run()
    return Compiled(
        None if desk.failed else pipeline,
        tuple(desk.problems),
        tuple(desk.notes),
        frozenset(desk.used.lookups),
        frozenset(desk.used.blocks),
        None if desk.used.all_settings else frozenset(desk.used.settings),
        desk.used.store,
    )


def _in_the_rest(node: Node, site: Site) -> tuple[Problem, ...]:
    """Check the rest of a pipeline whose form is wrong, leaving out what may only follow from that."""
    saved = salvage(PipelineSpec, node)
    if saved is None:
        return ()
    spec, rest = saved
    desk = Desk(rest, site, Known(site, spec))
    _Compilation(desk, spec).run()
    return tuple(problem for problem in desk.problems if problem.code in INDEPENDENT)


class _Compilation:
    def __init__(self, desk: Desk, spec: PipelineSpec) -> None:
        self._desk = desk
        self._spec = spec
        desk.remembered = frozenset(spec.remember)
        desk.later_steps = frozenset(step.id for step in spec.steps)

    def run(self) -> Pipeline:
        desk, spec = self._desk, self._spec
        record = self._record_name()
        narrow = Scope(record, frozenset({"store"}))
        site = narrow.adding("settings", "environment")
        enabled = is_enabled(desk, spec.enabled_when, site)
        source = compile_source(desk, spec.source, site)
        key = identity_expression(desk, ("key",), spec.key, narrow)
        if source.draft.kind is SourceKind.LINKS and spec.key != f"{record}.key":
            hint = f"write {record}.key"
            desk.add(desk.at(("key",)), "key-form", "a link is read again by the key of its record", hint)
        reference = reference_expression(desk, spec, narrow)
        scope = site.adding("link", "remembered", "attempt", *(["reference"] if spec.reference else []))
        variables, scope = self._vars(scope)
        steps = StepCompiler(desk, spec.blocks, spec.probes)
        checks = steps.checks(spec.checks, ("checks",), scope)
        skip_when = desk.optional(("skip_when",), spec.skip_when, scope)
        before = scope.adding("steps")
        compiled, after = steps.compile(spec.steps, ("steps",), before)
        compiled = choose_commit(steps, compiled)
        probing = ProbeCompiler(steps, spec, before=before, variables=dict(variables))
        probes = probing.compile()
        link = self._link(after)
        remember = self._expressions("remember", spec.remember, after)
        finish_source(desk, spec.source, source, after)
        double_check = probing.double_check(probes)
        check_safety(desk, spec, steps.placed, probes)
        if reference is not None:
            check_reference(desk, reference, record=record, placed=steps.placed)
        definition = self._definition()
        return Pipeline(
            name=instance_name(spec.pipeline, desk.site.installation),
            description=spec.description,
            store=desk.site.store,
            environment=desk.site.environment,
            definition=json.canonical(definition),
            digest=json.digest(definition),
            source=source.rule(desk.used),
            key=key,
            steps=compiled,
            settings=self._settings(),
            lookups=self._lookups(),
            reference=reference,
            vars=variables,
            checks=checks,
            probes=probes,
            double_check=double_check,
            on_change=OnChange(spec.on_change or "review"),
            link=link,
            remember=remember,
            skip_when=skip_when,
            to_zero=self._to_zero(after),
            asks_in_flight=desk.used.in_flight,
            retry=_retry(spec.on_error or RetrySpec()),
            start=desk.site.start,
            enabled=enabled,
        )

    def _record_name(self) -> str:
        name = self._spec.source.as_
        if name in RESERVED:
            at = self._desk.at(("source", "as"))
            self._desk.add(
                at, "reserved-name", f"the name '{name}' has a meaning of its own", "choose another"
            )
        return name

    def _vars(self, scope: Scope) -> tuple[tuple[tuple[str, Expression], ...], Scope]:
        found = []
        scope = scope.adding("vars")
        for name, text in self._spec.vars.items():
            found.append((name, self._desk.expression(("vars", name), text, scope)))
            scope = scope.with_var(name)
        return tuple(found), scope

    def _link(self, scope: Scope) -> LinkRule | None:
        link = self._spec.link
        if link is None:
            return None
        shop = self._desk.expression(("link", "shop"), link.shop, scope)
        return LinkRule(shop=shop, m3=self._desk.expression(("link", "m3"), link.m3, scope))

    def _expressions(
        self, section: str, texts: dict[str, str], scope: Scope
    ) -> tuple[tuple[str, Expression], ...]:
        return tuple(
            (name, self._desk.expression((section, name), text, scope)) for name, text in texts.items()
        )

    def _to_zero(self, scope: Scope) -> ToZero | None:
        rule = self._spec.limits.to_zero if self._spec.limits else None
        if rule is None:
            return None
        at = ("limits", "to_zero")
        value = self._desk.expression((*at, "value"), rule.value, scope)
        before = self._desk.optional((*at, "before"), rule.before, scope)
        return ToZero(value, before, rule.percent, rule.at_least)

    def _settings(self) -> dict[str, Any]:
        """Return the settings that are used."""
        settings, used = self._desk.site.settings or {}, self._desk.used
        return {name: value for name, value in settings.items() if used.all_settings or name in used.settings}

    def _lookups(self) -> dict[str, Lookup]:
        """Return the lookups that are used."""
        known = self._desk.site.lookups or {}
        found = {name: known[name] for name in sorted(self._desk.used.lookups) if name in known}
        return {name: lookup for name, lookup in found.items() if lookup is not None}

    def _definition(self) -> dict[str, Any]:
        desk = self._desk
        pipeline = {name: value for name, value in plain(desk.node).items() if name not in _ABOUT}
        if "blocks" in pipeline:
            pipeline["blocks"] = {n: b for n, b in pipeline["blocks"].items() if n in desk.used.blocks}
        if "vars" in pipeline:
            # As pairs, because canonical JSON sorts keys and each var sees only the ones before it.
            pipeline["vars"] = [[name, text] for name, text in pipeline["vars"].items()]
        return {
            "format": FORMAT,
            "pipeline": pipeline,
            "store": asdict(desk.site.store),
            "environment": desk.site.environment,
            **({"installation": desk.site.installation} if desk.site.installation else {}),
            "settings": self._settings(),
            "lookups": {name: _lookup_data(lookup) for name, lookup in self._lookups().items()},
        }


def _retry(spec: RetrySpec) -> Retry:
    return Retry(
        retries=spec.retries,
        delay=spec.delay,
        longest=spec.longest,
        exponential=spec.backoff == "exponential",
    )


def _lookup_data(lookup: Lookup) -> dict[str, Any]:
    return {
        "columns": list(lookup.columns),
        "rows": {code: dict(row) for code, row in lookup.rows.items()},
        "missing": str(lookup.missing),
        "default": lookup.default,
    }


def site_of(definition: dict[str, Any], *, catalogs: Mapping[str, Catalog | None]) -> Site:
    """Rebuild what a stored definition was compiled for; catalogs are the live ones."""
    return Site(
        store=StoreRef(**definition["store"]),
        environment=definition["environment"],
        installation=definition.get("installation", ""),
        settings=definition["settings"],
        lookups={
            name: Lookup(
                name=name,
                columns=tuple(data["columns"]),
                rows=data["rows"],
                missing=Miss(data["missing"]),
                default=data["default"],
            )
            for name, data in definition["lookups"].items()
        },
        catalogs=catalogs,
    )


def definition_tree(definition: dict[str, Any]) -> Node:
    """Return the pipeline of a stored definition as a tree."""
    pipeline = definition["pipeline"]
    if "vars" in pipeline:
        pipeline = {**pipeline, "vars": dict(pipeline["vars"])}
    return from_json(pipeline, file="definition")
