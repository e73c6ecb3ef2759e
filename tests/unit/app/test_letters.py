"""Finding and grouping dead letters, on a real state database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.app.letters import advice_for, find_letter, grouped, new_groups
from m3nop.core.clock import SystemClock
from m3nop.core.errors import UsageError
from m3nop.core.records import Arrival, DeadLetter, RecordState
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIPELINES = ("customers", "orders")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqlState]:
    made = open_state(f"sqlite:///{tmp_path / 'state.db'}", scope={}, clock=SystemClock(), command="test")
    yield made
    made.close()


def bury(state: SqlState, pipeline: str, key: str, *, signature: str = "s", message: str = "no") -> None:
    now = SystemClock().now()
    arrival = Arrival(
        pipeline=pipeline, key=key, store="b2c", partition="", snapshot={"id": key}, fingerprint="",
        created_at=None, state=RecordState.DEAD,
    )  # fmt: skip
    with state.transaction() as tx:
        tx.arrive([arrival], now=now)
    record = state.record(pipeline, key)
    assert record is not None
    with state.transaction() as tx:
        tx.add_dead_letter(record, now=now, remedy="business", signature=signature, message=message, step="")


def test_a_number_that_is_also_a_key_has_to_be_said_more_exactly(state: SqlState) -> None:
    bury(state, "orders", "2")
    bury(state, "orders", "17")
    bury(state, "customers", "17")
    with pytest.raises(UsageError, match="2 may be several dead letters; write orders/2 or id:2"):
        find_letter(state, "2", PIPELINES)
    with pytest.raises(UsageError, match="write orders/17 or customers/17"):
        find_letter(state, "17", PIPELINES)
    assert find_letter(state, "id:2", PIPELINES).key == "17"
    assert find_letter(state, "orders/2", PIPELINES).id == 1
    assert find_letter(state, "customers/17", PIPELINES).id == 3
    assert find_letter(state, "3", PIPELINES).pipeline == "customers"


def test_a_key_with_a_slash_is_a_key_unless_a_pipeline_has_that_name(state: SqlState) -> None:
    bury(state, "orders", "A/7")
    assert find_letter(state, "A/7", PIPELINES).key == "A/7"
    assert find_letter(state, "orders/A/7", PIPELINES).key == "A/7"


def test_of_several_letters_of_one_record_the_last_is_meant(state: SqlState) -> None:
    bury(state, "orders", "1042", message="first")
    bury(state, "orders", "1042", message="second")
    assert find_letter(state, "1042", PIPELINES).message == "second"
    assert find_letter(state, "1", PIPELINES).message == "first"


def test_the_largest_group_comes_first(state: SqlState) -> None:
    bury(state, "orders", "1", signature="rare")
    for key in ("2", "3"):
        bury(state, "orders", key, signature="often")
    groups = grouped(state.dead_letters())
    assert [(group.signature, len(group.letters)) for group in groups] == [("often", 2), ("rare", 1)]


def test_a_group_is_new_while_none_of_its_letters_is_older(state: SqlState) -> None:
    bury(state, "orders", "1", signature="known")
    since = SystemClock().now()
    bury(state, "orders", "2", signature="known")
    bury(state, "orders", "3", signature="fresh")
    assert [group.signature for group in new_groups(state, since=since)] == ["fresh"]
    assert len(new_groups(state, since=0)) == 2


@pytest.mark.parametrize(
    ("remedy", "signature", "message", "advice"),
    [
        (
            "business", "OIS100MI/AddBatchHead", "ORTP: lookup 'order_types' has no row for text 'X 9', in `a`",
            "add a row for 'X 9' to the lookup order_types, then retry",
        ),
        ("business", "gone", "the shop no longer has it", "discard it: the shop no longer has the record"),
        ("authentication", "s", "401", "check the credentials and rights with `m3nop doctor`, then retry"),
        ("in_doubt", "s", "?", "look what M3 holds with `m3nop trace`, then retry: it is probed first"),
        ("of a later version", "s", "?", "retry"),
    ],
)  # fmt: skip
def test_advice_follows_the_remedy(remedy: str, signature: str, message: str, advice: str) -> None:
    letter = DeadLetter(
        id=1, record_id=1, pipeline="orders", key="1", store="b2c", created_at=0, remedy=remedy,
        signature=signature, message=message, step="head",
    )  # fmt: skip
    assert advice_for(letter) == advice
