"""Writes what came in to the state before its sender hears so: whatever has queued, in one commit."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

from m3nop.core.crash import crashpoint
from m3nop.core.errors import M3nopError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from m3nop.core.clock import Clock
    from m3nop.core.inbox import Message
    from m3nop.state.store import SqlState

_MOST = 1_000
"""Events that are committed together at most."""
_MORE = 0.004
"""Seconds in which others may join a commit, where the last one was of several: half of what a disk takes."""
_Told = Future[list[bool]]


class Inbox:
    """Keeps messages; a thread of its own commits them, in turn with the transactions of runs."""

    def __init__(self, state: SqlState, *, clock: Clock, came: Callable[[], object]) -> None:
        self._state = state
        self._clock = clock
        self._came = came
        self._queue: queue.SimpleQueue[tuple[Sequence[Message], _Told] | None] = queue.SimpleQueue()
        self._crowded = False
        """Whether several waited for the last commit: whoever has been answered sends the next one."""
        self._thread = threading.Thread(target=self._work, name="m3nop-inbox", daemon=True)
        self._thread.start()

    def put(self, messages: Sequence[Message]) -> _Told:
        """Keep messages; the future tells of each whether it is new, once it lies on the disk.

        It fails with StateError where they cannot be kept: then nobody may be told that they were.
        """
        told: _Told = Future()
        self._queue.put((messages, told))
        return told

    def close(self) -> None:
        """Commit what has queued, and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        ends = False
        while not ends:
            group, ends = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[tuple[Sequence[Message], _Told]], bool]:
        """Wait for something to commit, and take what has queued with it; and whether that is the last."""
        item = self._queue.get()
        group: list[tuple[Sequence[Message], _Told]] = []
        size, until = 0, time.monotonic() + (_MORE if self._crowded else 0.0)
        while item is not None:
            # From here on whoever waits cannot take it back; one that has given up before sends it again.
            if item[1].set_running_or_notify_cancel():
                group.append(item)
                size += len(item[0])
            if size >= _MOST:
                break
            try:
                item = self._queue.get(timeout=max(until - time.monotonic(), 0.0))
            except queue.Empty:
                break
        self._crowded = len(group) > 1
        return group, item is None

    def _commit(self, group: Sequence[tuple[Sequence[Message], _Told]]) -> None:
        every = [message for messages, _ in group for message in messages]
        try:
            with self._state.transaction() as tx:
                new = tx.receive(every, now=self._clock.now())
        except Exception as error:  # noqa: BLE001 - one that cannot be kept must not keep out all after it
            failure = error if isinstance(error, M3nopError) else StateError(str(error))
            for _, told in group:
                told.set_exception(failure)
            return
        crashpoint("inbox:committed")
        if any(new):
            self._came()
        at = 0
        for messages, told in group:
            told.set_result(new[at : at + len(messages)])
            at += len(messages)
