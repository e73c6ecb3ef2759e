"""The pack's pipeline `shipments`: deliveries, invoices and cancellations of entered orders, told once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from m3nop.core.records import Link, RecordState
from m3nop.sandbox.m3.happenings import HAPPENINGS
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

QUARTER = 15 * 60
LINES = ({"sku": "TENT-2P", "quantity": 2}, {"sku": "LAMP-HEAD", "quantity": 1})
ACTS = ("Create", "Update", "Ship/", "Deliver/", "SaveAttribute", "CancelOrder")
"""What is in the paths of the shop's requests that act in this pipeline."""


def entered(bench: Bench, **members: Any) -> tuple[int, str]:
    """Place and enter an order; return its number in the shop and in M3."""
    order = bench.place(**{"guest": GUEST, "lines": LINES, **members})
    bench.run("orders")
    return order, bench.real(order)[0]["ORNO"]


def in_m3(bench: Bench, what: str, number: str, **body: Any) -> None:
    """Let something happen to an order in M3."""
    with bench.world.books.change(apart=True):
        HAPPENINGS[f"/m3/orders/{{number}}/{what}"](bench.world, {"number": number}, body)


def later(bench: Bench, seconds: float = QUARTER) -> None:
    """Wait, and look again: at the orders, and at what has become of them."""
    bench.clock.wait(seconds)
    bench.run("orders", "shipments", linger=600.0)


def policy(bench: Bench, side: str, what: str) -> None:
    comment = "    in_m3: review  " if side == "in_m3" else "    in_shop: review  "
    bench.edit("m3nop.yaml", comment, f"    {side}: {what}  ")


def shipments(bench: Bench, order: int) -> list[dict[str, Any]]:
    return sorted(bench.rows("shop.shipments", order_id=order), key=lambda row: row["id"])


def packed(bench: Bench, order: int) -> list[dict[str, int]]:
    """Return SKUs and quantities of each shipment of an order."""
    skus = {
        row["id"]: _sku(bench, row["product_id"]) for row in bench.rows("shop.order_items", order_id=order)
    }
    return [
        {
            skus[row["order_item_id"]]: row["quantity"]
            for row in bench.rows("shop.shipment_items", shipment_id=one["id"])
        }
        for one in shipments(bench, order)
    ]


def _sku(bench: Bench, product: int) -> str:
    return str(bench.rows("shop.products", id=product)[0]["sku"])


def notes(bench: Bench, order: int) -> list[str]:
    return [
        row["note"] for row in bench.rows("shop.order_notes", order_id=order) if row["note"].startswith("M3 ")
    ]


def attribute(bench: Bench, order: int, key: str) -> str | None:
    found = [row["value"] for row in bench.rows("shop.generic_attributes", entity_id=order, key=key)]
    return found[0] if found else None


def acting(bench: Bench) -> list[str]:
    """Return the requests to the shop that wrote something."""
    paths = [
        f"{request.method} {request.path}" for request in bench.world.requests if request.system == "shop"
    ]
    return [path for path in paths if any(word in path for word in ACTS)]


def order_row(bench: Bench, order: int) -> dict[str, Any]:
    return bench.rows("shop.orders", id=order)[0]


def test_an_order_is_delivered_in_two_parts_invoiced_and_complete(bench: Bench) -> None:
    bench.edit("m3nop.yaml", "delivered_after_days: null", "delivered_after_days: 0")
    order, number = entered(bench)
    bench.run("shipments")
    assert (shipments(bench, order), attribute(bench, order, "M3OrderStatus")) == ([], "to be allocated")

    in_m3(bench, "pick", number, lines=[{"ponr": 1, "quantity": "1"}])
    later(bench)
    assert (shipments(bench, order), attribute(bench, order, "M3OrderStatus")) == ([], "partly being picked")

    in_m3(bench, "deliver", number, lines=[{"ponr": 2}])
    later(bench)
    assert packed(bench, order) == [{"LAMP-HEAD": 1}]
    (first,) = shipments(bench, order)
    assert (first["tracking_number"][:2], first["admin_comment"]) == ("RR", "m3:1000102")
    assert attribute(bench, order, "M3OrderStatus") == "partly delivered"
    assert order_row(bench, order)["shipping_status_id"] == 25

    in_m3(bench, "deliver", number)
    later(bench)
    assert packed(bench, order) == [{"LAMP-HEAD": 1}, {"TENT-2P": 1}, {"TENT-2P": 1}]
    assert order_row(bench, order)["shipping_status_id"] == 40
    assert bench.record(order, "shipments").not_before is not None

    in_m3(bench, "invoice", number)
    later(bench)
    assert attribute(bench, order, "M3Invoices") == "90001"
    assert attribute(bench, order, "M3OrderStatus") == "invoiced"
    assert (len(notes(bench, order)), notes(bench, order)[-1][:16]) == (4, "M3 invoice 90001")
    assert order_row(bench, order)["order_status_id"] == 30
    done = bench.record(order, "shipments")
    assert (done.state, done.not_before, done.reason) == (RecordState.DONE, None, "")

    told, asked = acting(bench), bench.sent("OIS100MI/GetHead")
    later(bench, 86_400)
    assert (acting(bench), bench.sent("OIS100MI/GetHead")) == (told, asked)


def test_a_second_look_at_an_open_order_sends_nothing_and_leaves_no_line(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number, lines=[{"ponr": 1}])
    later(bench)
    told, calls = acting(bench), len(bench.calls(order, "shipments"))
    assert len(packed(bench, order)) == 1
    for _ in range(3):
        later(bench)
    assert acting(bench) == told
    assert len(bench.calls(order, "shipments")) == calls
    assert bench.record(order, "shipments").not_before is not None


def test_a_shipment_that_somebody_deletes_is_made_again(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number, lines=[{"ponr": 1}])
    later(bench)
    (made,) = shipments(bench, order)
    books = bench.world.books
    del books.table("shop.shipments")[str(made["id"])]
    for row in bench.rows("shop.shipment_items", shipment_id=made["id"]):
        del books.table("shop.shipment_items")[str(row["id"])]
    later(bench)
    assert packed(bench, order) == [{"TENT-2P": 2}]
    assert len(notes(bench, order)) == 1


def test_a_plan_shows_the_shipment_and_sends_nothing(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    told = acting(bench)
    (planned,) = [record for record in bench.plan("shipments") if record.key == str(order)]
    (shipment,) = [call for call in planned.calls if call.target == "shop/shipments"]
    assert (shipment.path, shipment.fields["match.marker"]) == ("shipments/1000101/shipment", "m3:1000101")
    assert sorted(item["quantity"] for item in shipment.fields["items"]) == [1, 2]
    assert acting(bench) == told


def test_a_tracking_number_that_comes_late_is_written(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    (delivery,), (package,) = bench.rows("m3.deliveries", RIDN=number), bench.rows("m3.packages")
    track(bench, delivery, package, "")
    in_m3(bench, "invoice", number)
    later(bench)
    assert shipments(bench, order)[0]["tracking_number"] is None
    assert bench.record(order, "shipments").not_before is not None

    track(bench, delivery, package, "1Z999")
    later(bench)
    (shipment,) = shipments(bench, order)
    assert shipment["tracking_number"] == "1Z999"
    assert len(packed(bench, order)) == 1
    assert bench.record(order, "shipments").not_before is None


def test_a_tracking_number_that_never_comes_is_waited_for_a_week_only(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    (delivery,), (package,) = bench.rows("m3.deliveries", RIDN=number), bench.rows("m3.packages")
    track(bench, delivery, package, "")
    in_m3(bench, "invoice", number)
    later(bench, 6 * 86_400)
    assert bench.record(order, "shipments").not_before is not None
    later(bench, 2 * 86_400)
    assert bench.record(order, "shipments").not_before is None


def track(bench: Bench, delivery: dict[str, Any], package: dict[str, Any], number: str) -> None:
    """Give a delivery and its package a tracking number, as a carrier's system does."""
    books = bench.world.books
    books.table("m3.deliveries")[str(delivery["DLIX"])] = {**delivery, "ETRN": number}
    serial = f"{int(package['PANR']):010}"
    books.table("m3.packages")[f"{delivery['DLIX']}/{serial}"] = {**package, "ETRN": number}


@pytest.mark.parametrize(("which", "shown"), [("all", "RR1, RR2, RR3"), ("first", "RR2")])
def test_a_delivery_in_many_packages_has_all_numbers_or_the_first(
    bench: Bench, which: str, shown: str
) -> None:
    bench.edit("m3nop.yaml", "tracking_numbers: all ", f"tracking_numbers: {which} ")
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    (delivery,), (package,) = bench.rows("m3.deliveries", RIDN=number), bench.rows("m3.packages")
    books = bench.world.books
    books.table("m3.deliveries")[str(delivery["DLIX"])] = {**delivery, "ETRN": "RR1"}
    for serial, tracking in ((1, "RR2"), (2, ""), (3, "RR3"), (4, "RR2")):
        books.table("m3.packages")[f"{delivery['DLIX']}/{serial:010}"] = {
            **package, "PANR": f"{serial:010}", "ETRN": tracking,
        }  # fmt: skip
    later(bench)
    found = shipments(bench, order)[0]["tracking_number"]
    assert sorted(found.split(", ")) == shown.split(", ")


def test_goods_arrive_so_many_days_after_they_left(bench: Bench) -> None:
    bench.edit("m3nop.yaml", "delivered_after_days: null", "delivered_after_days: 2")
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    in_m3(bench, "invoice", number)
    later(bench)
    assert order_row(bench, order)["shipping_status_id"] == 30
    assert bench.record(order, "shipments").not_before is not None
    later(bench, 2 * 86_400)
    assert order_row(bench, order)["shipping_status_id"] == 40
    assert bench.record(order, "shipments").not_before is None


def judge_two_parts(bench: Bench, order: int) -> None:
    """Check that two deliveries and an invoice were told once each."""
    assert packed(bench, order) == [{"LAMP-HEAD": 1}, {"TENT-2P": 2}]
    assert all(row["shipped_date_utc"] and row["tracking_number"] for row in shipments(bench, order))
    assert len(notes(bench, order)) == len(set(notes(bench, order))) == 3
    sent = [
        row for row in bench.rows("shop.order_notes", order_id=order) if row["note"].endswith("has been sent")
    ]
    assert len(sent) == 2
    assert attribute(bench, order, "M3Invoices") == "90001"
    assert bench.record(order, "shipments").state is RecordState.DONE


def two_parts(bench: Bench) -> int:
    order, number = entered(bench)
    in_m3(bench, "deliver", number, lines=[{"ponr": 2}])
    in_m3(bench, "deliver", number)
    in_m3(bench, "invoice", number)
    return order


@pytest.mark.parametrize("part", range(4))
def test_everything_is_told_once_wherever_runs_die(bench: Bench, part: int) -> None:
    """Each run dies four places further than the one before, and goes on from where that one left things."""
    order = two_parts(bench)
    at, died = 1 + part, 0
    while bench.die(at, "shipments", linger=600.0).dead:
        bench.clock.wait(61)
        at, died = at + 4, died + 1
    later(bench)
    assert died > 5
    judge_two_parts(bench, order)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
@pytest.mark.parametrize(
    "operation",
    ["*/Shipment/Create*", "*/ShipmentItem/Create*", "*OrderProcessing/Ship/*", "*/OrderNote/Create*", "*GenericAttribute/SaveAttribute*"],
)  # fmt: skip
def test_a_lost_answer_doubles_nothing(bench: Bench, operation: str, kind: str) -> None:
    order = two_parts(bench)
    bench.fault(kind, operation, system="shop")
    bench.run("shipments", linger=600.0)
    assert bench.world.faults.describe()[0]["fired"] == 1
    later(bench)
    judge_two_parts(bench, order)


def test_a_shipment_that_was_half_written_is_completed(bench: Bench) -> None:
    order = two_parts(bench)
    bench.fault("status", "*OrderProcessing/Ship/*", system="shop", status=400)
    bench.run("shipments", linger=600.0)
    assert bench.record(order, "shipments").state is RecordState.DEAD
    assert not shipments(bench, order)[0]["shipped_date_utc"]
    bench.retry(order, pipeline="shipments")
    bench.run("shipments", linger=600.0)
    judge_two_parts(bench, order)


def cancel_in_shop(bench: Bench, order: int) -> None:
    bench.change(order, cancel=True)


@pytest.mark.parametrize(
    ("what", "state", "status"),
    [("review", "review", 20), ("cancel_shop", "done", 40), ("ignore", "done", 20)],
)
def test_an_order_that_m3_deleted_follows_the_policy(
    bench: Bench, what: str, state: str, status: int
) -> None:
    policy(bench, "in_m3", what)
    order, number = entered(bench)
    in_m3(bench, "cancel", number)
    later(bench)
    record = bench.record(order, "shipments")
    assert (str(record.state), order_row(bench, order)["order_status_id"]) == (state, status)
    if what == "review":
        assert record.reason == "M3 has deleted the order, and the shop has not cancelled it"
        bench.retry(order, pipeline="shipments")
        later(bench)
        record = bench.record(order, "shipments")
        assert (str(record.state), order_row(bench, order)["order_status_id"]) == ("done", 20)
    assert record.not_before is None
    assert attribute(bench, order, "M3OrderStatus") == "deleted"
    assert notes(bench, order)[-1] == f"M3 has deleted order {number}"
    later(bench, 86_400)
    assert str(bench.record(order, "shipments").state) == "done"


@pytest.mark.parametrize(
    ("what", "state", "lowest"),
    [("review", "review", "22"), ("cancel_m3", "done", "90"), ("ignore", "done", "22")],
)
def test_an_order_that_the_shop_cancelled_follows_the_policy(
    bench: Bench, what: str, state: str, lowest: str
) -> None:
    policy(bench, "in_shop", what)
    order, _ = entered(bench)
    cancel_in_shop(bench, order)
    later(bench)
    record = bench.record(order, "shipments")
    assert (str(record.state), bench.real(order)[0]["ORSL"]) == (state, lowest)
    assert bench.record(order).state is RecordState.DONE
    if what == "review":
        assert record.reason == "the shop has cancelled the order, and M3 goes on with it"
        bench.retry(order, pipeline="shipments")
        later(bench)
        record = bench.record(order, "shipments")
    assert (record.state, record.not_before) == (RecordState.DONE, None)


def test_what_is_being_picked_is_not_deleted_but_reviewed(bench: Bench) -> None:
    policy(bench, "in_shop", "cancel_m3")
    order, number = entered(bench)
    in_m3(bench, "pick", number)
    cancel_in_shop(bench, order)
    later(bench)
    record = bench.record(order, "shipments")
    assert (record.state, record.reason) == (
        RecordState.REVIEW, "the shop has cancelled the order, and M3 goes on with it",
    )  # fmt: skip
    assert bench.sent("OIS100MI/DelHead") == 0
    assert bench.real(order)[0]["ORSL"] == "44"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_an_order_is_deleted_in_m3_once_whichever_answer_is_lost(bench: Bench, kind: str) -> None:
    policy(bench, "in_shop", "cancel_m3")
    order, _ = entered(bench)
    cancel_in_shop(bench, order)
    bench.clock.wait(QUARTER)
    bench.run("orders")
    bench.fault(kind, "OIS100MI/DelHead", system="m3")
    bench.run("shipments", linger=600.0)
    later(bench)
    assert (bench.record(order, "shipments").state, bench.real(order)[0]["ORSL"]) == (RecordState.DONE, "90")


def test_normal_life_of_an_entered_order_is_no_review(bench: Bench) -> None:
    orders = [entered(bench)[0] for _ in range(3)]
    bench.change(orders[0], order_status=30)
    bench.change(orders[1], payment_status="refunded")
    bench.change(orders[2], refund="10.00")
    bench.clock.wait(QUARTER)
    bench.run("orders")
    assert {str(bench.record(order).state) for order in orders} == {"done"}


def test_an_order_from_before_is_followed_by_its_imported_link(bench: Bench) -> None:
    order, number = entered(bench)
    bench.lose_state()
    with bench.state.transaction() as tx:
        tx.put_link(Link("orders", str(order), str(order), number, bench.clock.now(), "import"))
    in_m3(bench, "deliver", number)
    bench.run("shipments")
    assert packed(bench, order) == [{"TENT-2P": 2, "LAMP-HEAD": 1}]
    cancel_in_shop(bench, order)
    later(bench)
    assert (
        bench.record(order, "shipments").reason == "the shop has cancelled the order, and M3 goes on with it"
    )


def test_lines_are_found_as_they_were_entered_whatever_became_of_the_order(bench: Bench) -> None:
    order, number = entered(bench)
    line = min(row["id"] for row in bench.rows("shop.order_items", order_id=order))
    bench.change(order, quantities={str(line): 0})
    bench.clock.wait(QUARTER)
    bench.run("orders")
    assert bench.record(order).state is RecordState.REVIEW
    in_m3(bench, "deliver", number, lines=[{"ponr": 2}])
    later(bench)
    assert packed(bench, order) == [{"LAMP-HEAD": 1}]


def test_goods_that_the_shop_did_not_sell_are_left_out_and_said(bench: Bench) -> None:
    order, number = entered(bench)
    lines = bench.world.books.table("m3.order_lines")
    lines[f"{number}/00001"] = {**lines[f"{number}/00001"], "CUPO": 0}
    in_m3(bench, "deliver", number)
    later(bench)
    assert packed(bench, order) == [{"LAMP-HEAD": 1}]
    assert "goods that are on no line" in bench.record(order, "shipments").reason


def test_part_of_a_unit_is_a_review_once(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    rows = bench.world.books.table("m3.delivery_lines")
    key = next(key for key, row in rows.items() if row["RIDL"] == 1)
    rows[key] = {**rows[key], "TRQA": "1.5"}
    later(bench)
    assert (
        bench.record(order, "shipments").reason == "M3 delivered part of a unit, which a shipment cannot hold"
    )
    bench.retry(order, pipeline="shipments")
    later(bench)
    assert packed(bench, order) == [{"TENT-2P": 1, "LAMP-HEAD": 1}]
    later(bench)
    assert bench.record(order, "shipments").state is RecordState.DONE


def test_a_status_without_a_row_is_a_review_until_it_has_one(bench: Bench) -> None:
    order, number = entered(bench)
    text = bench.read("lookups/m3_order_status.csv")
    bench.write("lookups/m3_order_status.csv", text.replace("33,allocated\n", ""))
    bench.load()
    in_m3(bench, "allocate", number)
    later(bench)
    record = bench.record(order, "shipments")
    assert (record.state, "33" in record.reason) == (RecordState.REVIEW, True)
    bench.write("lookups/m3_order_status.csv", text)
    bench.load()
    bench.retry(order, pipeline="shipments")
    later(bench)
    assert attribute(bench, order, "M3OrderStatus") == "allocated"


def test_a_policy_that_is_none_is_refused(bench: Bench) -> None:
    policy(bench, "in_m3", "cancel_shp")
    order, _ = entered(bench)
    later(bench)
    record = bench.record(order, "shipments")
    assert (record.state, record.reason) == (
        RecordState.DEAD, "cancel_policy.in_m3 is none of review, cancel_shop, ignore",
    )  # fmt: skip


def test_a_shipment_that_the_shop_refuses_is_a_dead_letter_that_can_be_retried(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    table = bench.world.books.table("shop.orders")
    row = table[str(order)]
    table[str(order)] = {**row, "pickup_in_store": True}
    later(bench)
    record = bench.record(order, "shipments")
    assert (record.state, "fetched by the customer" in record.reason) == (RecordState.DEAD, True)
    table[str(order)] = row
    bench.retry(order, pipeline="shipments")
    later(bench)
    assert packed(bench, order) == [{"TENT-2P": 2, "LAMP-HEAD": 1}]


def test_an_order_that_is_collected_gets_notes_and_no_shipment(bench: Bench) -> None:
    order, number = entered(bench, pickup=True)
    in_m3(bench, "deliver", number)
    later(bench)
    assert shipments(bench, order) == []
    assert len(notes(bench, order)) == 1
    assert bench.record(order, "shipments").state is RecordState.DONE


def test_the_open_source_api_takes_no_shipments_and_that_is_said(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(dialect="oss")
    order, number = entered(bench)
    in_m3(bench, "deliver", number)
    later(bench)
    record = bench.record(order, "shipments")
    assert (record.state, acting(bench)) == (RecordState.DONE, [])
    assert record.reason == "this API of the shop has no shipments; what M3 delivers is not told there"


def test_without_shipments_in_its_api_a_deleted_order_is_a_review_under_any_policy_but_ignore(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(dialect="oss")
    policy(bench, "in_m3", "cancel_shop")
    order, number = entered(bench)
    in_m3(bench, "cancel", number)
    later(bench)
    assert (
        bench.record(order, "shipments").reason
        == "M3 has deleted the order, and the shop has not cancelled it"
    )


def test_a_record_that_was_rejected_is_still_rejected_a_day_later(bench: Bench) -> None:
    order, number = entered(bench)
    in_m3(bench, "cancel", number)
    later(bench)
    record = bench.record(order, "shipments")
    with bench.state.transaction() as tx:
        tx.save_record(replace(record, state=RecordState.DEAD, reason="rejected"))
    later(bench, 86_400)
    assert bench.record(order, "shipments").state is RecordState.DEAD
