"""Works whose requests are made beside each other, while one thread decides."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from m3nop.engine.beside import Beside, request
from m3nop.engine.ports import InlineExecutor, ThreadExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from m3nop.engine.beside import Asking
    from m3nop.engine.ports import Executor

PATIENCE = 10.0


@pytest.fixture
def executor() -> Iterator[Executor]:
    threads = ThreadExecutor(threads=2)
    yield threads
    threads.close()


def beside(works: Sequence[Asking[None]], executor: Executor) -> None:
    together = Beside(works, executor, is_long=lambda: False)
    try:
        while together.go_on(None):
            pass
    finally:
        together.close()


def asking(*requests: Callable[[], object], told: list[object]) -> Asking[None]:
    for make in requests:
        told.append((yield from request(make)))


def refuse() -> object:
    raise LookupError("gone")


def test_requests_of_two_works_are_under_way_together(executor: Executor) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)
    told: list[object] = []
    beside([asking(both.wait, both.wait, told=told) for _ in range(2)], executor)
    assert sorted(told) == [0, 0, 1, 1]


def test_each_work_gets_its_own_answers_in_its_own_order(executor: Executor) -> None:
    first: list[object] = []
    second: list[object] = []
    works = [
        asking(*(lambda n=n: n for n in range(20)), told=first),
        asking(*(lambda n=n: -n for n in range(30)), told=second),
        asking(told=[]),
    ]
    beside(works, executor)
    assert (first, second) == (list(range(20)), [-n for n in range(30)])


def test_only_requests_leave_the_thread_that_decides(executor: Executor) -> None:
    here, deciding, requesting = threading.get_ident(), set(), set()

    def work() -> Asking[None]:
        for _ in range(3):
            deciding.add(threading.get_ident())
            yield from request(lambda: requesting.add(threading.get_ident()))

    beside([work(), work()], executor)
    assert deciding == {here}
    assert here not in requesting


def test_a_work_alone_needs_no_other_thread() -> None:
    told: list[object] = []

    class NoExecutor(InlineExecutor):
        def submit(self, work: Callable[[], None]) -> None:
            raise AssertionError(work)

    beside([asking(threading.get_ident, told=told)], NoExecutor())
    assert told == [threading.get_ident()]
    beside([], NoExecutor())


def test_a_work_alone_goes_on_apart_once_it_is_long_while_its_thread_does_something_else(
    executor: Executor,
) -> None:
    told: list[object] = []
    slow, here = threading.Event(), threading.get_ident()
    alone = Beside(
        [asking(threading.get_ident, lambda: slow.wait(PATIENCE), told=told)],
        executor,
        is_long=lambda: bool(told),
    )

    assert alone.go_on(0)
    assert alone.go_on(None)
    assert told == [here]
    assert alone.go_on(0)
    slow.set()
    assert not alone.go_on(None)
    assert told[1:] == [True]


def test_what_a_request_raises_is_raised_where_its_work_asked(executor: Executor) -> None:
    told: list[object] = []

    def bearing() -> Asking[None]:
        try:
            yield from request(refuse)
        except LookupError as error:
            told.append(str(error))

    beside([bearing(), asking(lambda: 1, lambda: 2, told=told)], executor)
    assert sorted(map(str, told)) == ["1", "2", "gone"]


@pytest.mark.parametrize("number", [1, 2])
def test_what_no_work_bears_ends_all_of_them(executor: Executor, number: int) -> None:
    closed: list[int] = []

    def other() -> Asking[None]:
        try:
            while True:
                yield from request(lambda: None)
        finally:
            closed.append(1)

    with pytest.raises(LookupError, match="gone"):
        beside([asking(refuse, told=[]), *(other() for _ in range(number - 1))], executor)
    assert closed == [1] * (number - 1)
