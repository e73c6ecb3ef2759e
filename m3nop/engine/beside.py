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


def beside(works: Sequence[Asking[None]], executor: Executor) -> None:
    """Do several works, with a request of each under way; a work alone makes its requests in this thread.

    Everything but the requests runs in the calling thread, one work at a time.
    """
    came: queue.SimpleQueue[tuple[Asking[None], Callable[[], Any]]] = queue.SimpleQueue()

    def ask(work: Asking[None], make: Callable[[], Any]) -> None:
        came.put((work, _made(work, make)))

    def go_on(work: Asking[None], resume: Callable[[], Any]) -> bool:
        """Go on as far as the next request; False if the work is done."""
        try:
            make = resume()
        except StopIteration:
            return False
        asked = partial(ask, work, make)
        if len(works) == 1:
            asked()
        else:
            executor.submit(asked)
        return True

    try:
        under_way = sum(go_on(work, partial(next, work)) for work in works)
        while under_way:
            under_way += go_on(*came.get()) - 1
    finally:
        for work in works:
            work.close()


def _made(work: Asking[None], make: Callable[[], Any]) -> Callable[[], Any]:
    """Make a request; return how its work goes on."""
    try:
        answer = make()
    except BaseException as error:  # noqa: BLE001  raised again where the work goes on
        return partial(work.throw, error)
    return partial(work.send, answer)
