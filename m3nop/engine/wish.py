"""What a run is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Instant


class Wish(Struct, frozen=True):
    """What a run is asked to do. ``linger`` is how many seconds it waits for doubts to settle."""

    pipelines: tuple[str, ...]
    stores: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    limit: int | None = None
    since: Instant | None = None
    full: bool = False
    linger: float = 60.0
    command: str = "sync"
    allow_to_zero: bool = False
    """Whether the limit on records that come to nothing is lifted."""
    polled: frozenset[str] | None = None
    """The pipelines whose sources are read; None for all of them."""
    named: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Records that events named, by pipeline and key: looked at whatever else the run reads.

    With each comes for how many seconds it is left alone after it was made; None for as the pipeline says.
    """
    announced: frozenset[str] = frozenset()
    """The pipelines whose new records events should name: one that a poll finds first is counted."""
    only_look: bool = False
    """Whether nothing is entered: what M3 holds already is taken over (``m3nop state rebuild``)."""
