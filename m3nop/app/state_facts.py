"""What a state database is and holds, and where a pipeline starts in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from m3nop.app.actor import current_user
from m3nop.app.naming import check_pipeline
from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.records import Run


class PipelineFacts(Struct, frozen=True):
    """What the state holds of one pipeline."""

    counts: Mapping[RecordState, int]
    watermarks: Mapping[str, str | None]
    """How far each part of the source was read; the part is a store, or empty."""
    baseline: Instant | None


class StateFacts(Struct, frozen=True):
    """What a state database is and holds."""

    place: str
    size: int | None
    """Bytes; None where it is a server's."""
    scope: Mapping[str, str]
    epoch: int
    created_at: Instant
    pipelines: Mapping[str, PipelineFacts]
    links: int
    dead_letters: int
    """Open ones."""
    last_run: Run | None


class Baseline(Struct, frozen=True):
    """What a baseline did."""

    before: Instant
    earlier: Instant | None
    """The baseline until now."""
    baselined: int
    """Records that were known, older, and untouched."""


def state_facts(session: Session) -> StateFacts:
    """Describe the state database of the environment.

    Raises:
        StateError: there is none, or it cannot be read.
    """
    state = session.state(read_only=True)
    scope = next(iter(state.stream("scope")))
    marks: dict[str, dict[str, str | None]] = {}
    for row in state.stream("watermarks"):
        # A name with a colon is a mark that the engine keeps beside them.
        if ":" not in row["partition"]:
            marks.setdefault(row["pipeline"], {})[row["partition"]] = row["watermark"]
    pipelines = {
        name: PipelineFacts(state.counts(name), marks.get(name, {}), state.baseline(name))
        for name in session.project.pipelines
    }
    file = file_of(session.state_url)
    return StateFacts(
        place=place(session),
        size=file.stat().st_size if file is not None else None,
        scope=scope["identity"],
        epoch=scope["epoch"],
        created_at=scope["created_at"],
        pipelines=pipelines,
        links=sum(1 for _ in state.stream("links")),
        dead_letters=len(state.dead_letters()),
        last_run=next(iter(state.runs(limit=1)), None),
    )


def place(session: Session) -> str:
    """Say where the state database is; never with a password."""
    file = file_of(session.state_url)
    if file is not None:
        return str(file)
    address: Any = urlsplit(session.state_url)
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.hostname}{port}{address.path}"


def set_baseline(session: Session, name: str, before: Instant, *, wait: float = 0.0) -> Baseline:
    """Leave the records of a pipeline alone that are older; those known and untouched are baselined at once.

    Raises:
        UsageError: there is no such pipeline.
        BusyError: a run goes on.
    """
    check_pipeline(name, session.project.pipelines)
    state, now = session.state(wait=wait), session.clock.now()
    earlier, known = state.baseline(name), state.counts(name).get(RecordState.BASELINED, 0)
    with state.transaction() as tx:
        tx.set_baseline(name, before)
        detail = {"before": before, "earlier": earlier}
        tx.audit(now=now, actor=current_user(), action="baseline", subject=name, detail=detail)
    baselined = state.counts(name).get(RecordState.BASELINED, 0) - known
    return Baseline(before, earlier, baselined)


def file_of(url: str) -> Path | None:
    """Return the file of a state database, or None where it is a server's."""
    kind, slashes, path = url.partition(":///")
    return Path(path) if kind == "sqlite" and slashes else None
