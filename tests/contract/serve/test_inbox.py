"""The inbox goes on whatever befalls those who wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from m3nop.core.clock import SystemClock
from m3nop.core.errors import StateError
from m3nop.core.inbox import Message
from m3nop.serve.inbox import Inbox
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqlState]:
    url = f"sqlite:///{(tmp_path / 'state.db').as_posix()}"
    opened = open_state(url, scope={"environment": "prod"}, clock=SystemClock(), command="run")
    yield opened
    opened.close()


@pytest.fixture
def inbox(state: SqlState) -> Iterator[Inbox]:
    opened = Inbox(state, clock=SystemClock(), came=lambda: None)
    yield opened
    opened.close()


def hook(key: str) -> Message:
    return Message("shop", f"msg_{key}", "order.placed", key, 0, "0" * 64)


def test_a_sender_that_stops_waiting_for_a_slow_disk_does_not_end_the_reception(
    state: SqlState, inbox: Inbox
) -> None:
    with state.transaction():
        # Its sender was told to come again, and the commit comes later all the same.
        gave_up = [inbox.put([hook("1")]), inbox.put([hook("2")])]
        while not all(one.running() or one.cancel() for one in gave_up):
            pass
    assert inbox.put([hook("3")]).result(timeout=10) == [True]
    assert [one.message.key for one in state.next_messages(limit=10)][-1] == "3"


def test_a_message_that_cannot_be_written_is_said_to_its_sender_and_ends_nothing(inbox: Inbox) -> None:
    with pytest.raises(StateError):
        inbox.put([replace(hook("1"), part=2**80)]).result(timeout=10)
    assert inbox.put([hook("2")]).result(timeout=10) == [True]


def test_what_has_queued_is_committed_together_and_each_sender_is_told_of_its_own(state: SqlState) -> None:
    commits: list[int] = []
    inbox = Inbox(state, clock=SystemClock(), came=lambda: commits.append(1))
    with state.transaction():
        waiting = [inbox.put([hook(str(number)), hook(f"{number}b")]) for number in range(50)]
        again = inbox.put([hook("7")])
    told = [one.result(timeout=10) for one in waiting]

    assert told == [[True, True]] * 50
    assert again.result(timeout=10) == [False]
    # The first may have been taken up before the others came.
    assert len(commits) <= 2
    # After a crowd a single one waits a moment for others, and is kept as well.
    assert inbox.put([hook("last")]).result(timeout=10) == [True]
    inbox.close()
