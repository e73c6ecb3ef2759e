"""Checks that what ``m3nop.yaml`` names is there: connections, pipelines, files, events, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.problems import Problem
from m3nop.spec.alert_checks import alert_problems
from m3nop.spec.installations import misuses
from m3nop.spec.ion import ion_problems
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import locate
from m3nop.spec.webhooks import webhook_problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from m3nop.spec.project import LoadedProject
    from m3nop.spec.project_model import EffectiveProject
    from m3nop.spec.tree import Loc


def name_problems(project: LoadedProject) -> list[Problem]:
    """Return what is wrong with the names of a project whose form is right; of another nothing is said."""
    spec = project.spec
    if spec is None:
        return []
    tree, types = project.tree, project.connection_types
    return [
        *_unknown(project, spec),
        *_lost_files(project, ("lookups",), spec.lookups),
        *webhook_problems(tree, spec, types),
        *ion_problems(tree, spec, types),
        *(
            Problem(locate(tree, loc), "store-form", message, hint)
            for loc, message, hint in misuses(spec.stores, types)
        ),
        *alert_problems(tree, spec.alerts, project.pipelines),
    ]


def _unknown(project: LoadedProject, spec: EffectiveProject) -> Iterator[Problem]:
    """Yield problems of stores and starts that name what there is not."""
    pipelines = project.files.pipelines
    for code, store in spec.stores.items():
        at = ("stores", code)
        for key, name in (("connection", store.connection), ("as", store.as_)):
            if name is not None:
                yield from _known(project, (*at, key), name, project.connections, "connection")
        for name in store.pipelines:
            yield from _known(project, (*at, "pipelines", name), name, pipelines, "pipeline")
        yield from _lost_files(project, (*at, "lookups"), store.lookups)
    for name in spec.start:
        yield from _known(project, ("start", name), name, pipelines, "pipeline")


def _known(
    project: LoadedProject, loc: Loc, name: str, known: Collection[str], what: str
) -> Iterator[Problem]:
    if name not in known:
        # Connections are named by a value, pipelines by a key.
        at = locate(project.tree, loc, key=what == "pipeline")
        yield Problem(at, f"unknown-{what}", f"there is no {what} '{name}'", suggest(name, known))


def _lost_files(project: LoadedProject, loc: Loc, paths: Mapping[str, str]) -> Iterator[Problem]:
    for name, path in paths.items():
        at = locate(project.tree, (*loc, name))
        if not project.files.holds(project.folder / path):
            yield Problem(at, "outside-file", f"'{path}' is outside of the project")
        elif not (project.folder / path).is_file():
            yield Problem(at, "missing-file", f"there is no file '{path}'")
