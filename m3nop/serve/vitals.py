"""How the service stands, for whoever asks: written by the service's thread, read by any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from m3nop.core.clock import Instant


class Vitals(Struct):
    """Facts of the running service. Each is replaced as a whole, so that a reader never sees half of one."""

    started_at: Instant
    loaded_at: Instant
    """When the configuration that is in use was read."""
    pipelines: tuple[str, ...] = ()
    """The pipelines that it runs."""
    stopping: bool = False
    beat_at: Instant = 0
    """When the service's thread was last seen to go on, be it from one request of a run to the next."""
    running: tuple[str, ...] = ()
    """The pipelines that run at this moment."""
    succeeded_at: dict[str, Instant] = field(default_factory=dict)
    """When each pipeline last ran without an error."""
    errors: dict[str, str] = field(default_factory=dict)
    """Why pipelines could not run the last time; empty where they could."""
    reload_error: str = ""
    """Why the configuration could not be read again the last time that was asked for, or ``""``."""
