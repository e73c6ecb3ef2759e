"""Items and prices of M3 that reach the shop: what is written, what is left alone, and nothing twice."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core.records import RecordState
from m3nop.sandbox.m3 import goods, goods_happenings
from m3nop.sandbox.m3.session import Session, Tables
from tests.contract.engine.bench import SETTLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.engine.bench import Bench

DIALECTS = ("official", "oss")
NEW = "TENT-NEW"
ACTS = ("Product/Create", "Product/Update", "TierPrices/", "Combination/Update", "SaveLocalizedValue")


@pytest.fixture(params=DIALECTS)
def shop(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """The pack in one dialect, with only those items that a test puts into the range of the web."""
    return few(make_bench(dialect=request.param))


def few(bench: Bench) -> Bench:
    bench.edit("m3nop.yaml", "item_types: [FG]", "item_types: [WEB]")
    return bench


def settings(bench: Bench, **changes: str) -> None:
    text = bench.read("m3nop.yaml")
    for name, value in changes.items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"  {name}: "))
        text = text.replace(line, f"  {name}: {value}")
    bench.write("m3nop.yaml", text)
    bench.load()


def m3(bench: Bench) -> Session:
    return Session(bench.world, Tables(bench.world))


def item(bench: Bench, number: str, **columns: Any) -> None:
    """Change an item in M3, or make one, in the range of the web."""
    goods_happenings.change_item(m3(bench), {"number": number}, {"ITTY": "WEB", **columns})


def price(bench: Bench, number: str, amount: str, **more: Any) -> None:
    goods.set_price(m3(bench), number, amount, prrf="WEB", cucd="EUR", **more)


def product(bench: Bench, sku: str) -> dict[str, Any]:
    (found,) = bench.rows("shop.products", sku=sku)
    return found


def acts(bench: Bench) -> int:
    """Count the requests that wrote a product, its texts or its prices."""
    return sum(
        request.method in ("POST", "PUT", "DELETE")
        and ("/api/products" in path or any(act in path for act in ACTS))
        for request in bench.world.requests
        for path in [request.path]
    )


def later(bench: Bench, *names: str, **wish: Any) -> dict[str, int]:
    """Run a quarter of an hour later."""
    bench.clock.wait(900)
    return dict(bench.run(*(names or ("products",)), **wish).counts)


def test_a_new_item_becomes_a_product_that_waits_for_a_merchandiser(shop: Bench) -> None:
    item(shop, NEW, FUDS="Tunnel tent 5", ITDS="Tunnel tent 5", GRWE="4.25", SAPR="399.00")
    shop.run("products")
    made = product(shop, NEW)
    assert (made["name"], made["price"], made["weight"]) == ("Tunnel tent 5", Decimal(399), Decimal("4.25"))
    assert (made["published"], made["manage_inventory_method_id"]) == (False, 1)
    assert shop.state.links("products", keys=[NEW])[0].shop == str(made["id"])


def test_only_what_the_pipeline_names_is_written_and_other_edits_stay(shop: Bench) -> None:
    before = product(shop, "TENT-3P")
    products = shop.world.books.table("shop.products")
    products[str(before["id"])] = {
        **before,
        "short_description": "Ours",
        "meta_title": "Ours",
        "old_price": Decimal(250),
    }
    item(shop, "TENT-3P", FUDS="Fell 3", ITDS="Fell 3")
    goods.change_names(m3(shop), "TENT-3P", {"GB": "Fell 3"})
    price(shop, "TENT-3P", "189.00")
    shop.run("products")
    after = product(shop, "TENT-3P")
    assert (after["name"], after["price"], after["gtin"]) == ("Fell 3", Decimal(189), "7350000000016")
    assert (after["short_description"], after["meta_title"], after["old_price"]) == (
        "Ours",
        "Ours",
        Decimal(250),
    )


def test_a_second_run_sends_nothing_and_a_full_one_only_reads(shop: Bench) -> None:
    for number in ("TENT-2P", "MAT-FOAM", NEW):
        item(shop, number)
    shop.run("products", "prices")
    sent = acts(shop)
    assert sent > 0
    later(shop, "products", "prices")
    assert later(shop).get("done", 0) == 0
    later(shop, "products", "prices", full=True)
    assert acts(shop) == sent


def test_one_changed_item_of_many_is_all_that_is_read_and_written(shop: Bench) -> None:
    settings(shop, item_types="[WEB, FG]")
    shop.run("products")
    later(shop)
    shop.clock.wait(2 * 86_400)
    later(shop)
    asked, sent = shop.sent("MMS200MI/GetItmBasic"), acts(shop)
    item(shop, "MUG-TI", GRWE="0.07", NEWE="0.07")
    assert later(shop)["done"] == 1
    assert shop.sent("MMS200MI/GetItmBasic") == asked + 1
    assert acts(shop) == sent + 1
    assert product(shop, "MUG-TI")["weight"] == Decimal("0.07")


def test_a_price_that_changes_reaches_the_shop_in_the_next_run_without_the_item(shop: Bench) -> None:
    shop.run("prices")
    shop.clock.wait(3600)
    shop.run("prices")
    shop.clock.wait(3600)
    price(shop, "TENT-2P", "139.00")
    assert later(shop, "prices")["done"] == 1
    assert product(shop, "TENT-2P")["price"] == Decimal(139)


def test_a_price_of_another_list_or_currency_changes_nothing(shop: Bench) -> None:
    shop.run("prices")
    shop.clock.wait(3600)
    shop.run("prices")
    shop.clock.wait(3600)
    goods.set_price(m3(shop), "TENT-2P", "1.00", prrf="B2B", cucd="EUR")
    goods.set_price(m3(shop), "TENT-3P", "1.00", prrf="WEB", cucd="SEK")
    sent = acts(shop)
    later(shop, "prices")
    assert acts(shop) == sent


def test_an_item_without_a_price_keeps_the_shops_or_goes_to_review_as_the_site_says(shop: Bench) -> None:
    item(shop, "TENT-2P", CUCS="NOK")
    for key in [key for key in shop.world.books.table("m3.prices") if "/TENT-2P/" in key]:
        del shop.world.books.table("m3.prices")[key]
    shop.run("products")
    assert product(shop, "TENT-2P")["price"] == Decimal("149.5")

    settings(shop, price_required="true")
    later(shop, full=True)
    assert shop.record("TENT-2P", "products").state is RecordState.REVIEW
    assert shop.record("TENT-2P", "products").reason == "M3 has no price of this item"


def test_the_price_comes_from_a_price_list_where_the_site_says_so(shop: Bench) -> None:
    settings(shop, product_price="list", price_list="B2B")
    item(shop, "TENT-2P")
    goods.set_price(m3(shop), "TENT-2P", "101.00", prrf="B2B", cucd="EUR")
    shop.run("products")
    assert product(shop, "TENT-2P")["price"] == Decimal(101)

    settings(shop, product_price="shop")
    price(shop, "TENT-2P", "77.00")
    later(shop, "products", "prices", full=True)
    assert product(shop, "TENT-2P")["price"] == Decimal(101)


def test_the_status_takes_a_product_off_sale_and_back_and_else_the_shop_decides(shop: Bench) -> None:
    item(shop, "TENT-2P", STAT="90")
    shop.run("products")
    assert product(shop, "TENT-2P")["published"] is False
    item(shop, "TENT-2P", STAT="20")
    later(shop)
    assert product(shop, "TENT-2P")["published"] is True

    row = product(shop, "TENT-2P")
    shop.world.books.table("shop.products")[str(row["id"])] = {**row, "published": False}
    later(shop, full=True)
    assert product(shop, "TENT-2P")["published"] is False


def test_a_status_that_nobody_knows_goes_to_review_and_on_when_the_lookup_knows_it(shop: Bench) -> None:
    item(shop, NEW, STAT="40")
    shop.run("products")
    record = shop.record(NEW, "products")
    assert (record.state, "lookup 'item_statuses' has no row for text '40'" in record.reason) == (
        RecordState.REVIEW,
        True,
    )
    assert shop.rows("shop.products", sku=NEW) == []

    shop.edit("lookups/item_statuses.yaml", "  50:", "  40: {published: true, create: true}\n  50:")
    shop.retry(NEW, pipeline="products")
    later(shop)
    assert product(shop, NEW)["published"] is False


def test_nothing_is_made_of_a_blocked_item_nor_where_the_site_makes_products_by_hand(shop: Bench) -> None:
    item(shop, NEW, STAT="90")
    shop.run("products")
    assert (shop.rows("shop.products", sku=NEW), shop.record(NEW, "products").state) == ([], RecordState.DONE)

    settings(shop, create_products="false")
    item(shop, NEW, STAT="20")
    item(shop, "TENT-2P", GRWE="2.5")
    later(shop)
    assert shop.rows("shop.products", sku=NEW) == []
    assert product(shop, "TENT-2P")["weight"] == Decimal("2.5")


def test_a_sku_that_two_products_have_is_for_a_person(shop: Bench) -> None:
    item(shop, "LAMP-OLD", SAPR="10.00")
    shop.run("products")
    record = shop.record("LAMP-OLD", "products")
    assert record.state is RecordState.REVIEW
    assert "not unique" in record.reason

    first, second = shop.rows("shop.products", sku="LAMP-OLD")
    shop.world.books.table("shop.products")[str(second["id"])] = {**second, "sku": "LAMP-OLDER"}
    shop.forget_connections()
    shop.retry("LAMP-OLD", pipeline="products")
    later(shop)
    assert shop.record("LAMP-OLD", "products").state is RecordState.DONE
    assert product(shop, "LAMP-OLD")["id"] == first["id"]


def test_an_item_that_the_shop_refuses_is_a_dead_letter_and_goes_on_after_a_retry(shop: Bench) -> None:
    item(shop, "TENT-2P", STAT="90")
    settings(shop, weight_factor="100000000000000")
    shop.run("products")
    record = shop.record("TENT-2P", "products")
    assert (record.state, "weight" in record.reason) == (RecordState.DEAD, True)
    settings(shop, weight_factor="1")
    shop.retry("TENT-2P", pipeline="products")
    later(shop)
    assert product(shop, "TENT-2P")["published"] is False


def test_the_shops_own_sku_is_found_by_the_lookup_or_by_an_alias(shop: Bench) -> None:
    item(shop, "10004711", GRWE="0.5")
    shop.run("products")
    assert product(shop, "BOTTLE-1L")["weight"] == Decimal("0.5")
    assert shop.rows("shop.products", sku="10004711") == []

    shop.edit("lookups/item_numbers.yaml", '  BOTTLE-1L: "10004711"', '  NOT-THIS: "1"')
    settings(shop, item_by="alias")
    item(shop, "10004711", GRWE="0.6")
    later(shop)
    assert product(shop, "BOTTLE-1L")["weight"] == Decimal("0.6")


def test_a_variant_gets_its_price_where_the_dialect_can(shop: Bench) -> None:
    item(shop, "BOOT-42")
    price(shop, "BOOT-42", "169.00")
    shop.run("products", "prices")
    assert shop.record("BOOT-42", "products").state is RecordState.DONE
    (variant,) = shop.rows("shop.combinations", sku="BOOT-42")
    official = shop.project.connections["shop"].dialect == "official"
    assert variant["overridden_price"] == (Decimal(169) if official else None)


def test_names_in_other_languages_and_prices_by_quantity_are_the_official_dialects(
    make_bench: Callable[..., Bench],
) -> None:
    bench = few(make_bench())
    settings(bench, tier_prices="true")
    item(bench, "CARABINER", GRWE="0.1")
    goods.change_names(m3(bench), "CARABINER", {"DE": "Karabiner", "SE": "Karbinhake"})
    bench.run("products")
    number = product(bench, "CARABINER")["id"]
    texts = {
        row["language_id"]: row["locale_value"]
        for row in bench.rows("shop.localized_properties", entity_id=number)
    }
    assert texts == {2: "Karbinhake", 3: "Karabiner"}
    tiers = {(row["quantity"], row["price"]) for row in bench.rows("shop.tier_prices", product_id=number)}
    assert tiers == {(12, Decimal("8.40")), (48, Decimal("7.90"))}


def test_what_the_shop_sells_by_the_box_has_the_boxs_price_weight_and_bar_code(shop: Bench) -> None:
    shop.edit("lookups/sales_units.yaml", "CARABINER-BOX:", "CARABINER:")
    item(shop, "CARABINER", GRWE="0.11")
    shop.run("products")
    found = product(shop, "CARABINER")
    (each,) = (
        row["SAPR"] for row in shop.rows("m3.prices", ITNO="CARABINER", PRRF="WEB", CUCD="EUR", QTYL=0)
    )
    assert (found["price"], found["weight"]) == (Decimal(each) * 12, Decimal("1.32"))
    (bar_code,) = (row["POPN"] for row in shop.rows("m3.aliases", ITNO="CARABINER", ALUN="BOX"))
    assert found["gtin"] == bar_code

    shop.edit("lookups/sales_units.yaml", "ALUN: BOX", "ALUN: PAL")
    later(shop, full=True)
    assert shop.record("CARABINER", "products").state is RecordState.REVIEW


def test_an_edit_that_somebody_makes_meanwhile_is_merged_or_reported(
    make_bench: Callable[..., Bench],
) -> None:
    bench = few(make_bench())
    item(bench, "TENT-2P", GRWE="2.6")
    number = product(bench, "TENT-2P")["id"]
    seen = []

    def edit(request: Any) -> None:
        # Somebody changes price and description between our reading and our writing.
        if request.path.endswith(f"/Product/GetById/{number}") and not seen:
            seen.append(request)
            row = product(bench, "TENT-2P")
            edited = {**row, "price": Decimal(140), "short_description": "Theirs"}
            bench.world.books.table("shop.products")[str(number)] = edited

    bench.world.on_request.append(edit)
    bench.run("products")
    found = product(bench, "TENT-2P")
    assert (found["weight"], found["short_description"]) == (Decimal("2.6"), "Theirs")
    assert found["price"] == Decimal("149.5")
    assert "price" in bench.record("TENT-2P", "products").reason


def test_an_edit_right_after_a_write_of_the_open_source_dialect_is_reported(
    make_bench: Callable[..., Bench],
) -> None:
    bench = few(make_bench(dialect="oss"))
    item(bench, "TENT-2P", GRWE="2.6")
    number = product(bench, "TENT-2P")["id"]
    written: list[bool] = []

    def edit(request: Any) -> None:
        # Somebody edits the product between our writing and our reading it again.
        if not request.path.endswith(f"/products/{number}"):
            return
        if request.method == "GET" and written == [True]:
            row = {**product(bench, "TENT-2P"), "weight": Decimal(9), "short_description": "Theirs"}
            bench.world.books.table("shop.products")[str(number)] = row
            written.append(False)
        elif request.method == "PUT":
            written.append(True)

    bench.world.on_request.append(edit)
    bench.run("products")
    found = product(bench, "TENT-2P")
    assert (found["weight"], found["short_description"]) == (Decimal(9), "Theirs")
    assert "weight" in bench.record("TENT-2P", "products").reason
    later(bench, full=True)
    assert product(bench, "TENT-2P")["weight"] == Decimal("2.6")
    assert product(bench, "TENT-2P")["short_description"] == "Theirs"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_product_is_made_once_wherever_the_run_dies(make_bench: Callable[..., Bench], dialect: str) -> None:
    bench = few(make_bench(dialect=dialect))
    item(bench, NEW, SAPR="399.00")
    for at in range(1, 60):
        fate = bench.die(at, "products")
        bench.clock.wait(SETTLE + 1)
        if not fate.dead:
            break
    bench.run("products", linger=600.0)
    assert product(bench, NEW)["price"] == Decimal(399)
    assert set(bench.states("products").values()) == {"done"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_product_is_made_once_though_the_answer_was_lost(
    make_bench: Callable[..., Bench], dialect: str
) -> None:
    bench = few(make_bench(dialect=dialect))
    item(bench, NEW, SAPR="399.00")
    bench.fault(
        "reset_after", "POST *Product*" if dialect == "official" else "POST *products*", system="shop"
    )
    bench.run("products", linger=600.0)
    assert product(bench, NEW)["price"] == Decimal(399)
    assert bench.record(NEW, "products").state is RecordState.DONE
