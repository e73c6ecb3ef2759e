"""Prices, discounts and units of shop orders in M3: what M3 makes of an order is what the shopper paid."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.records import RecordState
from tests.contract.engine.test_products import DIALECTS, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

TENT = {"sku": "TENT-2P", "quantity": 1}
CARABINER = {"sku": "CARABINER", "quantity": 24}


@pytest.fixture(params=DIALECTS)
def shop(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(dialect=request.param)


def shop_order(bench: Bench, number: int) -> dict[str, Any]:
    (order,) = bench.rows("shop.orders", id=number)
    return order


def entered(bench: Bench, number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run, and return M3's order of a shop order with its lines."""
    bench.run("orders")
    assert bench.record(number).state is RecordState.DONE, bench.record(number).reason
    (order,) = bench.real(number)
    return order, sorted(bench.rows("m3.order_lines", ORNO=order["ORNO"]), key=lambda line: line["PONR"])


def total(lines: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(line["NLAM"]) for line in lines), Decimal(0))


def test_a_discount_of_a_line_is_in_its_price_or_in_a_field_of_its_own_and_never_in_both(shop: Bench) -> None:
    lines = ({**TENT, "discount_percent": 10}, {"sku": "MAT-FOAM", "quantity": 3})
    first = shop.place(lines=lines)
    _, in_price = entered(shop, first)
    settings(shop, line_discount_field="DIA1")
    _, in_field = entered(shop, shop.place(lines=lines))
    assert total(in_price) == total(in_field) == shop_order(shop, first)["order_subtotal_excl_tax"]
    assert [Decimal(line["SAPR"]) for line in in_price] == [Decimal("134.55"), Decimal("19.90")]
    assert [Decimal(line["SAPR"]) for line in in_field] == [Decimal("149.50"), Decimal("19.90")]
    assert [Decimal(line.get("DIA1", 0)) for line in in_field] == [Decimal("14.95"), Decimal(0)]


def test_a_coupon_on_the_order_is_split_among_the_lines_without_a_rest(shop: Bench) -> None:
    settings(shop, order_discount_field="DIA6", order_discount_charge="DSC")
    lines = (TENT, {"sku": "MAT-FOAM", "quantity": 3}, {"sku": "SPOON-TI", "quantity": 7})
    number = shop.place(lines=lines, coupon="HÖST5")
    _, real = entered(shop, number)
    order = shop_order(shop, number)
    assert order["order_sub_total_discount_excl_tax"] > 0
    paid = order["order_subtotal_excl_tax"] - order["order_sub_total_discount_excl_tax"]
    assert total(real) == paid
    assert shop.sent("OIS100MI/AddBatchHeadChg") <= 1


def test_a_box_in_the_shop_is_a_box_in_m3_with_the_boxs_price_and_reserves_its_pieces(shop: Bench) -> None:
    shop.edit("lookups/sales_units.yaml", "CARABINER-BOX:", "CARABINER:")
    number = shop.place(lines=({"sku": "CARABINER", "quantity": 2},))
    _, (line,) = entered(shop, number)
    assert (line["ORQT"], line["ALUN"], line["SPUN"]) == ("2", "BOX", "BOX")
    assert Decimal(line["NLAM"]) == shop_order(shop, number)["order_subtotal_excl_tax"]


def test_pieces_in_the_shop_are_whole_boxes_in_m3_or_the_order_is_refused(shop: Bench) -> None:
    shop.edit(
        "lookups/sales_units.yaml",
        "CARABINER-BOX: {ALUN: BOX, counted: unit}",
        "CARABINER: {ALUN: BOX, counted: basic}",
    )
    number = shop.place(lines=(CARABINER,))
    _, (line,) = entered(shop, number)
    assert (line["ORQT"], line["ALUN"]) == ("2", "BOX")
    assert Decimal(line["NLAM"]) == shop_order(shop, number)["order_subtotal_excl_tax"]

    broken = shop.place(lines=({**CARABINER, "quantity": 25},))
    shop.run("orders")
    assert shop.record(broken).state is RecordState.DEAD
    assert "2.08333 of unit BOX" in shop.record(broken).reason
    assert shop.real(broken) == []


def test_lines_of_a_supplier_come_from_its_warehouse(shop: Bench) -> None:
    shop.edit("lookups/line_warehouses.yaml", "values: {}", 'values: {TENT-2P: "002"}')
    _, lines = entered(shop, shop.place(lines=(TENT, {"sku": "MAT-FOAM", "quantity": 1})))
    assert [line["WHLO"] for line in lines] == ["002", "001"]


def test_a_group_of_customers_has_its_own_order_type_where_the_dialect_tells_groups(shop: Bench) -> None:
    shop.edit("lookups/customer_groups.yaml", "  wholesale:", "  registered:")
    order, _ = entered(shop, shop.place(lines=(TENT,)))
    official = shop.project.connections["shop"].dialect == "official"
    assert order["ORTP"] == ("W02" if official else "W01")
