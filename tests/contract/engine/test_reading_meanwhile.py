"""A long list is delivered while it is read; a short one is read before anything is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.errors import M3nopError
from m3nop.engine.ports import ThreadExecutor
from tests.contract.engine.bench import CLEAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

ORDERS = 9
HEAD = "OIS100MI/AddBatchHead"


@pytest.fixture(params=["oss", "official"])
def bench(make_bench: Callable[..., Bench], request: pytest.FixtureRequest) -> Bench:
    """A shop that shows two orders at a time, whose customer is known."""
    return paged(make_bench, request.param, 2)


def paged(make_bench: Callable[..., Bench], dialect: str, size: int) -> Bench:
    """Make a bench whose shop shows so many orders at a time, and let its customer become known."""
    setting = f"dialect: {dialect}, page_size: {size}"
    made = make_bench(dialect=dialect, change=lambda text: text.replace(f"dialect: {dialect}", setting))
    made.place()
    made.run()
    made.world.requests.clear()
    return made


def seen(bench: Bench) -> str:
    """Spell what the systems were asked: ``s`` is a request to the shop that lists orders, ``H`` a head."""
    letters = ""
    for request in bench.world.requests:
        if HEAD in request.operations:
            letters += "H"
        elif request.system == "shop" and request.method == "GET" and "order" in request.path.lower():
            letters += "s"
    return letters


def test_orders_are_entered_while_later_pages_are_read(bench: Bench) -> None:
    orders = [bench.place() for _ in range(ORDERS)]

    bench.run()

    assert bench.judge(*orders) == CLEAN
    assert "Hs" in seen(bench)


def test_a_list_of_one_page_is_read_before_anything_is_entered(bench: Bench) -> None:
    orders = [bench.place() for _ in range(2)]

    bench.run()

    assert bench.judge(*orders) == CLEAN
    assert "Hs" not in seen(bench)


def test_after_one_large_page_no_other_is_waited_for(make_bench: Callable[..., Bench]) -> None:
    bench = paged(make_bench, "oss", 50)
    orders = [bench.place() for _ in range(160)]

    bench.run()

    assert bench.judge(*orders) == CLEAN
    # The second page is asked for while the orders of the first are looked up in M3.
    assert seen(bench).startswith("ssHs")


def test_requests_of_both_systems_are_under_way_together(bench: Bench) -> None:
    orders = [bench.place() for _ in range(ORDERS)]
    executor = ThreadExecutor(threads=4)

    bench.run(executor=executor)
    executor.close()

    assert bench.judge(*orders) == CLEAN


def test_a_shop_that_fails_in_the_middle_of_its_list_ends_the_run_and_the_next_one_reads_the_rest(
    bench: Bench,
) -> None:
    orders = [bench.place() for _ in range(ORDERS)]
    listing = "orders" if "oss" in str(bench.project.connections["shop"].dialect) else "Order"
    fault = bench.fault("status", f"*{listing}*", system="shop", status=500, nth=4, times=None)

    with pytest.raises(M3nopError):
        bench.run()
    bench.world.faults.remove(fault)
    assert set(bench.states().values()) <= {"ready", "done", "blocked"}
    bench.clock.wait(600)
    bench.run()

    assert bench.judge(*orders) == CLEAN


def test_a_run_that_dies_while_it_reads_and_delivers_is_completed_by_the_next(bench: Bench) -> None:
    orders: list[int] = []
    for at in (9, 16, 25):
        orders += [bench.place() for _ in range(5)]
        assert bench.die(at).dead
    bench.settle()

    assert bench.judge(*orders) == CLEAN
