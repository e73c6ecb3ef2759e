"""Setting stock over live HTTP: wherever a product counts it, and never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from m3nop.core.connector import Outcome, Remedy
from tests.contract.connectors.nopcommerce.shop_calls import (
    NOWHERE,
    UNHURRIED,
    acting,
    after,
    call,
    done,
    edit,
    product,
    refusal,
    shop_fault,
    table,
)

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])


def marked(word):
    return {"token": word}


def history(world, sku):
    number = product(world, sku)["id"]
    return [(row["quantity_adjustment"], row["message"]) for row in moves(world, number)]


def moves(world, number):
    return table(world, "stock_history").find(product_id=number)


def rows_of(world, sku):
    number = product(world, sku)["id"]
    return {row["warehouse_id"]: row for row in table(world, "inventories").find(product_id=number)}


def combination(world, sku):
    (row,) = table(world, "combinations").find(sku=sku)
    return row


@DIALECTS
def test_the_stock_of_a_product_becomes_the_quantity(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    before = product(world, "LAMP-HEAD")
    row = done(shop, "stock/set", sku="LAMP-HEAD", quantity=Decimal("37.0"), warehouse="1", **marked("t-1"))
    assert row == {
        "product_id": before["id"], "combination_id": None, "warehouse": None, "action": "updated",
        "before": before["stock_quantity"], "after": 37, "written": True,
    }  # fmt: skip
    now = product(world, "LAMP-HEAD")
    assert {name for name in now if now[name] != before[name]} <= {"stock_quantity", "updated_on_utc"}
    assert now["stock_quantity"] == 37


@DIALECTS
def test_a_quantity_that_the_shop_has_is_not_written(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    for sku in ("LAMP-HEAD", "MAT-AIR", "BOOT-43"):
        held = done(shop, "products/stock", sku=sku, warehouse=2 if sku == "MAT-AIR" else None)["quantity"]
        row = done(shop, "stock/set", sku=sku, quantity=held, warehouse=2, **marked("t"))
        assert (row["action"], row["written"], row["after"]) == ("unchanged", False, held)
    assert acting(world) == []


def test_the_official_api_moves_stock_by_a_difference_with_a_message(sandbox, world, connect):
    earlier = history(world, "LAMP-HEAD")
    held = product(world, "LAMP-HEAD")["stock_quantity"]
    done(
        connect(sandbox.shop_url),
        "stock/set",
        sku="LAMP-HEAD",
        quantity=40,
        **marked("r7.3"),
        message="stock of M3",
    )
    assert history(world, "LAMP-HEAD") == [*earlier, (40 - held, "stock of M3 r7.3")]


def test_a_web_order_between_reading_and_writing_is_not_undone(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    number, held = product(world, "LAMP-HEAD")["id"], product(world, "LAMP-HEAD")["stock_quantity"]
    after(
        world,
        clock,
        "GetStockQuantityHistory",
        lambda: edit(world, "products", number, stock_quantity=held - 3),
    )
    done(shop, "stock/set", sku="LAMP-HEAD", quantity=40, **marked("t"))
    assert product(world, "LAMP-HEAD")["stock_quantity"] == 37


@DIALECTS
def test_a_warehouse_is_written_by_itself_and_keeps_what_is_reserved(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    before = rows_of(world, "MAT-AIR")
    edit(world, "inventories", before[1]["id"], reserved_quantity=5)
    row = done(shop, "stock/set", sku="MAT-AIR", quantity=12, warehouse=1, **marked("t"))
    assert (row["warehouse"], row["before"], row["after"]) == (1, before[1]["stock_quantity"], 12)
    now = rows_of(world, "MAT-AIR")
    assert (now[1]["stock_quantity"], now[1]["reserved_quantity"]) == (12, 5)
    assert now[2] == before[2]


@DIALECTS
def test_a_warehouse_that_a_product_is_new_in_gets_a_row(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    number = product(world, "MAT-AIR")["id"]
    del table(world, "inventories")[str(rows_of(world, "MAT-AIR")[2]["id"])]
    done(shop, "stock/set", product_id=number, quantity=9, warehouse=2)
    now = rows_of(world, "MAT-AIR")
    assert (now[2]["stock_quantity"], now[2]["reserved_quantity"]) == (9, 0)
    answer = call(shop, "stock/set", product_id=number, quantity=9, warehouse=77)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.REFUSED, Remedy.BUSINESS)
    assert len(rows_of(world, "MAT-AIR")) == 2


@DIALECTS
def test_a_product_in_several_warehouses_needs_one_named(sandbox, world, connect, dialect):
    failure = refusal(connect(sandbox.shop_url, dialect), "stock/set", sku="MAT-AIR", quantity=1)
    assert (failure.code, failure.field) == ("warehouse", "warehouse")
    assert "(1, 2)" in failure.message


@DIALECTS
def test_a_variant_has_a_stock_of_its_own(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    others = [combination(world, sku) for sku in ("BOOT-42", "BOOT-44")]
    before = combination(world, "BOOT-43")
    row = done(shop, "stock/set", sku="BOOT-43", quantity=11, **marked("t-9"))
    assert (row["combination_id"], row["before"], row["after"]) == (
        before["id"],
        before["stock_quantity"],
        11,
    )
    assert combination(world, "BOOT-43") == {**before, "stock_quantity": 11}
    assert [combination(world, sku) for sku in ("BOOT-42", "BOOT-44")] == others
    attributes = table(world, "product_extras")[str(before["product_id"])]["attributes"]
    assert len(attributes[0]["attribute_values"]) == 3


@DIALECTS
def test_the_product_of_variants_has_no_stock_itself(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert refusal(shop, "stock/set", sku="BOOT", quantity=1).code == "by_variant"
    edit(world, "products", product(world, "BOOT")["id"], manage_inventory_method_id=1)
    assert refusal(shop, "stock/set", sku="BOOT-43", quantity=1).code == "by_product"
    assert acting(world) == []


@DIALECTS
def test_stock_that_is_not_tracked_is_refused_with_its_remedy(sandbox, world, connect, dialect):
    edit(world, "products", product(world, "LAMP-HEAD")["id"], manage_inventory_method_id=0)
    failure = refusal(connect(sandbox.shop_url, dialect), "stock/set", sku="LAMP-HEAD", quantity=1)
    assert (failure.code, failure.remedy) == ("not_tracked", Remedy.BUSINESS)
    assert "manage_inventory_method: manage_stock" in failure.message


@DIALECTS
def test_a_product_that_the_shop_does_not_have_is_refused_or_passed_over(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert refusal(shop, "stock/set", sku="NOPE", quantity=1).code == "missing"
    row = done(shop, "stock/set", sku="NOPE", quantity=1, missing="skip")
    assert (row["product_id"], row["action"], row["written"]) == (None, "missing", False)


@DIALECTS
def test_less_than_nothing_is_for_products_that_take_backorders(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert refusal(shop, "stock/set", sku="LAMP-HEAD", quantity=-2).code == "negative"
    edit(world, "products", product(world, "LAMP-HEAD")["id"], backorder_mode_id=1)
    answer = call(shop, "stock/set", sku="LAMP-HEAD", quantity=-2)
    # The open-source API does not tell whether a product takes them.
    assert answer.outcome is (Outcome.DONE if dialect == "official" else Outcome.REFUSED)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quantity": Decimal("1.5")}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": 10**12}, "quantity"),
        ({"quantity": 1, "product_id": 5}, "sku"),
        ({"quantity": 1, "missing": "create"}, "missing"),
        ({"quantity": 1, "sku": "A;B"}, "sku"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_before_anything_is_sent(connect, fields, field):
    failure = refusal(connect(NOWHERE), "stock/set", **{"sku": "LAMP-HEAD", **fields})
    assert failure.field == field


def test_a_variant_that_the_shop_does_not_find_is_not_taken_for_moved(sandbox, world, connect):
    edit(world, "combinations", combination(world, "BOOT-43")["id"], attributes_xml="<Attributes/>")
    assert refusal(connect(sandbox.shop_url), "stock/set", sku="BOOT-43", quantity=1).code == "unmoved"


def test_a_plugin_that_does_not_store_variants_is_found_out(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, "oss", rate_limit=UNHURRIED)
    before = combination(world, "BOOT-43")

    def put_back():
        if world.requests and world.requests[-1].method == "PUT":
            edit(world, "combinations", before["id"], **before)

    clock.meanwhile = put_back
    failure = refusal(shop, "stock/set", sku="BOOT-43", quantity=1)
    assert (failure.code, "dialect: official" in failure.message) == ("unmoved", True)


@DIALECTS
def test_variants_that_are_set_at_the_same_time_do_not_undo_each_other(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    wanted = {"BOOT-42": 3, "BOOT-43": 4, "BOOT-44": 5}
    with ThreadPoolExecutor(3) as threads:
        rows = list(threads.map(lambda sku: done(shop, "stock/set", sku=sku, quantity=wanted[sku]), wanted))
    assert [row["after"] for row in rows] == [3, 4, 5]
    assert {sku: combination(world, sku)["stock_quantity"] for sku in wanted} == wanted


# -- doubts


WRITES = {
    "LAMP-HEAD": ("POST *AdjustInventory*", "PUT *products*"),
    "MAT-AIR": ("PUT *ProductWarehouse*", "PUT *product_warehouse_inventories*"),
    "BOOT-43": ("POST *AdjustInventory*", "PUT *products*"),
}


def quantity(world, sku):
    if sku == "MAT-AIR":
        return rows_of(world, sku)[1]["stock_quantity"]
    return (combination if sku == "BOOT-43" else product)(world, sku)["stock_quantity"]


@DIALECTS
@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        ("reset_before", {}, Outcome.IN_DOUBT),
        ("reset_after", {}, Outcome.IN_DOUBT),
        ("status", {"status": 500}, Outcome.IN_DOUBT),
        ("status", {"status": 503, "effect": True}, Outcome.IN_DOUBT),
        ("status", {"status": 429, "retry_after": 9}, Outcome.NOT_SENT),
        ("status", {"status": 403}, Outcome.NOT_SENT),
    ],
)
def test_a_repeat_after_a_lost_answer_ends_at_the_quantity(
    sandbox, world, connect, *, dialect, kind, more, outcome
):
    shop = connect(sandbox.shop_url, dialect)
    for sku, operations in WRITES.items():
        world.faults.add(shop_fault(kind, operations[dialect == "oss"], **more))
        fields = {"sku": sku, "quantity": 21, "warehouse": 1, **marked(f"run-4.{sku}")}
        assert call(shop, "stock/set", **fields).outcome is outcome
        assert done(shop, "stock/set", **fields)["after"] == 21
        assert quantity(world, sku) == 21


def test_what_was_sold_after_a_doubt_is_not_put_back(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    before = product(world, "LAMP-HEAD")["stock_quantity"]
    world.faults.add(shop_fault("reset_after", "*AdjustInventory*"))
    fields = {"sku": "LAMP-HEAD", "quantity": 21, "token": "run-4.77"}
    assert call(shop, "stock/set", **fields).outcome is Outcome.IN_DOUBT
    edit(world, "products", product(world, "LAMP-HEAD")["id"], stock_quantity=18)
    row = done(shop, "stock/set", **fields)
    assert (row["before"], row["after"], row["written"]) == (before, 21, True)
    assert product(world, "LAMP-HEAD")["stock_quantity"] == 18


def test_a_token_is_found_behind_a_hundred_later_movements(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    done(shop, "stock/set", sku="LAMP-HEAD", quantity=21, **marked("run-4.77"))
    number = product(world, "LAMP-HEAD")["id"]
    rows = table(world, "stock_history")
    for place in range(120):
        late = {"created_on_utc": f"2026-11-23T13:{place // 60:02}:{place % 60:02}", "message": "sold"}
        rows[f"9{place:03}"] = {**moves(world, number)[0], "id": 9000 + place, **late}
    edit(world, "products", number, stock_quantity=1)
    assert done(shop, "stock/set", sku="LAMP-HEAD", quantity=21, **marked("run-4.77"))["after"] == 21
    assert product(world, "LAMP-HEAD")["stock_quantity"] == 1


@DIALECTS
def test_trouble_while_reading_leaves_no_doubt(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    world.faults.add(shop_fault("reset_before", "GET *roduct*", times=None))
    answer = call(shop, "stock/set", sku="LAMP-HEAD", quantity=21, **marked("t"))
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.TRANSIENT)


@DIALECTS
def test_an_answer_that_is_not_believed_leaves_no_doubt_either(scripted, connect, dialect):
    scripted.on("GET", "/api-backend/Product/GetById/5", {"id": 6})
    scripted.on("GET", "/api/products/5", {"products": [{"id": 6}]})
    shop = connect(scripted.url, dialect, credentials={"token": "t"})
    answer = call(shop, "stock/set", product_id=5, quantity=21)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.SYSTEMIC)


def test_a_shop_that_cannot_be_reached_got_nothing(connect):
    answer = call(connect("http://127.0.0.1:9", credentials={"token": "t"}), "stock/set", sku="A", quantity=1)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.SYSTEMIC)


# -- reading


@DIALECTS
def test_stock_is_read_where_it_counts(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    lamp = product(world, "LAMP-HEAD")
    assert done(shop, "products/stock", product_id=lamp["id"]) == {
        "product_id": lamp["id"], "combination_id": None, "sku": "LAMP-HEAD",
        "manage_inventory_method": "manage_stock", "quantity": lamp["stock_quantity"],
        "reserved_quantity": None, "warehouses": [],
    }  # fmt: skip
    rows = rows_of(world, "MAT-AIR")
    spread = done(shop, "products/stock", sku="MAT-AIR")
    assert spread["quantity"] == sum(row["stock_quantity"] for row in rows.values())
    assert [row["warehouse_id"] for row in spread["warehouses"]] == [1, 2]
    assert done(shop, "products/stock", sku="MAT-AIR", warehouse=2)["quantity"] == rows[2]["stock_quantity"]
    boot = done(shop, "products/stock", sku="BOOT-43")
    assert (boot["sku"], boot["quantity"]) == ("BOOT-43", combination(world, "BOOT-43")["stock_quantity"])
    assert done(shop, "products/stock", sku="BOOT")["quantity"] is None
    assert call(shop, "products/stock", sku="NOPE").rows == ()
