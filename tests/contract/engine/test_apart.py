"""What one pipeline, store or installation does wrong stays with it, and is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import DAY
from m3nop.core.errors import PausedError
from m3nop.core.records import Link, RecordState
from m3nop.engine.in_flight import quantities
from tests.contract.engine.test_feeds import FOLLOWED, GUESTS, VISITS, add, attribute
from tests.contract.engine.test_installations import with_outlet
from tests.contract.engine.test_limits import STOCK
from tests.contract.engine.test_making_equal import NAMES
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

REFUSING = "checks: [{condition: vars.quantity != `0`, message: nothing left}]\nsteps:"

ONLY_M3 = """
pipeline: priced
source: {links: orders, as: linked}
key: linked.key
steps: [{id: head, read: erp/OIS100MI/GetHead, fields: {ORNO: linked.m3}, outputs: [ORNO]}]
"""


def stock(bench: Bench, *, full: int = 5, at_least: int = 2, change: tuple[str, str] = ("", "")) -> None:
    add(bench, "stock", STOCK.format(full=full, at_least=at_least).replace(*change))


def test_what_is_refused_in_a_rehearsal_is_counted(bench: Bench) -> None:
    stock(bench, at_least=9, change=("steps:", REFUSING))
    order = bench.place(guest=GUEST, payment_status="refunded")
    summary = bench.run("stock")
    assert bench.record(order, "stock").state is RecordState.DEAD
    assert summary.counts["dead"] == 1


def test_a_limit_that_cannot_be_worked_out_concerns_its_record_alone(bench: Bench) -> None:
    stock(
        bench,
        change=(
            "value: vars.quantity, before",
            "value: \"if(order.payment_status == 'paid', `1`, decimal('x'))\", before",
        ),
    )
    ours = bench.place(guest=GUEST)
    odd = bench.place(guest=GUEST, payment_status="refunded")
    bench.run("stock")
    assert bench.record(ours, "stock").state is RecordState.DONE
    assert bench.record(odd, "stock").state is RecordState.DEAD


def test_a_limit_that_is_passed_after_the_rehearsal_stops_no_other_pipeline(bench: Bench) -> None:
    stock(bench)
    orders = [bench.place(guest=GUEST) for _ in range(4)]
    bench.run("stock")
    stock(bench, full=6, change=("full", "full"))
    bench.clock.wait(900)
    stopped = [bench.place(guest=GUEST)]
    for order in orders[:3]:
        bench.change(order, payment_status="refunded")
    summary = bench.run("stock", "orders")
    assert isinstance(summary.error, PausedError)
    assert bench.record(stopped[0]).state is RecordState.DONE


def test_a_comparison_may_read_the_other_system(bench: Bench) -> None:
    text = NAMES.replace("call: erp/CRS610MI/ChgBasicData", "call: shop/customers/attribute")
    text = text.replace(
        "fields: {CUNO: settings.guest_customer, CUNM: customer.first_name}",
        'fields: {customer_id: customer.id, store_id: "`0`", key: {value: Known}, value: customer.first_name}',
    )
    add(bench, "names", text)
    bench.run("names")
    assert attribute(bench, 1, "Known") is not None


def test_what_orders_of_two_installations_hand_over_is_one_pipeline(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(change=with_outlet)
    add(bench, "guests", GUESTS)
    add(bench, "visits", VISITS)
    order = bench.place(guest=GUEST, store_id=2)
    assert bench.project.stores_of("guests") == ("b2c", "b2b")
    bench.run("visits@outlet")
    assert bench.record(order, "visits@outlet").state is RecordState.DONE
    assert bench.state.link("guests", GUEST["email"]) is not None


def test_a_link_that_was_imported_without_a_record_is_followed(bench: Bench) -> None:
    add(bench, "followed", FOLLOWED)
    order = bench.place(guest=GUEST)
    bench.run("orders")
    link = bench.state.link("orders", str(order))
    assert link is not None
    with bench.state.transaction() as tx:
        tx.put_link(Link("orders", "77", str(order), link.m3, bench.clock.now(), "import"))
    bench.run("followed")
    assert bench.record("77", "followed").state is RecordState.DONE


def test_a_link_whose_record_is_read_later_is_the_same_link(bench: Bench) -> None:
    add(bench, "followed", FOLLOWED)
    order = bench.place(guest=GUEST)
    bench.run("orders")
    link = bench.state.link("orders", str(order))
    assert link is not None
    bench.lose_state()
    with bench.state.transaction() as tx:
        tx.put_link(Link("orders", str(order), str(order), link.m3, bench.clock.now(), "import"))
    bench.run("followed")
    bench.run("orders")
    bench.clock.wait(1000)
    bench.run("followed")
    assert bench.record(order, "followed").state is RecordState.DONE


@pytest.mark.parametrize("discarded", [True, False])
def test_what_somebody_discarded_takes_no_stock_away(bench: Bench, discarded: bool) -> None:
    order = bench.place(guest=GUEST)
    bench.run("orders", limit=0)
    record = bench.record(order)
    before = quantities(bench.state, ("orders",))["lamp-head"]
    with bench.state.transaction() as tx:
        record.state = RecordState.DEAD
        tx.save_record(record)
        tx.add_dead_letter(
            record, now=bench.clock.now(), remedy="business", signature="s", message="no", step=""
        )
        if discarded:
            tx.settle_dead_letters(record.id, now=bench.clock.now(), settlement="discarded: entered by hand")
    after = quantities(bench.state, ("orders",)).get("lamp-head", 0)
    assert before - after == (1 if discarded else 0)


def test_a_sweep_of_a_pipeline_that_failed_waits_for_a_later_run(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(change=with_outlet)
    theirs = bench.place(guest=GUEST, store_id=2)
    bench.fault("reset_after", "OIS100MI/AddBatchHead", system="m3")
    bench.run("orders@outlet", linger=70.0)
    assert bench.record(theirs, "orders@outlet").state is RecordState.DONE
    bench.edit("m3nop.yaml", 'outlet: {url: "http://127.0.0.1', 'outlet: {url: "http://127.0.0.2')
    bench.forget_connections()
    bench.clock.wait(2 * DAY // 1_000_000)
    ours = bench.place(guest=GUEST)
    summary = bench.run("orders", "orders@outlet")
    assert summary.error is not None
    assert bench.record(ours).state is RecordState.DONE


def test_what_follows_links_follows_those_of_each_installation(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(change=with_outlet)
    add(bench, "priced", ONLY_M3)
    order = bench.place(guest=GUEST, store_id=2)
    bench.run("orders@outlet")
    assert bench.project.instances("priced") == ("priced", "priced@outlet")
    bench.run("priced@outlet")
    assert bench.record(order, "priced@outlet").state is RecordState.DONE
