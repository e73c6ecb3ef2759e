"""Upserts of products over live HTTP: what differs is written, nothing else, and nobody's edit is lost."""

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
    upsert,
)

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])
TENT = {"sku": "TENT-2P"}
NEW = {"name": "Tältsäck 40 l", "price": Decimal("12.5"), "manage_inventory_method": "manage_stock"}


@DIALECTS
def test_only_what_differs_is_written_and_everything_else_stays(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    before = product(world, "TENT-2P")
    fields = {"name": before["name"], "price": Decimal("151.5"), "published": False, "gtin": "7312345678901"}
    row = upsert(shop, "products", TENT, fields)
    assert (row["id"], row["action"], row["lost"]) == (before["id"], "updated", [])
    assert row["changed"] == ["gtin", "price", "published"]
    after = product(world, "TENT-2P")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"price", "published", "gtin", "updated_on_utc"}
    assert after["price"] == Decimal("151.5")


@DIALECTS
def test_the_same_again_writes_nothing(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    fields = {"price": Decimal("151.50004"), "manufacturer_part_number": "X", "published": "true"}
    assert upsert(shop, "products", TENT, fields)["action"] == "updated"
    writes = len(acting(world))
    row = upsert(shop, "products", {"id": product(world, "TENT-2P")["id"]}, fields)
    assert (row["action"], row["changed"], row["lost"]) == ("unchanged", [], [])
    assert len(acting(world)) == writes
    assert product(world, "TENT-2P")["price"] == Decimal("151.5000")


@DIALECTS
def test_tags_survive_a_write(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    number = str(product(world, "TENT-2P")["id"])
    tags = table(world, "product_extras")[number]["tags"]
    assert tags
    upsert(shop, "products", TENT, {"price": 1})
    assert table(world, "product_extras")[number]["tags"] == tags


@DIALECTS
def test_a_missing_product_is_made_whole_and_with_what_only_new_ones_get(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    row = upsert(
        shop, "products", {"sku": "SACK-40"}, {**NEW, "published": True}, on_create={"published": False}
    )
    assert (row["action"], row["lost"]) == ("created", [])
    assert {"name", "price", "sku"} <= set(row["changed"])
    made = product(world, "SACK-40")
    assert (made["id"], made["name"], made["published"]) == (row["id"], "Tältsäck 40 l", False)
    assert (made["order_minimum_quantity"], made["order_maximum_quantity"]) == (1, 10000)
    assert (made["product_type_id"], made["visible_individually"], made["is_ship_enabled"]) == (5, True, True)
    assert (made["manage_inventory_method_id"], made["stock_quantity"]) == (1, 0)
    assert made["created_on_utc"][:10] == "2026-11-23"
    again = upsert(shop, "products", {"sku": "SACK-40"}, NEW)
    assert (again["id"], again["action"]) == (row["id"], "unchanged")


def test_a_new_product_of_the_official_api_gets_a_template_and_an_address_of_its_page(
    sandbox, world, connect
):
    shop = connect(sandbox.shop_url)
    first = upsert(shop, "products", {"sku": "SACK-40"}, NEW)
    second = upsert(shop, "products", {"sku": "SACK-41"}, NEW)
    slugs = {row["entity_id"]: row["slug"] for row in table(world, "url_records").values()}
    assert slugs == {first["id"]: "taltsack-40-l", second["id"]: "taltsack-40-l-2"}
    assert product(world, "SACK-40")["product_template_id"] == 1


def test_an_address_that_an_earlier_call_did_not_reach_is_given_by_the_next(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    world.faults.add(shop_fault("reset_before", "*SaveSlug*"))
    answer = call(shop, "products", match={"sku": "SACK-40"}, fields=NEW)
    assert answer.outcome is Outcome.IN_DOUBT
    row = upsert(shop, "products", {"sku": "SACK-40"}, NEW)
    assert row["action"] == "unchanged"
    (slug,) = table(world, "url_records").values()
    assert slug["entity_id"] == row["id"]


@DIALECTS
def test_nothing_is_made_where_the_pipeline_says_so(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    row = upsert(shop, "products", {"sku": "SACK-40"}, NEW, missing="skip")
    assert row == {"id": None, "action": "missing", "changed": [], "lost": []}
    assert acting(world) == []


@DIALECTS
def test_a_product_that_is_marked_as_deleted_is_no_match(sandbox, world, connect, dialect):
    old = product(world, "TENT-2P")["id"]
    edit(world, "products", old, deleted=True)
    shop = connect(sandbox.shop_url, dialect)
    assert upsert(shop, "products", {"id": old}, {"price": 1}, missing="skip")["action"] == "missing"
    assert upsert(shop, "products", TENT, {"name": "Tent"})["id"] != old


@DIALECTS
def test_a_sku_that_two_products_have_is_refused(sandbox, world, connect, dialect):
    edit(world, "products", product(world, "TENT-3P")["id"], sku="TENT-2P")
    failure = refusal(connect(sandbox.shop_url, dialect), "products", match=TENT, fields={"price": 1})
    assert (failure.code, failure.remedy) == ("ambiguous", Remedy.BUSINESS)
    assert acting(world) == []


@DIALECTS
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"price": "much"}, "price"),
        ({"published": "maybe"}, "published"),
        ({"manage_inventory_method": "by_feel"}, "manage_inventory_method"),
        ({"name": "x" * 401}, "name"),
        ({"tax_category_id": Decimal("1.5")}, "tax_category_id"),
        ({"stock_quantity": 5}, "stock_quantity"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_before_anything_is_sent(connect, dialect, fields, field):
    failure = refusal(connect(NOWHERE, dialect), "products", match=TENT, fields=fields)
    assert failure.field == field


@DIALECTS
def test_a_new_product_needs_a_name_and_is_never_made_under_an_id(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert refusal(shop, "products", match={"sku": "NEW"}, fields={"price": 1}).field == "name"
    assert refusal(shop, "products", match={"id": 987_654}, fields=NEW).code == "missing"
    assert acting(world) == []


def meanwhile(world, clock, path, **columns):
    number = product(world, "TENT-2P")["id"]
    after(world, clock, path, lambda: edit(world, "products", number, **columns))


def test_an_edit_between_reading_and_writing_is_merged(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    meanwhile(world, clock, "GetProductsBySku", short_description="<p>new</p>")
    row = upsert(shop, "products", TENT, {"price": 7})
    assert (row["changed"], row["lost"]) == (["price"], [])
    assert product(world, "TENT-2P")["short_description"] == "<p>new</p>"


def test_an_edit_of_our_column_between_reading_and_writing_is_told(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    meanwhile(world, clock, "GetProductsBySku", price=Decimal(8))
    row = upsert(shop, "products", TENT, {"price": 7})
    assert (row["changed"], row["lost"]) == (["price"], ["price"])
    assert product(world, "TENT-2P")["price"] == 7


def test_somebody_who_made_the_same_edit_first_leaves_nothing_to_do(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    meanwhile(world, clock, "GetProductsBySku", price=Decimal(7))
    assert upsert(shop, "products", TENT, {"price": 7})["action"] == "unchanged"
    assert acting(world) == []


@pytest.mark.parametrize(("dialect", "lost"), [("official", ["meta_title", "price"]), ("oss", ["price"])])
def test_an_edit_just_after_the_write_is_told(sandbox, world, connect, clock, *, dialect, lost):
    shop = connect(sandbox.shop_url, dialect, rate_limit=UNHURRIED)
    number = product(world, "TENT-2P")["id"]

    def edits():
        edit(world, "products", number, price=Decimal(9), meta_title="somebody's")

    clock.meanwhile = lambda: edits() if world.requests and world.requests[-1].method == "PUT" else None
    row = upsert(shop, "products", TENT, {"price": 7})
    assert (row["changed"], row["lost"]) == (["price"], lost)


def test_a_product_that_is_deleted_meanwhile_is_refused(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit=UNHURRIED)
    meanwhile(world, clock, "GetProductsBySku", deleted=True)
    assert refusal(shop, "products", match=TENT, fields={"price": 7}).code == "gone"


def test_a_variant_takes_its_own_price_and_number_and_nothing_else(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    (before,) = table(world, "combinations").find(sku="BOOT-43")
    row = upsert(shop, "products", {"sku": "BOOT-43"}, {"price": Decimal("181.00"), "gtin": "123"})
    (held,) = table(world, "combinations").find(sku="BOOT-43")
    assert (row["id"], row["combination_id"], row["action"]) == (held["product_id"], held["id"], "updated")
    assert held == {**before, "overridden_price": Decimal(181), "gtin": "123"}
    assert upsert(shop, "products", {"sku": "BOOT-43"}, {"price": 181})["action"] == "unchanged"
    failure = refusal(shop, "products", match={"sku": "BOOT-43"}, fields={"price": 1, "name": "Boot"})
    assert (failure.code, failure.field) == ("variant", "name")


def test_the_open_source_api_does_not_write_variants(sandbox, world, connect):
    shop = connect(sandbox.shop_url, "oss")
    failure = refusal(shop, "products", match={"sku": "BOOT-43"}, fields={"price": 1})
    assert failure.code == "variant"
    assert "dialect: official" in failure.message


# -- lost answers and several threads


WHOLE = {
    **NEW,
    "tier_prices": [{"role": "wholesale", "price": 9}, {"quantity": 5, "price": 11}],
    "localized": {"de": {"name": "Zeltsack"}},
}


@pytest.mark.parametrize(
    ("sku", "operation"),
    [
        ("SACK-40", "POST */Product/Create"),
        ("SACK-40", "POST */SaveSlug/*"),
        ("SACK-40", "POST */TierPrices/Create"),
        ("SACK-40", "POST */SaveLocalizedValue/*"),
        ("TENT-2P", "PUT */Product/Update"),
        ("TENT-2P", "POST */TierPrices/Create"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "status"), [("reset_before", None), ("reset_after", None), ("status", 500), ("status", 429)]
)
def test_whatever_is_lost_on_the_way_is_completed_by_the_repeat(
    sandbox, world, connect, *, sku, operation, kind, status
):
    shop = connect(sandbox.shop_url)
    world.faults.add(shop_fault(kind, operation, status=status))
    answer = call(shop, "products", match={"sku": sku}, fields=WHOLE)
    first = operation.endswith(("Product/Create", "Product/Update"))
    # Too much haste in the middle of a call is waited out.
    hasty = Outcome.NOT_SENT if first else Outcome.DONE
    assert answer.outcome is (hasty if status == 429 else Outcome.IN_DOUBT)
    upsert(shop, "products", {"sku": sku}, WHOLE)
    row = upsert(shop, "products", {"sku": sku}, WHOLE)
    assert (row["action"], row["lost"]) == ("unchanged", [])
    held = product(world, sku)
    assert (held["name"], held["price"], held["has_tier_prices"]) == (NEW["name"], Decimal("12.5"), True)
    assert sorted(tiers(world, held["id"]).values()) == [9, 11]
    (text,) = table(world, "localized_properties").values()
    assert text["locale_value"] == "Zeltsack"


def test_an_answer_that_takes_too_long_is_a_doubt_too(sandbox, world, connect):
    shop = connect(sandbox.shop_url, timeout=0.3)
    world.faults.add(shop_fault("latency", "PUT */Product/Update", seconds=1))
    answer = call(shop, "products", match=TENT, fields={"price": 7})
    assert (answer.outcome, answer.failure.remedy) == (Outcome.IN_DOUBT, Remedy.TRANSIENT)


@pytest.mark.parametrize(
    ("status", "outcome", "remedy"),
    [
        (400, Outcome.REFUSED, Remedy.BUSINESS),
        (401, Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        (403, Outcome.NOT_SENT, Remedy.AUTHENTICATION),
        (404, Outcome.REFUSED, Remedy.CONFIGURATION),
    ],
)
def test_a_write_that_is_turned_away_leaves_nothing(sandbox, world, connect, *, status, outcome, remedy):
    shop = connect(sandbox.shop_url)
    world.faults.add(shop_fault("status", "PUT */Product/Update", status=status, times=None))
    answer = call(shop, "products", match=TENT, fields={"price": 7})
    assert (answer.outcome, answer.failure.remedy) == (outcome, remedy)
    assert product(world, "TENT-2P")["price"] != 7


@DIALECTS
def test_threads_that_write_one_row_do_not_undo_each_other(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    columns = {"gtin": "1", "meta_title": "2", "manufacturer_part_number": "3", "price": 4, "weight": 5}
    with ThreadPoolExecutor(len(columns)) as threads:
        rows = list(threads.map(lambda name: upsert(shop, "products", TENT, {name: columns[name]}), columns))
    assert [row["changed"] for row in rows] == [[name] for name in columns]
    held = product(world, "TENT-2P")
    assert {name: held[name] for name in columns} == columns


# -- tier prices and translations


def tiers(world, number):
    return {
        (row["customer_role_id"], row["quantity"], row["store_id"]): row["price"]
        for row in table(world, "tier_prices").find(product_id=number)
    }


def test_tier_prices_become_those_that_were_sent(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    (role,) = [row["id"] for row in table(world, "roles").values() if row["name"] == "Wholesale"]
    number = product(world, "TENT-2P")["id"]
    campaign = shop_row(product_id=number, store_id=2, customer_role_id=None, quantity=5, price=Decimal(1))
    table(world, "tier_prices")["77"] = {**campaign, "id": 77}
    wanted = [{"role": "wholesale", "quantity": 1, "price": Decimal("120.5")}, {"quantity": 10, "price": 130}]
    row = upsert(shop, "products", TENT, {"tier_prices": wanted})
    assert row["changed"] == ["tier_prices"]
    assert tiers(world, number) == {
        (role, 1, 0): Decimal("120.5"), (None, 10, 0): Decimal(130), (None, 5, 2): Decimal(1),
    }  # fmt: skip
    assert product(world, "TENT-2P")["has_tier_prices"] is True
    assert upsert(shop, "products", TENT, {"tier_prices": wanted})["action"] == "unchanged"
    fewer = [{"role": "Wholesale", "price": Decimal(119)}]
    assert upsert(shop, "products", TENT, {"tier_prices": fewer})["changed"] == ["tier_prices"]
    assert tiers(world, number) == {(role, 1, 0): Decimal(119), (None, 5, 2): Decimal(1)}


def shop_row(**columns):
    return {"start_date_time_utc": None, "end_date_time_utc": None, **columns}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tier_prices": [{"role": "kings", "price": 1}]}, "tier_prices"),
        ({"tier_prices": [{"price": 1}, {"price": 2}]}, "tier_prices"),
        ({"tier_prices": "cheap"}, "tier_prices"),
        ({"tier_prices": [{"quantity": 2}]}, "price"),
        ({"localized": {"xx": {"name": "?"}}}, "localized"),
        ({"localized": {"de": {"price": "1"}}}, "localized"),
        ({"localized": ["de"]}, "localized"),
    ],
)
def test_tier_prices_and_translations_that_do_not_fit_write_nothing(sandbox, world, connect, fields, field):
    failure = refusal(connect(sandbox.shop_url), "products", match=TENT, fields={"price": 3, **fields})
    assert failure.field == field
    assert acting(world) == []


def test_translations_are_written_by_language(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    texts = {"localized": {"de": {"name": "Kuppelzelt Fjäll 2"}, "sv-SE": {"name": "Kupoltält"}}}
    assert upsert(shop, "products", TENT, texts)["changed"] == ["localized"]
    held = {row["language_id"]: row["locale_value"] for row in table(world, "localized_properties").values()}
    assert sorted(held.values()) == ["Kupoltält", "Kuppelzelt Fjäll 2"]
    assert upsert(shop, "products", TENT, texts)["action"] == "unchanged"


# -- the index of SKUs of the open-source API


def listings(world):
    return [request for request in world.requests if request.path.endswith("/api/products")]


def test_the_index_of_skus_is_read_once(sandbox, world, connect):
    shop = connect(sandbox.shop_url, "oss")
    for sku in ("TENT-2P", "TENT-3P", "BOTTLE-1L"):
        upsert(shop, "products", {"sku": sku}, {"price": 1})
    assert len(listings(world)) == 3  # one page, and two empty ones behind it


def test_a_product_that_came_or_got_its_sku_later_is_found(sandbox, world, connect):
    shop = connect(sandbox.shop_url, "oss")
    upsert(shop, "products", TENT, {"price": 1})
    official = connect(sandbox.shop_url)
    made = upsert(official, "products", {"sku": "SACK-40"}, NEW)
    renamed = product(world, "TENT-3P")["id"]
    edit(world, "products", renamed, sku="TENT-3X", updated_on_utc="2026-11-23T11:59:00")
    assert upsert(shop, "products", {"sku": "SACK-40"}, {"price": 2})["id"] == made["id"]
    assert upsert(shop, "products", {"sku": "TENT-3X"}, {"price": 2})["id"] == renamed
    table(world, "products")["3"] = table(world, "products")["3"] | {
        "sku": "LATER",
        "updated_on_utc": "2026-11-23T12:00:01",
    }
    assert upsert(shop, "products", {"sku": "LATER"}, {"price": 2})["id"] == 3


def test_what_is_not_in_the_shop_is_looked_for_once_in_a_while(sandbox, world, connect, clock):
    shop = connect(sandbox.shop_url, "oss")
    for sku in ("M3-1", "M3-2", "M3-3"):
        assert done(shop, "stock/set", sku=sku, quantity=1, missing="skip")["action"] == "missing"
    assert len(listings(world)) == 3
    clock.wait(61)
    done(shop, "stock/set", sku="M3-4", quantity=1, missing="skip")
    assert len(listings(world)) > 3


def test_a_place_that_the_index_has_wrong_is_looked_up_anew(sandbox, world, connect):
    shop = connect(sandbox.shop_url, "oss")
    upsert(shop, "products", TENT, {"price": 1})
    one, other = product(world, "TENT-2P")["id"], product(world, "TENT-3P")["id"]
    edit(world, "products", one, sku="OLD")
    edit(world, "products", other, sku="TENT-2P")
    assert upsert(shop, "products", TENT, {"price": 2})["id"] == other


def test_a_product_of_which_the_answer_was_lost_is_found_by_the_repeat(sandbox, world, connect):
    shop = connect(sandbox.shop_url, "oss")
    upsert(shop, "products", TENT, {"price": 1})
    world.faults.add(shop_fault("reset_after", "POST *products"))
    assert call(shop, "products", match={"sku": "SACK-40"}, fields=NEW).outcome is Outcome.IN_DOUBT
    upsert(shop, "products", {"sku": "SACK-41"}, NEW)
    assert upsert(shop, "products", {"sku": "SACK-40"}, NEW)["action"] == "unchanged"
    assert len(table(world, "products").find(sku="SACK-40")) == 1


# -- reading


@DIALECTS
def test_a_product_is_read_by_id_or_sku_in_words(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    row = done(shop, "products/get", sku="TENT-2P")
    assert row == done(shop, "products/get", id=row["id"])
    assert (row["manage_inventory_method"], row["price"]) == ("manage_stock", Decimal("149.5"))
    assert row["created_on_utc"] == "2024-03-01T08:00:00.000000Z"
    assert call(shop, "products/get", sku="NOPE").rows == ()
    boots = done(shop, "products/get", sku="BOOT")
    assert [variant["sku"] for variant in boots["variants"]] == ["BOOT-42", "BOOT-43", "BOOT-44"]
    spread = done(shop, "products/get", sku="MAT-AIR")
    assert [row["warehouse_id"] for row in spread["warehouses"]] == [1, 2]
