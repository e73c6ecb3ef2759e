"""Shows an effective pipeline: every line with the file, line and layer that it comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.registry import CONNECTORS
from m3nop.app.session import Place, unknown
from m3nop.core.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.spec.project import LoadedProject
    from m3nop.spec.tree import Node


class Line(Struct, frozen=True):
    """A line of YAML, and where the value in it was written."""

    text: str
    file: str
    """Relative to the project."""
    line: int
    layer: str
    """``base``, ``environment NAME`` or ``store CODE``."""


class Shown(Struct, frozen=True):
    """A pipeline as it is for one store in one environment."""

    environment: str
    store: str
    lines: tuple[Line, ...]
    skipped: Mapping[str, str]
    """Optional steps that the connections cannot do, with the reason."""


def show_pipeline(place: Place, name: str, *, store: str | None = None) -> Shown:
    """Lay everything over a pipeline, for its first store unless one is named.

    Raises:
        UsageError: there is no such pipeline or store.
        ConfigurationError: its file cannot be read; carries the problems.
    """
    from m3nop.spec.project import load_project
    from m3nop.spec.show import show

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
    lines = tuple(
        Line(line.text, _relative(line.position.file, place.folder), line.position.line, line.layer)
        for line in show(tree)
    )
    return Shown(place.environment, chosen, lines, _skipped(project, name, chosen, tree))


def _relative(file: str, folder: Path) -> str:
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else file


def _skipped(project: LoadedProject, name: str, store: str, tree: Node) -> dict[str, str]:
    from m3nop.mapping.pipeline import walk as every_step
    from m3nop.spec.tree import plain, walk

    compiled = project.compile(name, store).pipeline
    if compiled is None:
        return {}
    kept = {step.id for step in every_step(compiled.steps)}
    found: dict[str, str] = {}
    for _, node in walk(tree):
        step = plain(node)
        if isinstance(step, dict) and step.get("optional") is True and step.get("id") not in kept:
            target = str(step.get("call") or step.get("read") or step.get("upsert"))
            connection, _, operation = target.partition("/")
            catalog = project.catalogs.get(connection)
            reason = catalog.remedy(operation) if catalog else ""
            found[str(step["id"])] = reason or f"{connection} has no operation {operation}"
    return found
