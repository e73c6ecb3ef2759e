"""Looking again at what was delivered: a change in the shop is shown to a person, in terms of what was entered."""

from __future__ import annotations

import pytest

from m3nop.core.clock import DAY, MINUTE
from m3nop.core.records import RecordState
from m3nop.engine.ports import Job
from tests.contract.engine.bench import CLEAN, Bench


def delivered(bench: Bench, **members: object) -> int:
    order = bench.place(**members)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    return order


def look(bench: Bench, seconds: float = 900) -> None:
    bench.clock.wait(seconds)
    bench.run()


def first_line(bench: Bench, order: int) -> str:
    return str(min(row["id"] for row in bench.rows("shop.order_items", order_id=order)))


def test_an_order_that_changed_after_it_was_entered_goes_to_a_person_with_the_difference(
    bench: Bench,
) -> None:
    order = delivered(bench)
    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench)

    record = bench.record(order)
    assert record.state is RecordState.REVIEW
    assert record.reason == (
        f"changed in the shop since it was entered: lines/{first_line(bench, order)} ORQT: 1 -> 3"
    )
    assert bench.judge(order) == CLEAN


def test_only_some_of_many_differences_are_shown(bench: Bench) -> None:
    skus = ["LAMP-HEAD", "BATT-AAA-4", "MUG-TI", "POT-1L", "KNIFE-FOLD", "COMPASS"]
    order = delivered(bench, lines=[{"sku": sku, "quantity": 1} for sku in skus])
    bench.change(
        order, quantities={str(row["id"]): 2 for row in bench.rows("shop.order_items", order_id=order)}
    )
    look(bench)

    assert bench.record(order).reason.count("ORQT") == 5
    assert bench.record(order).reason.endswith(" and 1 more")


def test_a_change_that_m3_would_not_see_is_none(bench: Bench) -> None:
    order = delivered(bench)
    bench.change(order, order_status=20)
    look(bench)

    assert bench.record(order).state is RecordState.DONE
    assert bench.record(order).snapshot["order_status"] == "processing"


def test_the_same_change_is_shown_once_and_the_next_one_again(bench: Bench) -> None:
    order = delivered(bench)
    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench)
    bench.retry(order)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    assert bench.sent("OIS100MI/AddBatchHead") == 1

    bench.change(order, order_status=20)
    look(bench)
    assert bench.record(order).state is RecordState.DONE

    bench.change(order, quantities={first_line(bench, order): 4})
    look(bench)
    assert "ORQT: 1 -> 4" in bench.record(order).reason


def test_a_change_that_was_taken_back_is_none(bench: Bench) -> None:
    order = delivered(bench)
    bench.change(order, quantities={first_line(bench, order): 3})
    bench.change(order, quantities={first_line(bench, order): 1})
    bench.change(order, order_status=20)
    look(bench)

    assert bench.record(order).state is RecordState.DONE


def test_changes_are_told_by_the_mapping_of_the_time_when_the_order_was_entered(bench: Bench) -> None:
    order = delivered(bench)
    bench.edit("lookups/payment_methods.csv", "Payments.CheckMoneyOrder,014", "Payments.CheckMoneyOrder,030")
    bench.change(order, order_status=20)
    look(bench)
    assert bench.record(order).state is RecordState.DONE

    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench)
    assert bench.record(order).reason.endswith(f"lines/{first_line(bench, order)} ORQT: 1 -> 3")


def test_a_pipeline_that_ignores_changes_shows_none(bench: Bench) -> None:
    bench.edit("pipelines/orders.yaml", "on_change: review  ", "on_change: ignore  ")
    order = delivered(bench)
    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench)

    assert bench.record(order).state is RecordState.DONE


def test_steps_of_a_pipeline_with_a_commit_never_run_again(bench: Bench) -> None:
    bench.edit("pipelines/orders.yaml", "on_change: review  ", "on_change: steps  ")
    order = delivered(bench)
    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench)

    assert bench.record(order).state is RecordState.REVIEW
    assert bench.judge(order) == CLEAN


def test_a_pipeline_without_a_commit_makes_its_steps_again_for_a_change(bench: Bench) -> None:
    bench.edit("pipelines/customers.yaml", "every: 1d}", "every: 15m}")
    delivered(bench, customer_id=5)
    bench.run("customers", full=True)
    address = next(
        row
        for row in bench.rows("shop.addresses")
        if row["id"] == bench.rows("shop.customers", id=5)[0]["billing_address_id"]
    )
    bench.world.books.table("shop.addresses")[str(address["id"])] = {**address, "city": "Bonn"}
    bench.clock.wait(900)
    bench.run("customers")

    assert bench.record(5, "customers").state is RecordState.DONE
    changes = [call for call in bench.calls(5, "customers") if call.operation == "CRS610MI/ChgBasicData"]
    assert [call.fields["TOWN"] for call in changes] == ["Bonn"]


def test_what_the_shop_has_nothing_more_to_say_about_is_not_looked_at_again(bench: Bench) -> None:
    order = delivered(bench)
    bench.change(order, order_status=30)
    look(bench)
    assert bench.record(order).snapshot["order_status"] == "complete"
    assert bench.record(order).not_before is None

    bench.change(order, quantities={first_line(bench, order): 3})
    look(bench, DAY // 1_000_000)
    assert bench.record(order).state is RecordState.DONE


def test_after_its_time_a_delivered_order_is_left_alone(bench: Bench) -> None:
    order = delivered(bench)
    look(bench, 61 * 86_400)

    assert bench.record(order).not_before is None


def test_a_delivered_order_that_is_gone_from_the_shop_is_looked_for_until_its_time_is_over(
    bench: Bench,
) -> None:
    order = delivered(bench)
    orders = bench.world.books.table("shop.orders")
    del orders[str(order)]
    look(bench)
    assert bench.record(order).state is RecordState.DONE
    assert bench.record(order).not_before == bench.clock.now() + 15 * MINUTE

    look(bench, 61 * 86_400)
    assert bench.record(order).not_before is None


def test_a_record_whose_changes_cannot_be_worked_out_does_not_stop_the_others(bench: Bench) -> None:
    bench.edit(
        "pipelines/orders.yaml",
        "  buyer: trim(",
        '  shares: "divide(`1`, subtract(order.items[0].quantity, `9`))"\n  buyer: trim(',
    )
    bench.edit(
        "pipelines/orders.yaml",
        "      YREF: {from: vars.buyer",
        "      OREF: vars.shares\n      YREF: {from: vars.buyer",
    )
    broken, fine = delivered(bench), delivered(bench)
    bench.change(broken, quantities={first_line(bench, broken): 9})
    bench.change(fine, quantities={first_line(bench, fine): 3})
    look(bench)

    assert bench.record(broken).state is RecordState.REVIEW
    assert "since it was entered: cannot divide number 1 by 0" in bench.record(broken).reason
    assert "ORQT: 1 -> 3" in bench.record(fine).reason


def test_records_of_a_store_that_is_no_longer_served_rest(bench: Bench) -> None:
    order, waiting = (
        delivered(bench, store_id=2, customer_id=11),
        bench.place(store_id=2, customer_id=11, payment_status="pending"),
    )
    bench.run()
    bench.clock.wait(900)
    whole = bench.jobs("orders")
    only = {name: Job(name, {"b2c": job.by_store["b2c"]}, {1: "b2c"}) for name, job in whole.items()}
    bench.run(jobs=only)
    assert bench.record(order).not_before is None

    bench.change(waiting, payment_status="paid")
    look(bench, 86_400)
    assert bench.states() == {str(order): "done", str(waiting): "done"}


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_groups_are_looked_at_together(make_bench, dialect: str) -> None:
    bench = make_bench(dialect=dialect)
    orders = [bench.place(payment_status="pending") for _ in range(3)]
    bench.run()
    for order in orders:
        bench.change(order, payment_status="paid")
    seen = len(bench.world.requests)
    look(bench)

    assert bench.judge(*orders) == CLEAN
    reads = [
        r
        for r in list(bench.world.requests)[seen:]
        if r.system == "shop" and ("GetByIds/" in r.path or "Ids" in r.call.query)
    ]
    assert len(reads) <= 3
