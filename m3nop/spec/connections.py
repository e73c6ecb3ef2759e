"""Validates connections by the registry, which alone knows what types there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from m3nop.core.errors import ConfigurationError
from m3nop.core.problems import Position, Problem
from m3nop.spec.checking import check
from m3nop.spec.files import METADATA, ProjectFiles
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import MapNode, Node, ScalarNode, child_map, plain, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.connector import Catalog, ConnectorType


class Connections(Struct):
    """The valid connections; every name has a catalog, which is None where the options are wrong."""

    configs: dict[str, Any] = field(default_factory=dict)
    types: dict[str, ConnectorType] = field(default_factory=dict)
    catalogs: dict[str, Catalog | None] = field(default_factory=dict)


def load_connections(
    project: Node, registry: Mapping[str, ConnectorType], files: ProjectFiles, problems: list[Problem]
) -> Connections:
    """Validate every connection of the project."""
    found = Connections()
    section = child_map(project, "connections")
    for name, entry in section.entries.items() if section else ():
        found.catalogs[name] = None
        kind = _type(entry.node, registry, problems)
        if kind is None or _unresolved(entry.node):
            continue
        data = plain(entry.node)
        if "type" not in kind.config.model_fields:
            data.pop("type")
        config = check(kind.config, entry.node, problems, data=data)
        if config is not None:
            found.configs[name] = config
            found.types[name] = kind
            try:
                found.catalogs[name] = kind.catalog(config, metadata=files.metadata)
            except ConfigurationError as error:
                at = Position(files.name(files.folder / METADATA))
                problems.append(Problem(at, "bad-metadata", str(error)))
    return found


def _type(node: Node, registry: Mapping[str, ConnectorType], problems: list[Problem]) -> ConnectorType | None:
    given = node.get("type") if isinstance(node, MapNode) else None
    if not isinstance(given, ScalarNode):
        return None
    if given.text not in registry:
        hint = suggest(given.text, registry) or f"there are {', '.join(sorted(registry))}"
        message = f"there is no connector '{given.text}'"
        problems.append(Problem(given.position, "unknown-connector", message, hint))
    return registry.get(given.text)


def _unresolved(node: Node) -> bool:
    return any(isinstance(found, ScalarNode) and found.unresolved for _, found in walk(node))
