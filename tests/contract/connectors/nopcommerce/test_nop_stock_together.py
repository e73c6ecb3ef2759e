"""Looking at the stock of many products: few requests, and what spoils one spoils its own call only."""

from __future__ import annotations

import pytest

from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.sandbox import shop as sandbox_shop
from m3nop.sandbox.catalogue import bulk_sku
from tests.contract.connectors.nopcommerce.shop_calls import done, edit, product, shop_fault, table

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])
BY_SKU = "/api-backend/Product/GetProductsBySku"
PROOF = "/api-backend/Product/GetAll"
VARIANT = "/api-backend/ProductAttributeCombination/GetBySku"


def look(shop, *calls):
    """Ask for the stock of several at once; a text is a SKU."""
    fields = [{"sku": call} if isinstance(call, str) else call for call in calls]
    return shop.send([Call(str(n), OPERATIONS["products/stock"], one) for n, one in enumerate(fields)])


def skus_of(answers):
    return [[row["sku"] for row in answer.rows] for answer in answers]


def row(number, sku, **more):
    return {"id": number, "sku": sku, "manage_inventory_method_id": 1, "stock_quantity": number, **more}


@DIALECTS
def test_what_is_read_together_is_what_each_call_reads_alone(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    lamp = product(world, "LAMP-HEAD")["id"]
    calls = [
        {"sku": "BOOT-43"}, {"sku": "LAMP-HEAD"}, {"product_id": lamp}, {"sku": "BOOT"}, {"sku": "NOPE"},
        {"sku": "MAT-AIR"}, {"sku": "MAT-AIR", "warehouse": 2}, {"product_id": 999_999},
    ]  # fmt: skip
    together = look(shop, *calls)
    assert together == [look(shop, call)[0] for call in calls]
    assert skus_of(together) == [
        ["BOOT-43"], ["LAMP-HEAD"], ["LAMP-HEAD"], ["BOOT"], [], ["MAT-AIR"], ["MAT-AIR"], [],
    ]  # fmt: skip


@DIALECTS
def test_many_products_take_a_few_requests(sandbox, world, connect, sent, dialect):
    sandbox_shop.bulk_seed(world, products=120, orders=0)
    shop = connect(sandbox.shop_url, dialect)
    # In the open-source dialect the index of SKUs is read first, once.
    done(shop, "products/stock", sku=bulk_sku(1))
    before = len(sent())
    answers = look(shop, *(bulk_sku(number) for number in range(1, 121)))
    assert skus_of(answers) == [[bulk_sku(number)] for number in range(1, 121)]
    assert [answer.rows[0]["quantity"] for answer in answers[:3]] == [0, 1, 2]
    assert len(sent()) - before == 3


def test_an_address_does_not_become_too_long(scripted, connect):
    skus = [f"{'Ä' * 100}-{number}" for number in range(6)]
    scripted.asking(
        "GET", BY_SKU, lambda query: (200, [row(int(sku[-1]), sku) for sku in query["skuArray"].split(";")])
    )
    answers = look(connect(scripted.url, credentials={"token": "t"}), *skus)
    assert [answer.outcome for answer in answers] == [Outcome.DONE] * 6
    assert [len(query["skuArray"].split(";")) for _, _, query, *_ in scripted.requests] == [2, 2, 2]


@DIALECTS
def test_a_sku_of_several_products_is_refused_and_the_others_are_answered(sandbox, world, connect, dialect):
    edit(world, "products", product(world, "TENT-2P")["id"], sku="LAMP-HEAD")
    twice, other = look(connect(sandbox.shop_url, dialect), "LAMP-HEAD", "MAT-AIR")
    assert (twice.outcome, twice.failure.code) == (Outcome.REFUSED, "ambiguous")
    assert skus_of([other]) == [["MAT-AIR"]]


@DIALECTS
def test_a_call_that_makes_no_sense_is_refused_by_itself(sandbox, connect, dialect):
    both, none, other = look(
        connect(sandbox.shop_url, dialect), {"sku": "BOOT", "product_id": 1}, {}, "LAMP-HEAD"
    )
    assert (both.outcome, none.outcome) == (Outcome.REFUSED, Outcome.REFUSED)
    assert skus_of([other]) == [["LAMP-HEAD"]]


def test_a_row_that_breaks_the_shop_spoils_its_own_call_only_and_goes_alone_from_then_on(scripted, connect):
    def by_sku(query):
        asked = query["skuArray"].split(";")
        return (
            (500, {"message": "broken"}) if "BAD" in asked else (200, [row(len(sku), sku) for sku in asked])
        )

    scripted.asking("GET", BY_SKU, by_sku)
    scripted.on("GET", PROOF, {"items": []})
    shop = connect(scripted.url, credentials={"token": "t"})
    answers = look(shop, "A", "BB", "BAD", "CCCC")
    assert skus_of(answers) == [["A"], ["BB"], [], ["CCCC"]]
    # A read has no effect, whatever became of it.
    assert (answers[2].outcome, answers[2].failure.status) == (Outcome.NOT_SENT, 500)
    scripted.requests.clear()
    assert skus_of(look(shop, "A", "BAD", "BB")) == [["A"], [], ["BB"]]
    assert {query["skuArray"] for _, path, query, *_ in scripted.requests if path == BY_SKU} == {
        "BAD",
        "A;BB",
    }


def test_a_shop_that_is_down_is_not_asked_for_every_row(scripted, connect):
    scripted.on("GET", BY_SKU, {"message": "down"}, status=503)
    scripted.on("GET", PROOF, {"message": "down"}, status=503)
    answers = look(connect(scripted.url, credentials={"token": "t"}), *(f"S{n}" for n in range(50)))
    assert {(answer.outcome, answer.failure.status) for answer in answers} == {(Outcome.NOT_SENT, 503)}
    # Each of the two is repeated twice.
    assert len(scripted.requests) == 6


def test_once_the_shop_is_down_the_variants_that_are_left_are_not_asked_for(scripted, connect):
    scripted.on("GET", BY_SKU, [])
    scripted.on("GET", VARIANT, {"message": "down"}, status=503)
    scripted.on("GET", PROOF, {"message": "down"}, status=503)
    answers = look(connect(scripted.url, credentials={"token": "t"}), "A", "B", "C")
    assert [answer.failure.status for answer in answers] == [503, 503, 503]
    assert {query.get("sku") for _, path, query, *_ in scripted.requests if path == VARIANT} == {"A"}


def test_a_shop_that_wants_to_be_left_alone_is(scripted, connect):
    scripted.on("GET", BY_SKU, {"message": "slower"}, status=429, **{"retry-after": "60"})
    answers = look(connect(scripted.url, credentials={"token": "t"}), "A", "B")
    assert [(one.outcome, one.failure.retry_after) for one in answers] == [(Outcome.NOT_SENT, 60.0)] * 2
    assert len(scripted.requests) == 1


def test_rows_that_nobody_asked_for_are_not_believed_in_any_group(scripted, connect):
    scripted.on("GET", "/api-backend/Product/GetProductsByIds/5;6", [row(5, "A"), row(7, "B")])
    answers = look(connect(scripted.url, credentials={"token": "t"}), {"product_id": 5}, {"product_id": 6})
    assert [(one.outcome, one.failure.remedy) for one in answers] == [(Outcome.NOT_SENT, Remedy.SYSTEMIC)] * 2
    assert len(scripted.requests) == 1


def test_rows_of_a_warehouse_that_cannot_be_read_spoil_their_product_only(sandbox, world, connect):
    number = product(world, "MAT-AIR")["id"]
    world.faults.add(
        shop_fault("status", f"GET *GetAllProductWarehouseInventoryRecords/{number}", status=500, times=None)
    )
    mat, lamp = look(connect(sandbox.shop_url), "MAT-AIR", "LAMP-HEAD")
    assert (mat.outcome, mat.failure.status) == (Outcome.NOT_SENT, 500)
    assert skus_of([lamp]) == [["LAMP-HEAD"]]


def test_an_index_that_proves_wrong_is_read_again_once_for_all(sandbox, world, connect, sent):
    shop = connect(sandbox.shop_url, "oss")
    look(shop, "LAMP-HEAD", "TENT-2P", "MAT-AIR")
    lamp, tent = product(world, "LAMP-HEAD")["id"], product(world, "TENT-2P")["id"]
    edit(world, "products", lamp, sku="TENT-2P")
    edit(world, "products", tent, sku="LAMP-HEAD")
    before = len(sent())
    answers = look(shop, "LAMP-HEAD", "TENT-2P", "MAT-AIR")
    assert [answer.rows[0]["product_id"] for answer in answers[:2]] == [tent, lamp]
    # The rows, the warehouses of the mat, the index (a page and two empty ones), and two of the rows again.
    assert len(sent()) - before == 6


def test_a_product_that_the_list_of_the_store_leaves_out_is_read_by_itself(sandbox, world, connect):
    lamp = product(world, "LAMP-HEAD")["id"]
    edit(world, "products", lamp, limited_to_stores=True)
    extras = table(world, "product_extras")
    extras[str(lamp)] = extras[str(lamp)] | {"store_ids": [77]}
    hidden, mat = look(connect(sandbox.shop_url, "oss"), {"product_id": lamp}, "MAT-AIR")
    assert skus_of([hidden, mat]) == [["LAMP-HEAD"], ["MAT-AIR"]]
