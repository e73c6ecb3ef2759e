"""The JSON Schemas of a project's files, for editors: with the connections and operations of the project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from m3nop.app.registry import CONNECTORS
from m3nop.core import json
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KINDS = ("project", "pipeline", "lookup", "test")


def schema_of(kind: str, *, project: Path | None) -> dict[str, Any]:
    """Return the schema of one kind of file; in a project it names what its connections can do.

    Raises:
        UsageError: there is no such kind.
    """
    from m3nop.spec.schema import json_schema

    if kind not in KINDS:
        msg = f"there is a schema of {', '.join(KINDS)}, not of {kind!r}"
        raise UsageError(msg)
    return json_schema(kind, registry=CONNECTORS, targets=() if project is None else _targets(project))


def write_schemas(folder: Path, *, project: Path | None, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Write schema files where the first lines of a project's files expect them (``.m3nop/``).

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind in kinds:
        path = folder / f"{kind}.schema.json"
        text = f"{json.dumps(schema_of(kind, project=project), indent=2)}\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _targets(project: Path) -> list[str]:
    from m3nop.spec.project import load_project

    loaded = load_project(project, environment=None, registry=CONNECTORS, environ=os.environ)
    return [
        f"{name}/{operation}"
        for name, catalog in loaded.catalogs.items()
        if catalog is not None
        for operation in (*catalog.operations(), *catalog.resources())
    ]
