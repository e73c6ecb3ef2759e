"""What maps to what, as tables that people sign: each target field with its source, in words too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.registry import CONNECTORS
from m3nop.app.session import unknown
from m3nop.app.testing.coverage import fields_of
from m3nop.core import json
from m3nop.core.errors import ConfigurationError, UsageError
from m3nop.mapping.pipeline import walk
from m3nop.mapping.words import in_words
from m3nop.spec.places import Places
from m3nop.spec.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.app.session import Place
    from m3nop.core.connector import FieldInfo
    from m3nop.core.problems import Position
    from m3nop.mapping.fields import FieldRule
    from m3nop.mapping.pipeline import Pipeline, Step

FIELDS = "Fields"
"""The table that says what maps to what."""


class Table(Struct, frozen=True):
    """Rows of text under headings."""

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class SignOff(Struct, frozen=True):
    """A pipeline as it is for one store in one environment."""

    pipeline: str
    description: str
    store: str
    environment: str
    digest: str
    """Of the definition: equal digests mean the same mapping, settings and codes."""
    tables: tuple[Table, ...]


def sign_off(place: Place, name: str, *, store: str | None = None) -> SignOff:
    """Lay a pipeline out as tables, for its first store unless one is named.

    Raises:
        UsageError: there is no such pipeline or store.
        ConfigurationError: the pipeline is wrong; carries the problems.
    """
    project = load_project(
        place.folder, environment=place.environment, registry=CONNECTORS, environ=os.environ
    )
    if name not in project.pipelines:
        raise UsageError(unknown("pipeline", name, project.pipelines))
    name = project.for_store(name, store)
    stores = project.stores_of(name)
    chosen = store or next(iter(stores), "")
    if chosen not in stores:
        raise UsageError(unknown("store", chosen, stores))
    tree = project.effective(name, chosen)
    if tree is None:
        msg = f"pipeline {name} cannot be read; see `m3nop validate`"
        raise ConfigurationError(msg, problems=project.problems)
    pipeline = project.pipeline(name, chosen)
    desk = _Desk(pipeline, Places(tree), place.folder.as_posix())
    tables = (
        desk.overview(), desk.fields(), desk.values(), desk.checks(), desk.settings(), *desk.lookups(),
    )  # fmt: skip
    shown = tuple(table for table in tables if table.rows)
    return SignOff(name, pipeline.description, chosen, place.environment, pipeline.digest, shown)


class _Desk(Struct, frozen=True):
    pipeline: Pipeline
    places: Places
    folder: str

    def overview(self) -> Table:
        """Tell where the records come from and when they are worked on."""
        source, pipeline = self.pipeline.source, self.pipeline
        facts: list[tuple[str, str, tuple[str, ...]]] = [
            ("source", f"{source.connection}/{source.resource}".strip("/"), ("source",))
        ]
        for part, expression in (("ready", source.ready), ("filter", source.filter)):
            if expression is not None:
                facts.append((part, in_words(expression.text), ("source", part)))
        facts.append(("key", in_words(pipeline.key.text), ("key",)))
        if pipeline.reference is not None:
            facts.append(("reference", in_words(pipeline.reference.text), ("reference",)))
        facts.append(("on_change", str(pipeline.on_change), ("on_change",)))
        if pipeline.link is not None:
            facts.append(("link.shop", in_words(pipeline.link.shop.text), ("link", "shop")))
            facts.append(("link.m3", in_words(pipeline.link.m3.text), ("link", "m3")))
        rows = tuple((name, text, self._place(self.places.at(*loc))) for name, text, loc in facts)
        return Table("Overview", ("what", "value", "written at"), rows)

    def fields(self) -> Table:
        """Tell of each target field where its value comes from."""
        headings = (
            "step", "step only when", "for each", "target", "part", "field", "description", "type", "length",
            "mandatory", "source in words", "expression", "lookup", "if the code is missing", "default",
            "field only when", "cut if too long", "written at",
        )  # fmt: skip
        rows = (row for step in walk(self.pipeline.steps) for row in self._step(step))
        return Table(FIELDS, headings, tuple(rows))

    def _step(self, step: Step) -> Iterator[tuple[str, ...]]:
        when = in_words(step.when.text) if step.when else ""
        each = "" if step.for_each is None else f"{step.for_each.name} in {step.for_each.items.text}"
        if step.requires is not None:
            key = step.requires.key.text
            at = self._place(self.places.step(step.id))
            what = f"record of {step.requires.pipeline}"
            yield (step.id, when, each, what, "", "key", "", "", "", "", in_words(key), key, *[""] * 5, at)
            return
        action = step.call or step.read or step.upsert
        if action is None:
            return
        operation = action.target.operation
        for section, rule in fields_of(step):
            info = (operation.inputs or {}).get(rule.name)
            part = section if step.upsert is not None else ""
            at = self._place(self.places.field(step.id, section, rule.name))
            told = (step.id, when, each, str(action.target), part, rule.name)
            yield (*told, *_described(info), *_source(rule), at)

    def values(self) -> Table:
        """Tell of the pipeline's vars."""
        rows = tuple(
            (name, in_words(expression.text), expression.text, self._place(self.places.at("vars", name)))
            for name, expression in self.pipeline.vars
        )
        return Table("Values", ("value", "in words", "expression", "written at"), rows)

    def checks(self) -> Table:
        """Tell of the conditions, before any call and on answers."""
        rows = [
            ("before any call", check.message, str(check.on_fail), in_words(check.condition.text),
             check.condition.text, self._place(self.places.at("checks", index)))
            for index, check in enumerate(self.pipeline.checks)
        ]  # fmt: skip
        rows += [
            (f"answer of {step.id}", check.message, str(check.on_fail), in_words(check.condition.text),
             check.condition.text, self._place(self.places.step(step.id, "expect", index)))
            for step in walk(self.pipeline.steps)
            for index, check in enumerate(step.expect)
        ]  # fmt: skip
        headings = ("where", "message", "if it is not so", "must be so", "expression", "written at")
        return Table("Checks", headings, tuple(rows))

    def settings(self) -> Table:
        """Tell of the site values that the pipeline uses."""
        rows = tuple((name, _text(value)) for name, value in sorted(self.pipeline.settings.items()))
        return Table("Settings", ("setting", "value"), rows)

    def lookups(self) -> Iterator[Table]:
        """Give the codes of each lookup that the pipeline uses."""
        for name, lookup in sorted(self.pipeline.lookups.items()):
            rows = tuple(
                (code, *(row.get(column, "") for column in lookup.columns))
                for code, row in lookup.rows.items()
            )
            yield Table(f"Lookup {name}", ("from", *lookup.columns), rows)

    def _place(self, at: Position) -> str:
        return f"{at.file.removeprefix(self.folder).lstrip('/')}:{at.line}"


def _described(info: FieldInfo | None) -> Sequence[str]:
    if info is None:
        return ("", "", "", "")
    kinds = {"A": "text", "N": "number", "D": "date"}
    length = "" if info.length is None else str(info.length)
    decimals = f",{info.decimals}" if info.decimals else ""
    mandatory = "yes" if info.mandatory else ""
    return (info.description, kinds.get(info.type or "", info.type or ""), f"{length}{decimals}", mandatory)


def _source(rule: FieldRule) -> Sequence[str]:
    if rule.expression is None:
        words, text = f'always "{_text(rule.value)}"', f"{{value: {_text(rule.value)}}}"
    else:
        words, text = in_words(rule.expression.text), rule.expression.text
    if rule.unit is not None:
        words = f"{words}, in the unit {in_words(rule.unit.text)}"
    lookup = "" if rule.lookup is None else rule.lookup + (f".{rule.column}" if rule.column else "")
    missing = "" if rule.lookup is None else str(rule.missing or "as the lookup says")
    default = "" if rule.default is None else _text(rule.default)
    when = "" if rule.when is None else in_words(rule.when.text)
    return (words, text, lookup, missing, default, when, "yes" if rule.truncate else "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
