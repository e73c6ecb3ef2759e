"""How the pipelines of one environment fare, as their state tells it: what metrics and alerts are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.records import Circuit, RecordState


class RunNews(Struct, frozen=True):
    """A run, as far as one of its pipelines is concerned."""

    started_at: Instant
    ended_at: Instant
    failed: bool
    message: str = ""
    """Why it failed."""


class PipelineVitals(Struct, frozen=True):
    """How one pipeline fares."""

    counts: Mapping[RecordState, int] = field(default_factory=dict)
    """Records by where they stand."""
    due_since: Instant | None = None
    """Since when the oldest record that is ready and due waits; None where none does."""
    received_at: Instant | None = None
    """When the latest record was taken in."""
    moved_at: Mapping[str, Instant] = field(default_factory=dict)
    """When the watermark of each part of the source was last moved."""
    in_doubt: int = 0
    """Records with a call whose effect is unknown."""
    reviews: Mapping[str, int] = field(default_factory=dict)
    """Records that wait for a person's decision, by their reason as it is written in the state."""
    last: RunNews | None = None
    """The latest run that came to an end by itself, or was killed; not one that was stopped."""
    last_good: RunNews | None = None
    """The latest one that ended well."""
    failed_runs: int = 0
    """Runs that failed since then."""


class LetterGroup(Struct, frozen=True):
    """Open dead letters of one pipeline that one remedy may settle."""

    pipeline: str
    remedy: str
    signature: str
    count: int
    since: Instant
    """When the first of them was refused."""


class ComparisonNews(Struct, frozen=True):
    """What the last comparison of both systems found."""

    subject: str
    """``orders``, ``inventory``: what ``m3nop reconcile`` calls it."""
    compared_at: Instant
    differences: int


class Vitals(Struct, frozen=True):
    """How one environment fares."""

    since: Instant
    """When its state was made."""
    pipelines: Mapping[str, PipelineVitals]
    letters: Sequence[LetterGroup] = ()
    """The largest groups first."""
    circuits: Sequence[Circuit] = ()
    comparisons: Sequence[ComparisonNews] = ()
