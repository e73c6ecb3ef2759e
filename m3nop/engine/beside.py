"""Requests of several systems beside each other, for work that one thread alone decides on."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.engine.ports import Executor

T = TypeVar("T")

Asking = Generator[Callable[[], Any], Any, T]
"""Work that yields each request it needs, and is given what the request returns or raises."""


def request(make: Callable[[], T]) -> Asking[T]:
    """Have one request made."""
    answer: T = yield make
    return answer


class Beside:
    """Several works, with a request of each under way; everything but the requests runs in one thread.

    A work alone makes its requests in that thread, too, until it is long: then others need that thread.
    """

    def __init__(
        self, works: Sequence[Asking[None]], executor: Executor, *, is_long: Callable[[], bool]
    ) -> None:
        self._works = works
        self._executor = executor
        self._came: queue.SimpleQueue[tuple[Asking[None], Callable[[], Any]]] = queue.SimpleQueue()
        self._under_way = -1
        self._is_long = is_long

    def go_on(self, wait: float | None) -> bool:
        """Wait for an answer, at most so many seconds, and go on with its work; False once all are done."""
        if self._under_way < 0:
            self._under_way = sum(self._go_on(work, partial(next, work)) for work in self._works)
        elif self._under_way:
            try:
                came = self._came.get(timeout=wait) if wait != 0 else self._came.get_nowait()
            except queue.Empty:
                return True
            self._under_way += self._go_on(*came) - 1
        return self._under_way > 0

    def close(self) -> None:
        """End the works where they are."""
        for work in self._works:
            work.close()

    def _go_on(self, work: Asking[None], resume: Callable[[], Any]) -> bool:
        """Go on as far as the next request; False if the work is done."""
        try:
            make = resume()
        except StopIteration:
            return False
        asked = partial(self._ask, work, make)
        if len(self._works) > 1 or self._is_long():
            self._executor.submit(asked)
        else:
            asked()
        return True

    def _ask(self, work: Asking[None], make: Callable[[], Any]) -> None:
        self._came.put((work, _made(work, make)))


def _made(work: Asking[None], make: Callable[[], Any]) -> Callable[[], Any]:
    """Make a request; return how its work goes on."""
    try:
        answer = make()
    except BaseException as error:  # noqa: BLE001  raised again where the work goes on
        return partial(work.throw, error)
    return partial(work.send, answer)
