"""The digest of everything that was configured for a run, by which runs tell that it changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.json import digest
from m3nop.core.secrets import SecretRef
from m3nop.spec.tree import child, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.engine.ports import Job
    from m3nop.spec.project import LoadedProject


def configuration_digest(project: LoadedProject, jobs: Mapping[str, Job]) -> str:
    """Return the SHA-256 of connections, starts, and each pipeline of a run as it is for its stores.

    Of secrets the names count. Comments, the order of keys and pipelines that take no part do not.
    """
    pipelines = {
        f"{job.name}/{code}": one.digest for job in jobs.values() for code, one in job.by_store.items()
    }
    connections = _named(plain(child(project.tree, "connections")))
    start = {name: instant for name, instant in project.start.items() if name in jobs}
    return digest(
        {
            "environment": project.environment, "connections": connections, "start": start,
            "pipelines": pipelines,
        }
    )  # fmt: skip


def _named(value: Json) -> Json:
    match value:
        case dict():
            return {name: _named(inner) for name, inner in value.items()}
        case list():
            return [_named(inner) for inner in value]
        case SecretRef():
            return str(value)
        case _:
            return value
