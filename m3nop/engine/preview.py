"""What the steps of a record would send, worked out without sending anything.

``plan`` shows it; a change of a delivered record is found by comparing two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct, field

from m3nop.core.connector import Effect, Row
from m3nop.core.json import Json, digest
from m3nop.engine.work import Work, key_text, name_row, result_of
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.pipeline import Request

if TYPE_CHECKING:
    from m3nop.mapping.pipeline import ForEach, Requires, Step, Switch

Reader = Callable[[Request, Mapping[str, Json]], list[Row]]
"""Makes a read for a plan."""


class Planned(Struct, frozen=True):
    """One call that would be made, or why it would not."""

    path: str
    target: str
    effect: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    skipped: str = ""
    problem: str = ""
    refused: str = ""
    """The field that has no value, where that is the problem."""


def preview(work: Work, *, read: Reader | None = None) -> list[Planned]:
    """List what each step would send; answers that are not known yet stand as ``<NAME>``."""
    walk = _Walk(work, read)
    try:
        walk.forward()
    except EvaluationError as error:
        walk.planned.append(Planned("", "", "", problem=str(error)))
    return walk.planned


def preview_with_results(work: Work, *, read: Reader) -> tuple[list[Planned], Mapping[str, Json]]:
    """List what each step would send, beside what later expressions see of the steps.

    Raises:
        EvaluationError: an expression has no value.
    """
    walk = _Walk(work, read)
    return walk.planned, walk.forward()


def content(planned: list[Planned]) -> dict[str, Mapping[str, Json]]:
    """Return the fields of the calls that act, by path."""
    return {call.path: call.fields for call in planned if call.fields and call.effect != Effect.READ}


def content_digest(planned: list[Planned]) -> str:
    """Return the digest of what would be sent; equal digests mean that there is nothing to do."""
    return digest(content(planned))


def differences(before: list[Planned], after: list[Planned]) -> list[str]:
    """Say field by field what differs (``lines/2001 ORQT: 2 -> 3``)."""
    old, new = content(before), content(after)
    texts = []
    for path in sorted({*old, *new}):
        was, becomes = old.get(path, {}), new.get(path, {})
        if not becomes:
            texts.append(f"{path}: no longer there")
        elif not was:
            texts.append(f"{path}: new")
        else:
            texts.extend(
                f"{path} {name}: {was.get(name, '')} -> {becomes.get(name, '')}"
                for name in sorted({*was, *becomes})
                if was.get(name) != becomes.get(name)
            )
    return texts


class _Walk:
    """One walk over all steps, as if every call were answered."""

    def __init__(self, work: Work, read: Reader | None) -> None:
        self._work = work
        self._read = read
        self.planned: list[Planned] = []

    def forward(self) -> Mapping[str, Json]:
        results: dict[str, Json] = {}
        for step in self._work.pipeline.steps:
            results[step.id] = self._visit(step, step.id, {**self._work.root(), "steps": results})
        return results

    def _visit(self, step: Step, path: str, root: Mapping[str, Json]) -> Json:
        if step.when is not None and not step.when.condition(root, self._work.context):
            target, effect = "", ""
            if step.asks:
                target, effect = str(step.request.target), str(step.request.target.operation.effect)
            self.planned.append(Planned(path, target, effect, skipped=f"{step.when.text} is false"))
            return None
        if step.requires is not None:
            return self._require(step.requires, path, root)
        if step.switch is not None:
            return self._switch(step.switch, path, root)
        if step.for_each is not None:
            return self._for_each(step, step.for_each, path, root)
        return self._values(step, path, root) if step.values else self._call(step, path, root)

    def _require(self, requires: Requires, path: str, root: Mapping[str, Json]) -> Json:
        key = str(requires.key.evaluate(root, self._work.context) or "")
        link = self._work.links.get((requires.pipeline, key))
        note = f"after {requires.pipeline} {key}"
        skipped = "" if link is None else f"{note} is there already"
        self.planned.append(Planned(path, note, "", skipped=skipped))
        return {"m3": link.m3, "shop": link.shop} if link else {"m3": "<new>", "shop": key}

    def _switch(self, switch: Switch, path: str, root: Mapping[str, Json]) -> Json:
        value = switch.value.evaluate(root, self._work.context)
        if switch.lookup is not None:
            value = self._work.pipeline.lookups[switch.lookup].find(value)
        name = key_text(value)
        label = quote(name, safe="") if name in switch.cases else "default"
        return self._nested(switch.cases.get(name, switch.default), f"{path}/{label}", root)

    def _for_each(self, step: Step, for_each: ForEach, path: str, root: Mapping[str, Json]) -> Json:
        results = []
        items = for_each.items.evaluate(root, self._work.context) or []
        for position, item in enumerate(items, start=1):
            inner = {**root, for_each.name: item, "position": position}
            key = quote(str(for_each.key.evaluate(inner, self._work.context)), safe="")
            item_path = f"{path}/{key}"
            if step.values:
                results.append(self._values(step, item_path, inner))
            elif step.asks:
                results.append(self._call(step, item_path, inner))
            else:
                results.append(self._nested(step.steps, item_path, inner))
        return results

    def _nested(self, steps: tuple[Step, ...], path: str, root: Mapping[str, Json]) -> Json:
        results: dict[str, Json] = {}
        for step in steps:
            inner = {**root, "steps": {**root["steps"], **results}}
            results[step.id] = self._visit(step, f"{path}/{step.id}", inner)
        return results

    def _values(self, step: Step, path: str, root: Mapping[str, Json]) -> Json:
        """Work out what can be; what depends on an answer that is not known is null, and said."""
        found: dict[str, Json] = {}
        for name, value in step.values:
            try:
                found[name] = value.evaluate(root, self._work.context)
            except EvaluationError as error:
                found[name] = None
                self.planned.append(Planned(path, "", "", problem=f"{name}: {error}"))
        return found

    def _call(self, step: Step, path: str, root: Mapping[str, Json]) -> Json:
        request = step.request
        target, effect = str(request.target), str(request.target.operation.effect)
        fields: Mapping[str, Json] = {}
        try:
            mapped = self._work.map_step(step, path, root)
            fields = mapped.fields
            shown = fields if step.upsert is None else _flat(fields)
            self.planned.append(Planned(path, target, effect, shown, mapped.origins))
        except (FieldRefusal, EvaluationError) as refusal:
            refused = refusal.field if isinstance(refusal, FieldRefusal) else ""
            self.planned.append(Planned(path, target, effect, problem=str(refusal), refused=refused))
        line = self._work.taken(path)
        if line is not None:
            return result_of(request.outputs, line)
        if self._read is None or step.read is None or _unknown(fields):
            unknown: dict[str, Json] = {name: f"<{source}>" for name, source in request.outputs.names.items()}
            if step.upsert is not None:
                unknown = {"id": "<id>", "action": "<action>", "changed": [], "lost": []}
            return {**unknown, "fields": fields, **({"rows": []} if request.outputs.rows else {})}
        named = [name_row(request.outputs, row) for row in self._read(request, fields)]
        if request.outputs.rows:
            return {"fields": fields, "rows": named}
        return {**(named[0] if named else dict.fromkeys(request.outputs.names)), "fields": fields}


def _flat(upsert: Mapping[str, Json]) -> dict[str, Json]:
    """Show an upsert as its fields, beside what finds the row and what is set only when it is made."""
    parts = (("match.", "match"), ("", "fields"), ("on_create.", "on_create"))
    return {f"{prefix}{name}": value for prefix, part in parts for name, value in upsert[part].items()}


def _unknown(fields: Mapping[str, Json]) -> bool:
    return any(
        isinstance(value, str) and value.startswith("<") and value.endswith(">") for value in fields.values()
    )
