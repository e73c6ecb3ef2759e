"""The inbox: each message counts once, whatever order and group it comes in, until it is settled and pruned."""

from __future__ import annotations

from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import DAY
from m3nop.core.errors import UsageError
from m3nop.core.inbox import Message, Reception
from m3nop.core.records import RecordState

if TYPE_CHECKING:
    from m3nop.state.store import SqlState
    from tests.contract.state.conftest import Desk

NOW = 1_795_000_000_000_000


def hook(number: int, *, part: int = 0, source: str = "shop") -> Message:
    return Message(source, f"msg_{number}", "order.placed", str(number), part, "0" * 64)


def receive(state: SqlState, *messages: Message, now: int = NOW) -> list[bool]:
    with state.transaction() as tx:
        return tx.receive(messages, now=now)


def test_a_message_counts_once_however_often_it_comes(desk: Desk) -> None:
    state = desk.state
    assert receive(state, hook(1), hook(2), hook(1)) == [True, True, False]
    assert receive(state, hook(2), hook(3)) == [False, True]
    assert [one.message.key for one in state.next_messages(limit=10)] == ["1", "2", "3"]
    assert receive(state) == []


def test_events_of_one_message_and_equal_ids_of_two_sources_are_different(desk: Desk) -> None:
    state = desk.state
    assert receive(state, hook(1), hook(1, part=1), hook(1, source="outlet")) == [True, True, True]


def test_what_was_settled_does_not_come_again(desk: Desk) -> None:
    state = desk.state
    receive(state, hook(1), hook(2), hook(3))
    first, second, third = state.next_messages(limit=10)
    with state.transaction() as tx:
        tx.settle_messages([first.id], Reception.HANDLED, now=NOW + 1)
        tx.settle_messages([second.id], Reception.IGNORED, now=NOW + 1)
        tx.settle_messages([], Reception.IGNORED, now=NOW + 1)
    assert state.next_messages(limit=10) == [third]
    assert receive(state, hook(1)) == [False]
    assert state.oldest_message() == NOW
    assert state.count_messages() == {
        ("shop", Reception.ACCEPTED): 1, ("shop", Reception.HANDLED): 1, ("shop", Reception.IGNORED): 1,
    }  # fmt: skip


def variation(
    number: int, *, message: str, document: str = "TENT-2P", topic: str = "Sync.ItemMaster"
) -> Message:
    return Message("m3", message, topic, document, document=document, variation=number)


def test_a_variation_that_comes_after_a_later_one_of_its_document_is_kept_and_has_no_effect(
    desk: Desk,
) -> None:
    state = desk.state
    assert receive(state, variation(7, message="a")) == [True]
    assert (
        receive(state, variation(6, message="b"), variation(7, message="c"), variation(9, message="d"))
        == [True] * 3
    )
    assert (
        receive(state, variation(8, message="e"), variation(1, message="f", document="STOVE")) == [True] * 2
    )
    assert receive(state, variation(1, message="g", topic="Sync.InventoryCount"), hook(1)) == [True] * 2
    assert receive(state, variation(6, message="b")) == [False]
    told = [one.message.message for one in state.next_messages(limit=9)]
    assert told == ["a", "c", "d", "f", "g", "msg_1"]
    assert state.count_messages()["m3", Reception.SUPERSEDED] == 2
    assert state.prune(before=NOW + DAY, now=NOW + DAY, actor="test")["inbox"] == 2


def test_of_two_variations_in_one_group_the_later_one_counts(desk: Desk) -> None:
    state = desk.state
    receive(state, variation(2, message="a"), variation(1, message="b"))
    (one,) = state.next_messages(limit=9)
    assert (one.message.message, one.message.variation) == ("a", 2)


def test_messages_come_in_pages(desk: Desk) -> None:
    state = desk.state
    receive(state, *(hook(number) for number in range(5)))
    page = state.next_messages(limit=2)
    assert [one.message.key for one in page] == ["0", "1"]
    assert [one.message.key for one in state.next_messages(after=page[-1].id, limit=9)] == ["2", "3", "4"]


def test_only_settled_messages_are_pruned(desk: Desk) -> None:
    state = desk.state
    receive(state, hook(1), hook(2))
    with state.transaction() as tx:
        tx.settle_messages([state.next_messages(limit=1)[0].id], Reception.HANDLED, now=NOW)
    assert state.prune(before=NOW + DAY, now=NOW + DAY, actor="test")["inbox"] == 1
    assert [one.message.key for one in state.next_messages(limit=9)] == ["2"]


def test_messages_that_were_settled_long_ago_are_forgotten(desk: Desk) -> None:
    state = desk.state
    receive(state, hook(1), hook(2))
    with state.transaction() as tx:
        tx.settle_messages([state.next_messages(limit=1)[0].id], Reception.HANDLED, now=NOW)
        assert tx.forget_messages(before=NOW) == 0
        assert tx.forget_messages(before=NOW + 1) == 1
    assert receive(state, hook(1), hook(2)) == [True, False]


def test_records_that_wait_or_were_delivered_are_due_when_an_event_could_not_be_followed(desk: Desk) -> None:
    desk.arrive("1", state=RecordState.WAITING, not_before=NOW)
    desk.arrive("2", state=RecordState.REVIEW)
    with desk.state.transaction() as tx:
        tx.hasten("orders", ["1", "2", "3"], now=7)
    assert [desk.record(key).not_before for key in ("1", "2")] == [7, None]


def test_messages_wait_while_the_database_is_had_alone_by_another_thread(desk: Desk) -> None:
    state, told = desk.state, Queue[list[bool]]()
    thread = Thread(target=lambda: told.put(receive(state, hook(1))))
    with state.alone():
        thread.start()
        thread.join(0.05)
        assert told.empty()
        with state.transaction() as tx:
            tx.receive([hook(2)], now=NOW)
    thread.join()
    assert told.get() == [True]


def test_the_database_is_given_back_by_who_fails_while_having_it_alone(desk: Desk) -> None:
    with pytest.raises(UsageError), desk.state.alone():
        raise UsageError("it fails")
    with desk.state.alone():
        assert receive(desk.state, hook(1)) == [True]
