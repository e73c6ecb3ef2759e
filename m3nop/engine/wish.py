"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from m3nop.core.clock import Instant


@dataclass(frozen=True, slots=True)
class Wish:
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
    only_look: bool = False
    """Whether nothing is entered: what M3 holds already is taken over (``m3nop state rebuild``)."""
