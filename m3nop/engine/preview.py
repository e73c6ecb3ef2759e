"""What the steps of a record would send, worked out without sending anything.

``plan`` shows it; a change of a delivered record is found by comparing two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from m3nop.core.connector import Effect, Row
from m3nop.core.json import Json, digest
from m3nop.engine.work import Work, key_text, name_row, result_of
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.pipeline import Request, Step

Reader = Callable[[Request, Mapping[str, Json]], list[Row]]
"""Makes a read for a plan."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One call that would be made, or why it would not."""

    path: str
    target: str
    effect: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    skipped: str = ""
    problem: str = ""


def preview(work: Work, *, read: Reader | None = None) -> list[Planned]:
    """List what each step would send; answers that are not known yet stand as ``<NAME>``."""
    planned: list[Planned] = []
    results: dict[str, Json] = {}
    try:
        for step in work.pipeline.steps:
            root = {**work.root(), "steps": results}
            results[step.id] = _preview_step(work, step, step.id, root, planned, read)
    except EvaluationError as error:
        planned.append(Planned("", "", "", problem=str(error)))
    return planned


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


def _preview_step(
    work: Work, step: Step, path: str, root: Mapping[str, Json], planned: list[Planned], read: Reader | None
) -> Json:
    if step.when is not None and not step.when.condition(root, work.context):
        request = step.call or step.read
        target, effect = (str(request.target), str(request.target.operation.effect)) if request else ("", "")
        planned.append(Planned(path, target, effect, skipped=f"{step.when.text} is false"))
        return None
    if step.requires is not None:
        key = str(step.requires.key.evaluate(root, work.context) or "")
        link = work.links.get((step.requires.pipeline, key))
        note = f"after {step.requires.pipeline} {key}"
        planned.append(Planned(path, note, "", skipped="" if link is None else f"{note} is there already"))
        return {"m3": link.m3, "shop": link.shop} if link else {"m3": "<new>", "shop": key}
    if step.switch is not None:
        value = step.switch.value.evaluate(root, work.context)
        if step.switch.lookup is not None:
            value = work.pipeline.lookups[step.switch.lookup].find(value)
        name = key_text(value)
        label = quote(name, safe="") if name in step.switch.cases else "default"
        branch = step.switch.cases.get(name, step.switch.default)
        return _preview_nested(work, branch, f"{path}/{label}", root, planned, read)
    if step.for_each is not None:
        return _preview_items(work, step, path, root, planned, read)
    return _preview_call(work, step, path, root, planned, read)


def _preview_items(
    work: Work, step: Step, path: str, root: Mapping[str, Json], planned: list[Planned], read: Reader | None
) -> Json:
    assert step.for_each is not None
    results = []
    for position, item in enumerate(step.for_each.items.evaluate(root, work.context) or [], start=1):
        inner = {**root, step.for_each.name: item, "position": position}
        key = quote(str(step.for_each.key.evaluate(inner, work.context)), safe="")
        item_path = f"{path}/{key}"
        if step.steps:
            results.append(_preview_nested(work, step.steps, item_path, inner, planned, read))
        else:
            results.append(_preview_call(work, step, item_path, inner, planned, read))
    return results


def _preview_nested(
    work: Work, steps: tuple[Step, ...], path: str, root: Mapping[str, Json], planned: list[Planned],
    read: Reader | None,
) -> Json:  # fmt: skip
    results: dict[str, Json] = {}
    for step in steps:
        inner = {**root, "steps": {**root["steps"], **results}}
        results[step.id] = _preview_step(work, step, f"{path}/{step.id}", inner, planned, read)
    return results


def _preview_call(
    work: Work, step: Step, path: str, root: Mapping[str, Json], planned: list[Planned], read: Reader | None
) -> Json:
    request = step.call or step.read
    if request is None:
        return None
    effect = str(request.target.operation.effect)
    fields: Mapping[str, Json] = {}
    try:
        mapped = work.map(request, root)
        fields = mapped.fields
        planned.append(Planned(path, str(request.target), effect, fields, mapped.origins))
    except (FieldRefusal, EvaluationError) as refusal:
        planned.append(Planned(path, str(request.target), effect, problem=str(refusal)))
    line = work.taken(path)
    if line is not None:
        return result_of(request.outputs, line)
    rows = (
        read(request, fields) if read is not None and step.read is not None and not _unknown(fields) else None
    )
    if rows is None:
        unknown = {name: f"<{source}>" for name, source in request.outputs.names.items()}
        return {**unknown, "fields": fields, **({"rows": []} if request.outputs.rows else {})}
    named = [name_row(request.outputs, row) for row in rows]
    if request.outputs.rows:
        return {"fields": fields, "rows": named}
    return {**(named[0] if named else dict.fromkeys(request.outputs.names)), "fields": fields}


def _unknown(fields: Mapping[str, Json]) -> bool:
    return any(
        isinstance(value, str) and value.startswith("<") and value.endswith(">") for value in fields.values()
    )
