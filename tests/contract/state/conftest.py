from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.records import Arrival, Record, RecordState
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m3nop.core.clock import Instant
    from tests.postgres import Databases

SCOPE = {"environment": "sandbox", "shop.url": "sandbox:", "erp.company": "100"}


class SteadyClock:
    """Stands still unless it is moved; waiting moves it."""

    def __init__(self) -> None:
        self.instant: Instant = 1_000_000

    def now(self) -> Instant:
        return self.instant

    def wait(self, seconds: float) -> None:
        self.instant += int(seconds * 1_000_000)


class Desk:
    """A state database and short words for what tests do with it."""

    def __init__(self, state: SqlState, clock: SteadyClock) -> None:
        self.state = state
        self.clock = clock
        with state.transaction() as tx:
            self.run_id = tx.start_run(
                "orders", now=clock.now(), command="m3nop sync orders", definition="d1"
            )
            tx.save_definition("d1", "{}")

    def arrive(self, *keys: str, store: str = "web", pipeline: str = "orders", **values) -> None:
        given = {
            "partition": "",
            "snapshot": {"id": 1},
            "fingerprint": "f",
            "created_at": 5,
            "state": RecordState.READY,
        }
        rows = [Arrival(pipeline=pipeline, key=key, store=store, **{**given, **values}) for key in keys]
        with self.state.transaction() as tx:
            tx.arrive(rows, now=self.clock.now())

    def record(self, key: str, pipeline: str = "orders") -> Record:
        record = self.state.record(pipeline, key)
        assert record is not None
        return record

    def save(self, record: Record, **values) -> Record:
        for name, value in values.items():
            setattr(record, name, value)
        with self.state.transaction() as tx:
            tx.save_record(record)
        return record

    def claim(self, limit: int = 100, *, pipelines: tuple[str, ...] = ("orders",), **options) -> list[Record]:
        with self.state.transaction() as tx:
            return tx.claim(pipelines, now=self.clock.now(), limit=limit, run_id=self.run_id, **options)


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a state database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{(tmp_path / 'state.db').as_posix()}"
        return
    databases: Databases = request.getfixturevalue("postgres")
    # Making the tables takes longer than most tests.
    copy = databases.copy("tables", set_up)
    yield copy
    databases.drop(copy)


def set_up(url: str) -> None:
    """Set a state up, as the first run does."""
    open_state(url, scope=SCOPE, clock=SteadyClock(), command="m3nop sync orders").close()


@pytest.fixture
def desk(url: str, clock: SteadyClock) -> Iterator[Desk]:
    state = open_state(url, scope=SCOPE, clock=clock, command="m3nop sync orders")
    yield Desk(state, clock)
    state.close()
