"""Lays one environment over ``m3nop.yaml``, with every variable filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.problems import Position, Problem
from m3nop.spec.checking import check
from m3nop.spec.effective import effective_project, environment_layer
from m3nop.spec.files import ENVIRONMENTS, PROJECT_FILE
from m3nop.spec.project_model import EnvironmentSpec
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import MapNode, ScalarNode, child_map, locate, stamp
from m3nop.spec.variables import Filler, refuse_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.spec.files import ProjectFiles

_WITH_SECRETS = frozenset({"connections", "state", "alerts", "webhooks", "ion"})


def laid_over(
    files: ProjectFiles, environment: str | None, environ: Mapping[str, str], problems: list[Problem], *,
    lenient: bool,
) -> MapNode:  # fmt: skip
    """Return the effective ``m3nop.yaml`` of an environment, with places; None is the project's base alone.

    With ``lenient`` a variable that is missing in the environment's own part is only a warning.
    """
    root = files.project
    if not isinstance(root, MapNode):
        return MapNode({}, Position((files.folder / PROJECT_FILE).as_posix()))
    layer = environment_layer(environment) if environment else None
    filler = Filler(environ, lenient_layer=layer if lenient else None)
    base = root.having({name: entry for name, entry in root.entries.items() if name != ENVIRONMENTS})
    over = None if environment is None else _environment(root, environment, filler, problems)
    filled = filler.fill(base)
    problems.extend(filler.problems)
    whole = effective_project(filled, over) if isinstance(filled, MapNode) else base
    entries = dict(whole.entries)
    for name in entries.keys() - _WITH_SECRETS:
        entries[name] = entries[name].having(refuse_secrets(entries[name].node, problems))
    return whole.having(entries)


def _environment(root: MapNode, name: str, filler: Filler, problems: list[Problem]) -> MapNode | None:
    entry = child_map(root, ENVIRONMENTS)
    node = entry.get(name) if entry else None
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        if entry is None or name not in entry.entries:
            at = locate(root, (ENVIRONMENTS,), key=True)
            hint = suggest(name, entry.entries if entry else ())
            problems.append(Problem(at, "unknown-environment", f"there is no environment '{name}'", hint))
        return None
    stamped = filler.fill(stamp(node, environment_layer(name)))
    check(EnvironmentSpec, stamped, problems)
    return stamped if isinstance(stamped, MapNode) else None
