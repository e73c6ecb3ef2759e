"""Lays environments and stores over what a project says, keeping the origin of every value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.spec.merge import merge, without_removed
from m3nop.spec.tree import Entry, MapNode, Node, child_map, stamp

if TYPE_CHECKING:
    from m3nop.core.problems import Problem


def environment_layer(name: str) -> str:
    """Name the layer of an environment."""
    return f"environment {name}"


def store_layer(code: str) -> str:
    """Name the layer of a store."""
    return f"store {code}"


def effective_project(base: MapNode, environment: MapNode | None) -> MapNode:
    """Lay an environment, stamped with its layer, over the project."""
    merged = merge(base, environment) if environment is not None else base
    kept = without_removed(merged)
    return kept if isinstance(kept, MapNode) else base


def effective_settings(project: MapNode, store: str) -> Node | None:
    """Lay a store's settings over the project's."""
    below = project.get("settings")
    own = child_map(child_map(child_map(project, "stores"), store), "settings")
    if own is None:
        return below
    over = stamp(own, store_layer(store))
    return merge(below, over) if below is not None else over


def effective_pipeline(pipeline: MapNode, project: MapNode, store: str, problems: list[Problem]) -> MapNode:
    """Lay the project's defaults under a pipeline, and a store's changes over it."""
    result: Node = _with_defaults(pipeline, project)
    own = changes_of(pipeline, project, store)
    if own is not None:
        result = merge(result, stamp(own, store_layer(store)), problems)
    kept = without_removed(result)
    return kept if isinstance(kept, MapNode) else pipeline


def changes_of(pipeline: MapNode, project: MapNode, store: str) -> MapNode | None:
    """Return what a store changes of a pipeline, if anything."""
    name = pipeline.get("pipeline")
    overrides = child_map(child_map(child_map(project, "stores"), store), "pipelines")
    return child_map(overrides, str(getattr(name, "value", "")))


def _with_defaults(pipeline: MapNode, project: MapNode) -> MapNode:
    """Add what the project gives every pipeline: shared blocks and defaults."""
    entries = dict(pipeline.entries)
    for name, entry in _defaults(project).items():
        own = entries.get(name)
        if name == "source" and not _reads_a_resource(own):
            continue
        entries[name] = Entry(own.key, merge(entry.node, own.node)) if own else entry
    return pipeline.having(entries)


def _reads_a_resource(source: Entry | None) -> bool:
    """Tell whether a source is a resource, which alone has a time to leave records alone: `shop/orders`."""
    read = source.node.get("read") if source is not None and isinstance(source.node, MapNode) else None
    return str(getattr(read, "value", "")).count("/") == 1


def _defaults(project: MapNode) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    defaults = child_map(project, "defaults")
    if defaults is not None:
        found = {
            name: defaults.entries[name] for name in ("on_error", "on_change") if name in defaults.entries
        }
        if "quiet" in defaults.entries:
            quiet = defaults.entries["quiet"]
            found["source"] = Entry(quiet.key, MapNode({"quiet": quiet}, quiet.key))
    if "blocks" in project.entries:
        found["blocks"] = project.entries["blocks"]
    return found
