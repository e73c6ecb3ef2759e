"""What a run is asked to look at because of the messages in the inbox, and what becomes of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from m3nop.app.pack import pack_folder
from m3nop.app.session import Place, open_session
from m3nop.core.clock import SystemClock
from m3nop.core.inbox import Message, Reception
from m3nop.core.records import Arrival, RecordState
from m3nop.serve.events import Events, Woken, events_of, forget
from m3nop.state.store import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m3nop.state.store import SqlState

ORDERS = Woken("orders", by_key=True, reads=False, quiet=None)
COMPLETE = Woken("orders", by_key=True, reads=False, quiet=0.0)
SHIPMENTS = Woken("shipments", by_key=True, reads=True, quiet=None)
STOCK = Woken("inventory", by_key=False, reads=True, quiet=None)
EVENTS = Events(
    {
        ("shop", "changed"): (ORDERS, SHIPMENTS), ("shop", "complete"): (COMPLETE,), ("shop", "stock"): (STOCK,),
    }
)  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqlState]:
    opened = open_state(
        f"sqlite:///{(tmp_path / 'state.db').as_posix()}", scope={"environment": "x"}, clock=SystemClock(), command="run"
    )  # fmt: skip
    yield opened
    opened.close()


def receive(state: SqlState, *facts: tuple[str, str], source: str = "shop", now: int = 5) -> None:
    first = len(state.next_messages(limit=100))
    messages = [Message(source, f"m{first + n}", topic, key) for n, (topic, key) in enumerate(facts)]
    with state.transaction() as tx:
        tx.receive(messages, now=now)


def test_a_topic_names_records_of_one_pipeline_and_lets_another_be_read(state: SqlState) -> None:
    receive(state, ("changed", "7"), ("changed", "8"), ("stock", "LAMP-HEAD"))
    batch = EVENTS.take(state)
    assert batch.named == {"orders": {"7": None, "8": None}, "shipments": {"7": None, "8": None}}
    assert (batch.polled, len(batch.ids), batch.ignored) == ({"shipments", "inventory"}, 3, [])
    assert batch.pipelines == {"orders", "shipments", "inventory"}


@pytest.mark.parametrize(
    "topics", [("changed", "complete", "changed"), ("complete", "changed"), ("complete",)]
)
def test_whoever_says_that_a_record_is_complete_is_right(state: SqlState, topics: tuple[str, ...]) -> None:
    receive(state, *((topic, "7") for topic in topics))
    assert EVENTS.take(state).named["orders"] == {"7": 0.0}


def test_a_topic_without_a_record_lets_the_source_be_read(state: SqlState) -> None:
    receive(state, ("changed", ""))
    batch = EVENTS.take(state)
    assert (batch.named, batch.polled) == ({}, {"orders", "shipments"})


def test_what_wakes_nothing_is_ignored_and_what_was_looked_at_is_handled(state: SqlState) -> None:
    receive(state, ("complete", "7"), ("weather", "rain"))
    receive(state, ("complete", "7"), source="another")
    EVENTS.settle(state, EVENTS.take(state), failed=(), now=6)
    assert EVENTS.take(state).ids == EVENTS.take(state).ignored == []
    assert state.count_messages() == {
        ("shop", Reception.HANDLED): 1, ("shop", Reception.IGNORED): 1, ("another", Reception.IGNORED): 1,
    }  # fmt: skip


def test_where_a_pipeline_was_not_run_its_records_are_due_for_who_runs_it(state: SqlState) -> None:
    arrival = Arrival("orders", "7", "b2c", "", {"id": 7}, "f", 5, RecordState.WAITING, not_before=10**15)
    with state.transaction() as tx:
        tx.arrive([arrival], now=5)
    receive(state, ("changed", "7"))
    batch = EVENTS.take(state)
    EVENTS.settle(state, batch, failed=batch.pipelines, now=6)
    record = state.record("orders", "7")
    assert record is not None
    assert (record.not_before, EVENTS.take(state).ids) == (6, [])


def test_what_was_handled_a_month_ago_is_forgotten(state: SqlState) -> None:
    receive(state, ("complete", "7"), ("complete", "8"))
    batch = EVENTS.take(state)
    batch.ids.pop()
    EVENTS.settle(state, batch, failed=(), now=6)
    forget(state, now=6 + 31 * 86_400_000_000)
    assert state.count_messages() == {("shop", Reception.ACCEPTED): 1}


def test_the_pack_is_woken_by_the_shop_that_it_reads(tmp_path: Path) -> None:
    settings = """
listen: {port: 0}
webhooks: {events: {scheme: hmac, secrets: ["${secret:HOOK}"], quiet: {order.placed: 0s}}}
"""
    folder = tmp_path / "shop"
    shutil.copytree(pack_folder(), folder, ignore=shutil.ignore_patterns(".m3nop"))
    with (folder / "m3nop.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    with open_session(Place(folder, "sandbox"), command="run") as session:
        events = events_of(session, ("orders", "payments", "inventory"))
    assert events.wakes == events.announced == {"orders", "payments"}
