"""What the stages of a run share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.state import State
    from m3nop.engine.circuits import Circuits
    from m3nop.engine.lanes import Lanes
    from m3nop.engine.outbox import Outbox
    from m3nop.engine.ports import Job, Tools
    from m3nop.engine.sources import Sources
    from m3nop.engine.tally import Tally


class Parts(Struct, frozen=True):
    """One run's state, tools and pipelines, and what it has decided and not committed yet."""

    state: State
    tools: Tools
    jobs: Mapping[str, Job]
    sources: Sources
    clock: Clock
    run_id: int
    lanes: Lanes
    outbox: Outbox
    tally: Tally
    circuits: Circuits
    started_at: Instant
    """When the run began to read."""
