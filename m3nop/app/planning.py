"""Opens a planner: on the state as it is, or on an empty one where nothing was ever run."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.app.session import Session
    from m3nop.engine.plan import Planner


@contextmanager
def open_planner(session: Session, names: Sequence[str]) -> Iterator[Planner]:
    """Open a planner for these pipelines; it changes nothing.

    Raises:
        AccessError: a system cannot be read.
    """
    from m3nop.engine.plan import Planner
    from m3nop.engine.ports import Silent
    from m3nop.state.store import open_state

    jobs = session.jobs(names)
    tools = session.tools(jobs, observer=Silent())
    if session.has_state():
        yield Planner(session.state(read_only=True), tools, jobs, clock=session.clock)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{(Path(folder) / 'empty.db').as_posix()}"
        state = open_state(
            url, scope=session.scope(session.project.connections), clock=session.clock, command="plan"
        )
        try:
            yield Planner(state, tools, jobs, clock=session.clock)
        finally:
            state.close()
