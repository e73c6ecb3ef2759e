"""What a loaded project says of service mode: when each pipeline runs, and what wakes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from m3nop.core.documents import place_of
from m3nop.spec.checking import check
from m3nop.spec.field_model import SpecModel
from m3nop.spec.service_model import ScheduleSpec, TriggerSpec
from m3nop.spec.tree import ScalarNode

if TYPE_CHECKING:
    from m3nop.core.documents import Place
    from m3nop.core.problems import Problem
    from m3nop.spec.project import LoadedProject

Part = TypeVar("Part", bound=SpecModel)


def schedule_of(project: LoadedProject, pipeline: str) -> tuple[str, str] | None:
    """Return when a pipeline runs (``every 5m``, or five fields of cron) and its time zone; or None."""
    found = _part(project, pipeline, "schedule", ScheduleSpec, short="at")
    if found is None or project.spec is None:
        return None
    return found.at, found.zone or project.spec.time_zone


def topics_of(project: LoadedProject, pipeline: str) -> tuple[str, ...]:
    """Name the topics of webhooks that wake a pipeline."""
    found = _part(project, pipeline, "trigger", TriggerSpec)
    return tuple(found.webhook) if found is not None else ()


def documents_of(project: LoadedProject, pipeline: str) -> dict[str, Place]:
    """Return the documents of M3 that wake a pipeline, each with the place of the key in it."""
    found = _part(project, pipeline, "trigger", TriggerSpec)
    return {name: place_of(text) for name, text in found.bod.items()} if found is not None else {}


def _part(
    project: LoadedProject, pipeline: str, key: str, model: type[Part], *, short: str = ""
) -> Part | None:  # fmt: skip
    """Return a part of a pipeline as its first store has it; what is wrong in it was said by validation."""
    for store in project.stores_of(pipeline):
        tree = project.effective(pipeline, store)
        node = tree.get(key) if tree is not None else None
        ignored: list[Problem] = []
        if isinstance(node, ScalarNode) and node.value is not None:
            return check(model, node, ignored, data={short: node.value})
        if node is not None:
            return check(model, node, ignored)
    return None
