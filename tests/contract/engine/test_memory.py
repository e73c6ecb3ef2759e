"""What a run needed is gone with it, without the collector: a service makes thousands of runs."""

from __future__ import annotations

import gc
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from m3nop.app.watching import WatchedRun
from m3nop.core.errors import M3nopError, let_go
from m3nop.engine.delivery import Delivery
from m3nop.engine.ports import Silent
from m3nop.engine.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.engine.bench import Bench


@contextmanager
def no_collector() -> Iterator[None]:
    """Let only those objects go that nothing refers to any more."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def left() -> list[str]:
    """Name what is left of runs."""
    return [type(one).__name__ for one in gc.get_objects() if isinstance(one, (Delivery, Work))]


def test_nothing_of_a_run_that_went_well_is_left(bench: Bench) -> None:
    order = bench.place()
    with no_collector():
        bench.run("customers", "orders")

        assert bench.record(order).state == "done"
        assert left() == []


def test_a_run_that_was_watched_is_gone_with_its_last_reference() -> None:
    with no_collector():
        run = WatchedRun(["orders"], (Silent(),), (), begun=lambda _: None)
        run.observer.note("it goes on")
        watched = weakref.ref(run)
        del run

        assert watched() is None


class Run:
    """Keeps what ended it, as runs do."""

    error: M3nopError | None = None

    def go(self) -> M3nopError:
        """Fail, because of something else."""
        try:
            self.fail()
        except M3nopError as error:
            self.error = error
            return error
        raise AssertionError

    def fail(self) -> None:
        """Refuse something that was refused."""
        try:
            int("nothing")
        except ValueError as error:
            raise M3nopError("the shop does not answer") from error


def test_an_error_that_was_told_holds_nothing_of_the_run_that_it_ended() -> None:
    with no_collector():
        run = Run()
        ended, error = weakref.ref(run), run.go()
        del run
        assert ended() is not None
        let_go(error)
        assert ended() is None

        assert str(error) == "the shop does not answer"
