"""The shipped pipeline ``inventory``: what M3 can promise becomes the shop's stock, once, whatever happens on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.errors import AccessError, PausedError
from m3nop.core.records import RecordState
from m3nop.sandbox.m3.happenings import HAPPENINGS
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

DIALECTS = ("official", "oss")
NAME = "inventory"
FILTER = "is_blank(balance.WHLO) || contains(settings.stock_warehouses, balance.WHLO)"
WRITES = ("AdjustInventory", "ProductWarehouse/Update", "ProductWarehouse/Insert")


@pytest.fixture(params=DIALECTS)
def bench(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """The shipped pack, in each dialect."""
    made = make_bench(dialect=request.param)
    made.edit("lookups/shop_warehouses.yaml", "values: {}", 'values: {"001": "1", "002": "2"}')
    return made


def only(bench: Bench, *items: str) -> None:
    """Let the pipeline look at these items only, which makes a run short."""
    listed = ", ".join(f"'{item}'" for item in items)
    bench.edit(f"pipelines/{NAME}.yaml", FILTER, f"({FILTER}) && contains([{listed}], balance.ITNO)")


def count(bench: Bench, item: str, quantity: object, warehouse: str = "001") -> None:
    """Let a stocktaking in M3 find so many, a minute after what happened before."""
    bench.clock.wait(60)
    HAPPENINGS["/m3/stock"](bench.world, {}, {"itno": item, "whlo": warehouse, "quantity": str(quantity)})


def product(bench: Bench, sku: str) -> dict[str, object]:
    return bench.rows("shop.products", sku=sku)[0]


def stock(bench: Bench, sku: str) -> int:
    """Return what a product, or a variant, has in one place."""
    variants = bench.rows("shop.combinations", sku=sku)
    return int((variants or bench.rows("shop.products", sku=sku))[0]["stock_quantity"])


def parts(bench: Bench, sku: str) -> dict[int, tuple[int, int]]:
    """Return stock and reservations of a product by warehouse of the shop."""
    rows = bench.rows("shop.inventories", product_id=product(bench, sku)["id"])
    return {row["warehouse_id"]: (row["stock_quantity"], row["reserved_quantity"]) for row in rows}


def writes(bench: Bench) -> int:
    """Count the requests that changed something in the shop."""
    return sum(request.system == "shop" and is_write(request) for request in bench.world.requests)


def is_write(request: object) -> bool:
    method, path = getattr(request, "method", ""), str(getattr(request, "path", ""))
    return method in ("PUT", "DELETE") or (method == "POST" and "token" not in path.lower())


def sold(bench: Bench, sku: str, quantity: int, **members: object) -> int:
    return bench.place(guest=GUEST, lines=({"sku": sku, "quantity": quantity},), **members)


def test_every_way_to_count_stock_is_served_and_a_second_run_sends_nothing(bench: Bench) -> None:
    only(bench, "TENT-2P", "BOOT-42", "MAT-AIR", "10004711", "GIFT-WRAP", "BOOT-43")
    for item, quantity in (("TENT-2P", 17), ("BOOT-42", 5), ("MAT-AIR", 33), ("10004711", 8)):
        count(bench, item, quantity)
    bench.edit("m3nop.yaml", 'stock_warehouses: ["001"]', 'stock_warehouses: ["001", "002"]')
    count(bench, "MAT-AIR", 4, "002")
    for item in ("TENT-2P", "BOOT-42", "10004711"):
        count(bench, item, 1, "002")

    bench.run(NAME, allow_to_zero=True)
    assert (stock(bench, "TENT-2P"), stock(bench, "BOOT-42"), stock(bench, "BOTTLE-1L")) == (18, 6, 9)
    assert parts(bench, "MAT-AIR") == {1: (33, 0), 2: (4, 0)}
    assert bench.record("GIFT-WRAP", NAME).state is RecordState.IGNORED
    assert "does not count its stock" in bench.record("GIFT-WRAP", NAME).reason

    before = writes(bench)
    bench.clock.wait(3600)
    bench.run(NAME)
    bench.run(NAME, full=True)
    assert writes(bench) == before


def test_an_item_that_the_shop_does_not_sell_is_left_alone_until_it_does(bench: Bench) -> None:
    only(bench, "ROPE-M")
    for row in bench.rows("shop.products", sku="ROPE-M"):
        bench.world.books.table("shop.products")[str(row["id"])] = {**row, "sku": "ELSE"}
    bench.run(NAME)
    assert bench.record("ROPE-M", NAME).state is RecordState.IGNORED
    assert writes(bench) == 0
    assert bench.sent("OIS100MI/LstWarehBalance") == 0

    for row in bench.rows("shop.products", sku="ELSE"):
        bench.world.books.table("shop.products")[str(row["id"])] = {**row, "sku": "ROPE-M"}
    bench.clock.wait(2 * 3600)
    bench.forget_connections()
    bench.run(NAME, full=True)
    assert bench.record("ROPE-M", NAME).state is RecordState.DONE


def test_only_what_changed_in_m3_is_looked_at_and_the_full_comparison_mends_the_shop(bench: Bench) -> None:
    only(bench, "TENT-2P", "COMPASS")
    for _ in range(2):
        bench.run(NAME)
        bench.clock.wait(300)
    count(bench, "TENT-2P", 50)
    changed = product(bench, "COMPASS")
    bench.world.books.table("shop.products")[str(changed["id"])] = {**changed, "stock_quantity": 4}
    bench.world.requests.clear()
    bench.run(NAME)
    assert (stock(bench, "TENT-2P"), stock(bench, "COMPASS")) == (50, 4)
    assert (bench.sent("OIS100MI/LstWarehBalance"), bench.sent("MMS200MI/SelItem")) == (2, 0)
    # Twice, because what is to be written was rehearsed before.

    bench.clock.wait(24 * 3600)
    bench.run(NAME)
    assert bench.sent("MMS200MI/SelItem") == 1
    assert stock(bench, "COMPASS") != 4


def test_a_warehouse_that_reads_as_empty_stops_the_run_before_it_writes(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    bench.run(NAME)
    bench.clock.wait(60)
    balances = bench.world.books.table("m3.balances")
    HAPPENINGS["/m3/stock"](
        bench.world,
        {},
        [
            {"itno": row["ITNO"], "whlo": "001", "quantity": "0"}
            for row in balances.values()
            if row["WHLO"] == "001"
        ],
    )
    bench.clock.wait(60)
    before = writes(bench)
    with pytest.raises(
        PausedError, match=r"would come to nothing, and 10 % is the limit: nothing was written"
    ):
        bench.run(NAME)
    assert writes(bench) == before
    assert stock(bench, "TENT-2P") > 0

    bench.run(NAME, allow_to_zero=True)
    assert stock(bench, "TENT-2P") == 0
    assert bench.states(NAME)["TENT-2P"] == "done"


def test_what_is_on_its_way_to_m3_is_not_published_again(bench: Bench) -> None:
    only(bench, "TENT-2P")
    count(bench, "TENT-2P", 50)
    bench.run("orders")
    waiting = sold(bench, "TENT-2P", 4, payment_status="pending")
    bench.run(NAME)
    # The orders were read first, so the one that waits for its payment is known.
    assert bench.record(waiting).state is RecordState.WAITING
    assert stock(bench, "TENT-2P") == 46

    entered = sold(bench, "TENT-2P", 7)
    bench.run("orders", NAME)
    assert bench.record(entered).state is RecordState.DONE
    bench.clock.wait(300)
    bench.run(NAME)
    assert stock(bench, "TENT-2P") == 50 - 4 - 7


def test_beside_orders_that_cannot_be_read_no_stock_is_published(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    only(bench, "LAMP-HEAD")
    bench.run("orders", NAME)
    before = stock(bench, "LAMP-HEAD")
    count(bench, "LAMP-HEAD", 400)
    bench.place(guest=GUEST, lines=[{"sku": "LAMP-HEAD", "quantity": 5}])
    bench.fault("status", "GET *Order/*", system="shop", status=500, times=None)
    with pytest.raises(AccessError):
        bench.run("orders", NAME)
    assert stock(bench, "LAMP-HEAD") == before - 5

    bench.world.faults.clear()
    bench.clock.wait(60)
    assert bench.run("orders", NAME).error is None
    assert bench.record("LAMP-HEAD", NAME).state is RecordState.DONE
    assert stock(bench, "LAMP-HEAD") == 400 - 5


def test_what_shoppers_have_reserved_in_a_warehouse_comes_on_top_of_what_can_be_sold(bench: Bench) -> None:
    only(bench, "PACK-35")
    count(bench, "PACK-35", 20)
    bench.run("orders", NAME)
    sold(bench, "PACK-35", 3, payment_status="pending")
    assert sum(reserved for _, reserved in parts(bench, "PACK-35").values()) == 3
    count(bench, "PACK-35", 21)
    bench.run(NAME)
    on_hand, reserved = parts(bench, "PACK-35")[1]
    assert on_hand - reserved == 21 - 3


def test_safety_stock_and_the_shops_unit_are_taken_off_and_rounded_down(bench: Bench) -> None:
    only(bench, "CARABINER")
    bench.edit("m3nop.yaml", "safety_stock: 0", "safety_stock: 2")
    bench.edit("m3nop.yaml", "shop_unit: null", "shop_unit: BOX")
    count(bench, "CARABINER", 12 * 9 + 11)
    bench.run(NAME)
    assert stock(bench, "CARABINER") == 7


@pytest.mark.parametrize(
    ("way", "operation"),
    [("balance", "MMS200MI/GetItmWhsBal"), ("location", "MMS060MI/LstNewItemBal")],
)
def test_other_transactions_of_m3_tell_the_stock_where_a_site_wants_that(
    bench: Bench, way: str, operation: str
) -> None:
    only(bench, "COMPASS")
    bench.edit("m3nop.yaml", "stock_from: promise", f"stock_from: {way}")
    count(bench, "COMPASS", 44)
    bench.run(NAME)
    assert stock(bench, "COMPASS") == 44
    assert (bench.sent(operation) > 0, bench.sent("OIS100MI/LstWarehBalance")) == (True, 0)


def test_an_item_that_m3_does_not_have_in_the_shops_unit_is_refused_until_it_has(bench: Bench) -> None:
    only(bench, "TENT-2P")
    bench.edit("m3nop.yaml", "shop_unit: null", "shop_unit: BOX")
    bench.run(NAME)
    assert bench.record("TENT-2P", NAME).state is RecordState.DEAD
    assert "in the shop's unit" in bench.record("TENT-2P", NAME).reason

    bench.edit("m3nop.yaml", "shop_unit: BOX", "shop_unit: PCS")
    count(bench, "TENT-2P", 12)
    bench.run(NAME)
    assert bench.record("TENT-2P", NAME).state is RecordState.DONE
    assert stock(bench, "TENT-2P") == 12


def test_aliases_lead_from_the_item_to_the_sku(bench: Bench) -> None:
    only(bench, "TENT-2P")
    ean = next(row["POPN"] for row in bench.rows("m3.aliases", ITNO="TENT-2P", ALWT="2"))
    tent = product(bench, "TENT-2P")
    bench.world.books.table("shop.products")[str(tent["id"])] = {**tent, "sku": ean}
    bench.edit("m3nop.yaml", "item_by: sku ", "item_by: alias ")
    count(bench, "TENT-2P", 23)
    bench.run(NAME)
    assert stock(bench, ean) == 23


def test_a_warehouse_without_a_row_goes_to_review_and_is_taken_up_once_it_has_one(bench: Bench) -> None:
    only(bench, "MAT-AIR")
    lookup = bench.read("lookups/shop_warehouses.yaml")
    bench.write("lookups/shop_warehouses.yaml", lookup.replace('"001": "1"', '"009": "1"'))
    bench.load()
    bench.run(NAME)
    assert bench.record("MAT-AIR", NAME).state is RecordState.REVIEW
    assert writes(bench) == 0

    bench.write("lookups/shop_warehouses.yaml", lookup)
    bench.load()
    bench.retry("MAT-AIR", pipeline=NAME)
    bench.run(NAME)
    assert bench.record("MAT-AIR", NAME).state is RecordState.DONE


def test_a_sku_that_two_products_have_is_refused(bench: Bench) -> None:
    only(bench, "COMPASS")
    other = product(bench, "ROPE-M")
    bench.world.books.table("shop.products")[str(other["id"])] = {**other, "sku": "COMPASS"}
    bench.run(NAME)
    assert bench.record("COMPASS", NAME).state is RecordState.DEAD
    assert writes(bench) == 0


def test_what_was_refused_is_looked_at_again_when_m3_names_it(bench: Bench) -> None:
    only(bench, "COMPASS")
    bench.run(NAME)
    other = product(bench, "ROPE-M")
    bench.world.books.table("shop.products")[str(other["id"])] = {**other, "sku": "COMPASS"}
    bench.forget_connections()
    for quantity in (8, 9):
        count(bench, "COMPASS", quantity)
        bench.run(NAME)
    assert bench.record("COMPASS", NAME).state is RecordState.DEAD
    bench.world.books.table("shop.products")[str(other["id"])] = other
    bench.forget_connections()

    count(bench, "COMPASS", 10)
    bench.run(NAME)
    assert bench.record("COMPASS", NAME).state is RecordState.DONE
    assert stock(bench, "COMPASS") == 10


@pytest.mark.parametrize("sku", ["TENT-2P", "BOOT-42", "PACK-35"])
def test_wherever_a_run_dies_the_stock_ends_at_the_target(bench: Bench, sku: str) -> None:
    only(bench, sku)
    bench.run("orders")
    # Every point where goods are counted in one place; elsewhere the same ones by turns.
    for sales, at in enumerate(range(1, 60, 1 if sku == "TENT-2P" else 6), start=1):
        target = 100 + at
        count(bench, sku, target)
        fate = bench.die(at, NAME)
        sold(bench, sku, 1, payment_status="pending")
        # What is in doubt is settled when it can no longer be under way; then the order is reckoned with.
        bench.clock.wait(61)
        bench.run(NAME, linger=600.0)
        on_hand, reserved = parts(bench, sku)[1] if sku == "PACK-35" else (stock(bench, sku), 0)
        assert on_hand - reserved == target - sales, f"died at {fate.passed[-1:]} ({at})"
        if not fate.dead:
            break
    assert not fate.dead
    assert at > 8


@pytest.mark.parametrize(
    "fault",
    [("reset_before", {}), ("reset_after", {}), ("late_effect", {"seconds": 30.0})],
    ids=lambda one: one[0],
)
@pytest.mark.parametrize("sku", ["TENT-2P", "BOOT-42"])
def test_a_lost_answer_never_moves_the_stock_twice(
    bench: Bench, sku: str, fault: tuple[str, dict[str, float]]
) -> None:
    only(bench, sku)
    bench.run("orders", NAME)
    count(bench, sku, 70)
    kind, members = fault
    for operation in ("*AdjustInventory*", "*PUT*products*", "*products/{id}*"):
        bench.fault(kind, operation, system="shop", **members)
    bench.run(NAME)
    sold(bench, sku, 2, payment_status="pending")
    bench.clock.wait(61)
    bench.run(NAME, linger=600.0)
    assert bench.record(sku, NAME).state is RecordState.DONE
    assert stock(bench, sku) == 68
