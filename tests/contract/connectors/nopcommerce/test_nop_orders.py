from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.connectors.nopcommerce.shape import ORDER_FIELDS
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import StoreRef
from m3nop.core.errors import AccessError, SourceError, UsageError
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.shop import CARD_CANARY, change_order, place_order

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])
TENT = {"sku": "TENT-2P", "quantity": 1}
NOWHERE_IN_OSS = {
    "order_guid", "custom_order_number", "checkout_attributes_xml", "billing_address_id", "shipping_address_id",
    "pickup_address_id",
}  # fmt: skip


def order_ids(world):
    return sorted(row["id"] for row in world.books.table("shop.orders").values())


def pages_after(source, watermarks):
    return [
        page
        for partition in source.partitions()
        for page in source.pages(partition, watermarks.get(partition))
    ]


@DIALECTS
def test_every_order_is_read_once_by_ascending_id(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect, page_size=4).source(
        "orders", stores=stores, wanted=frozenset({"id"})
    )
    parts = [
        [record["id"] for page in source.pages(partition, None) for record in page.records]
        for partition in source.partitions()
    ]
    assert all(ids == sorted(set(ids)) for ids in parts)
    assert sorted(number for ids in parts for number in ids) == order_ids(world)


@DIALECTS
def test_what_was_read_is_not_read_again(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source("orders", stores=stores, wanted=frozenset({"id"}))
    watermarks = {}
    for partition in source.partitions():
        for page in source.pages(partition, None):
            watermarks[partition] = page.watermark
    assert pages_after(source, watermarks) == []
    placed = place_order(world, {"customer_id": 5, "store_id": 1, "lines": [TENT]})
    assert [record["id"] for page in pages_after(source, watermarks) for record in page.records] == [
        placed["id"]
    ]


def test_both_dialects_tell_the_same_of_an_order(sandbox, read):
    official, oss = (read(sandbox.shop_url, dialect) for dialect in ("official", "oss"))
    assert len(official) == len(oss) > 10
    for one, other in zip(official, oss, strict=True):
        for name in set(ORDER_FIELDS) - NOWHERE_IN_OSS:
            assert one[name] == other[name], name
        assert [
            (item["id"], item["position"], item["sku"], item["price_excl_tax"]) for item in one["items"]
        ] == [(item["id"], item["position"], item["sku"], item["price_excl_tax"]) for item in other["items"]]
        for name in ("billing_address", "shipping_address"):
            if one[name] is None:
                assert other[name] is None
                continue
            known = set(one[name]) & set(other[name])
            assert {field: one[name][field] for field in known} == {
                field: other[name][field] for field in known
            }
            assert {"country_code", "state_code", "zip_postal_code"} <= known
        assert one["customer"]["is_guest"] == other["customer"]["is_guest"]
        assert one["customer"]["email"] == other["customer"]["email"]


@DIALECTS
def test_statuses_are_words_and_a_shop_s_own_number_keeps_its_number(sandbox, read, dialect):
    words = {(order["order_status"], order["payment_status"]) for order in read(sandbox.shop_url, dialect)}
    assert ("processing", "paid") in words
    assert ("cancelled", "pending") in words
    assert ("status_12", "paid") in words


@DIALECTS
def test_money_is_exact_and_times_are_utc(sandbox, world, read, dialect):
    order = {order["id"]: order for order in read(sandbox.shop_url, dialect)}[1001]
    stored = world.books.table("shop.orders")["1001"]
    assert order["order_total"] == Decimal(stored["order_total"])
    amounts = [
        value for name, value in order.items() if name.endswith("_tax") or name.startswith("order_total")
    ]
    assert all(isinstance(value, Decimal) for value in amounts)
    assert order["created_on_utc"] == "2026-10-05T08:15:22.123456Z"
    assert order["taxes"] == [{"rate": Decimal(25), "amount": Decimal("49.8200")}]


@DIALECTS
def test_card_data_never_gets_in(sandbox, world, read, dialect):
    place_order(world, {"customer_id": 5, "payment_method": "Payments.Manual", "lines": [TENT]})
    text = json.dumps(read(sandbox.shop_url, dialect))
    assert CARD_CANARY not in text
    assert '"card_' not in text
    assert "credit_card" not in text


@DIALECTS
def test_what_is_sensitive_comes_only_if_a_mapping_names_it(sandbox, world, read, dialect):
    placed = place_order(
        world, {"customer_id": 5, "payment_method": "Payments.PurchaseOrder", "lines": [TENT]}
    )
    everything = read(sandbox.shop_url, dialect)[-1]
    assert everything["id"] == placed["id"]
    assert not {"custom_values_xml", "customer_ip", "authorization_transaction_id"} & set(everything)
    named = read(sandbox.shop_url, dialect, wanted=frozenset({"custom_values_xml"}))[-1]
    assert "4500012345" in named["custom_values_xml"]
    assert "customer_ip" not in named


@DIALECTS
def test_an_order_that_is_still_being_written_has_no_lines_yet(sandbox, world, read, dialect):
    place_order(world, {"customer_id": 5, "lines": [TENT], "delay": 60})
    assert read(sandbox.shop_url, dialect)[-1]["items"] == []


@DIALECTS
def test_a_line_has_the_sku_of_its_variant(sandbox, world, read, dialect):
    place_order(world, {"customer_id": 5, "lines": [{"sku": "BOOT-44", "quantity": 2}, TENT]})
    lines = read(sandbox.shop_url, dialect, wanted=frozenset({"items.sku"}))[-1]["items"]
    assert [line["sku"] for line in lines] == ["BOOT-44", "TENT-2P"]


def test_the_sku_of_a_product_that_was_deleted_is_still_known(sandbox, world, read):
    products = world.books.table("shop.products")
    tent = products.find(sku="TENT-2P")[0]
    products[str(tent["id"])] = {**tent, "deleted": True}
    assert read(sandbox.shop_url, wanted=frozenset({"items.sku"}))[0]["items"][0]["sku"] == "TENT-2P"


@DIALECTS
def test_checkout_attributes_are_told_as_text_too(sandbox, world, read, dialect):
    chosen = "Gift wrapping: Yes [+4,00]<br />Greeting: Grüße &amp; Küsse"
    place_order(world, {"customer_id": 5, "lines": [TENT], "checkout_attributes": chosen})
    order = read(sandbox.shop_url, dialect)[-1]
    assert order["checkout_attribute_description"] == chosen
    assert order["checkout_attribute_text"] == "Gift wrapping: Yes [+4,00]\nGreeting: Grüße & Küsse"


def test_official_orders_tell_coupon_number_guid_and_pickup_point(sandbox, world, read):
    place_order(world, {"customer_id": 5, "lines": [TENT], "coupon": "WELCOME10", "pickup": True})
    order = read(sandbox.shop_url)[-1]
    assert order["coupon_codes"] == ["WELCOME10"]
    assert order["custom_order_number"] == str(order["id"])
    assert order["order_guid"]
    assert order["pickup_in_store"] is True
    assert order["pickup_address"]["country_code"] == "SE"
    assert order["shipping_address"] is None


def test_oss_orders_know_no_coupon_number_guid_or_pickup_point(sandbox, world, read):
    place_order(world, {"customer_id": 5, "lines": [TENT], "coupon": "WELCOME10", "pickup": True})
    order = read(sandbox.shop_url, "oss")[-1]
    assert order["pickup_in_store"] is True
    assert [order[name] for name in ("custom_order_number", "order_guid", "pickup_address")] == [
        None,
        None,
        None,
    ]
    assert "coupon_codes" not in order


def test_only_what_the_mappings_use_is_read(sandbox, read, sent):
    read(sandbox.shop_url, wanted=frozenset({"order_total", "payment_status"}))
    assert {path.split("/")[1] + "/" + path.split("/")[2] for path in sent()} == {
        "Order/Search",
        "Order/GetByIds",
    }


def test_lines_without_sku_need_no_products(sandbox, read, sent):
    orders = read(sandbox.shop_url, wanted=frozenset({"items.quantity"}))
    assert orders[0]["items"][0]["quantity"] == 1
    assert not [path for path in sent() if "/Product/" in path or "/Address/" in path or "/Customer" in path]


def test_products_countries_and_customers_are_read_in_groups(sandbox, world, read, sent):
    read(sandbox.shop_url, wanted=frozenset({"items.sku", "billing_address.country_code", "customer.email"}))
    paths = sent()
    assert len([path for path in paths if "GetProductsByIds" in path]) == 1
    assert len([path for path in paths if "GetAllCountries" in path]) == 1
    assert len([path for path in paths if "GetCustomersByIds" in path]) == 1
    assert not [path for path in paths if "CustomerRole" in path]


def test_an_address_list_is_kept_short(sandbox, read, sent):
    read(sandbox.shop_url, wanted=frozenset({"items.sku"}), ids_per_request=7)
    lists = [path.rpartition("/")[2].split(";") for path in sent() if ";" in path]
    assert max(map(len, lists)) == 7


def test_an_id_that_did_not_appear_is_named_as_missing(sandbox, world, connect, stores, clock):
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=frozenset({"id"}))
    clock.instant = world.clock.now()
    ids = [place_order(world, {"customer_id": 5, "lines": [TENT]})["id"] for _ in range(3)]
    change_order(world, ids[1], {"delete": True})
    change_order(world, 1005, {"delete": True})
    pages = list(source.pages("", None))
    assert [number for page in pages for number in page.missing] == [ids[1]]
    assert pages[-1].watermark == f'{{"id":{ids[2]}}}'


def test_the_watermark_stays_below_an_order_that_is_listed_but_not_there(sandbox, world, connect, stores):
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=frozenset({"id"}))
    world.faults.add(fault("late_records", "GET /api-backend/Order/GetByIds/*", count=1))
    assert [page.watermark for page in source.pages("", '{"id":1010}')] == ['{"id":1012}']
    assert [record["id"] for page in source.pages("", '{"id":1012}') for record in page.records] == [1013]


@DIALECTS
def test_a_row_that_comes_twice_is_one_record(sandbox, world, connect, stores, dialect):
    world.faults.add(fault("duplicate_records", "GET /api*", count=3, times=None))
    source = connect(sandbox.shop_url, dialect).source("orders", stores=stores, wanted=frozenset({"id"}))
    ids = [record["id"] for page in pages_after(source, {}) for record in page.records]
    assert sorted(ids) == order_ids(world)


@DIALECTS
def test_records_are_read_again_by_key_and_those_that_are_gone_are_left_out(
    sandbox, world, connect, stores, dialect
):
    source = connect(sandbox.shop_url, dialect).source("orders", stores=stores, wanted=frozenset({"id"}))
    change_order(world, 1002, {"delete": True})
    found = source.fetch(["1001", "1002", "1003", "4711", "B2C-1"], partition=source.partitions()[0])
    assert [order["id"] for order in found] == [1001, 1003]


def test_oss_asks_every_store_when_no_part_is_named(sandbox, connect, stores):
    source = connect(sandbox.shop_url, "oss").source("orders", stores=stores, wanted=frozenset({"id"}))
    assert {order["store_id"] for order in source.fetch(["1001", "1007"])} == {1, 2}


@DIALECTS
def test_a_window_counts_its_start_and_not_its_end(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source("orders", stores=stores, wanted=None)
    start, end = "2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"
    for created in ("2029-12-31T23:59:59.9999999Z", start, "2030-01-01T23:59:59.9999999Z", end):
        place_order(world, {"customer_id": 5, "lines": [TENT], "created": created})
    assert source.count(source.partitions()[0], parse_instant(start), parse_instant(end)) == 2


@DIALECTS
def test_reading_can_start_at_an_instant(sandbox, world, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect, page_size=3).source(
        "orders", stores=stores, wanted=frozenset({"id"})
    )
    created = "2027-05-01T10:00:00Z"
    placed = [
        place_order(world, {"customer_id": 5, "lines": [TENT], "created": moment})["id"]
        for moment in ("2027-05-01T09:59:59.9999999Z", created, "2027-05-01T10:00:01Z")
    ]
    partition = source.partitions()[0]
    watermark = source.watermark_at(partition, parse_instant(created))
    assert [record["id"] for page in source.pages(partition, watermark) for record in page.records] == placed[
        1:
    ]


@DIALECTS
def test_a_start_in_the_future_skips_what_there_is(sandbox, connect, stores, dialect):
    source = connect(sandbox.shop_url, dialect).source("orders", stores=stores, wanted=None)
    partition = source.partitions()[0]
    watermark = source.watermark_at(partition, parse_instant("2040-01-01T00:00:00Z"))
    assert watermark == '{"id":1013}'


def test_orders_imported_later_with_old_dates_do_not_hide_the_shop_s_own(sandbox, world, connect, stores):
    source = connect(sandbox.shop_url, page_size=2, ids_per_request=2).source(
        "orders", stores=stores, wanted=frozenset({"id"})
    )
    own = place_order(world, {"customer_id": 5, "lines": [TENT], "created": "2028-06-01T00:00:00Z"})["id"]
    for day in range(1, 8):
        place_order(world, {"customer_id": 5, "lines": [TENT], "created": f"2028-01-0{day}T00:00:00Z"})
    watermark = source.watermark_at("", parse_instant("2028-01-01T00:00:00Z"))
    assert json.loads(watermark)["id"] == own - 1


def placed_with_ids_from(world, number, **members):
    series = world.books.table("sandbox.series")
    series["shop.Order"] = {"next": number}
    return [place_order(world, {"customer_id": 5, "lines": [TENT], **members})["id"] for _ in range(3)]


def read_from_the_beginning(source, world):
    """Return the ids that were read, and how many requests for orders by id it took."""
    before = len(world.requests)
    found = [record["id"] for page in source.pages("", None) for record in page.records]
    made = list(world.requests)[before:]
    return found, sum(any("/Order/GetByIds" in name for name in request.operations) for request in made)


@pytest.mark.parametrize("first", [30_000, 2**31 - 10])
def test_a_shop_whose_ids_begin_high_is_not_asked_for_lower_ones(sandbox, world, connect, stores, first):
    world.books.table("shop.orders").clear()
    placed = placed_with_ids_from(world, first)
    source = connect(sandbox.shop_url, page_size=2).source("orders", stores=stores, wanted=frozenset({"id"}))
    found, asked = read_from_the_beginning(source, world)
    assert (found, asked) == (placed, 2)


def test_orders_with_low_ids_and_late_dates_are_read_too(sandbox, world, connect, stores):
    own = order_ids(world)
    imported = placed_with_ids_from(world, 5_000_000, created="2001-01-01T00:00:00Z")
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=frozenset({"id"}))
    assert read_from_the_beginning(source, world)[0][: len(own)] == own
    assert imported[0] == 5_000_000


def test_an_order_of_another_store_stops_the_pass(sandbox, connect):
    wrong = [StoreRef("b2b", 2, "unknown.example.com")]
    source = connect(sandbox.shop_url, "oss").source("orders", stores=wrong, wanted=None)
    with pytest.raises(
        SourceError, match=r"store 1, not store 2 \(`stores\.b2b`\); does the shop know its `host`"
    ):
        list(source.pages("b2b", None))


def test_an_order_that_was_not_asked_for_stops_the_pass(scripted, connect, stores):
    row = {"id": 9, "store_id": 1, "created_on_utc": "2026-11-01T00:00:00"}
    scripted.on("GET", "/api-backend/Order/Search", {"items": [{**row, "id": 2}], "total_count": 1})
    scripted.on("GET", "/api-backend/Order/GetByIds/1;2", [row])
    source = connect(scripted.url, credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=frozenset()
    )
    with pytest.raises(SourceError, match="order 9"):
        list(source.pages("", None))


def test_a_cursor_that_the_shop_ignores_stops_the_pass(scripted, connect, stores):
    row = {"id": 9, "store_id": 1, "created_on_utc": "2026-11-01T00:00:00"}
    scripted.on("GET", "/api/orders", {"orders": [row]})
    source = connect(scripted.url, "oss", credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=frozenset()
    )
    with pytest.raises(SourceError, match="order 9, which is not after 9"):
        list(source.pages("b2c", '{"id":9}'))


@pytest.mark.parametrize(
    ("dialect", "path"), [("official", "/api-backend/Order/Search"), ("oss", "/api/orders")]
)
def test_a_bound_that_the_shop_ignores_stops_the_search_for_a_start(scripted, connect, stores, dialect, path):
    row = {"id": 9, "store_id": 1, "created_on_utc": "2026-11-01T00:00:00"}
    scripted.on("GET", path, {"orders": [row]} if dialect == "oss" else {"total_count": 1, "items": [row]})
    source = connect(scripted.url, dialect, credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=None
    )
    with pytest.raises(SourceError, match="created before 2027-01-01T00:00:00Z"):
        source.watermark_at(source.partitions()[0], parse_instant("2027-01-01"))


def test_an_answer_that_is_no_list_stops_the_pass(scripted, connect, stores):
    scripted.on("GET", "/api/orders", {"message": "hello"})
    source = connect(scripted.url, "oss", credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=None
    )
    with pytest.raises(SourceError, match="something else than a list of orders"):
        list(source.pages("b2c", None))


def test_a_row_without_an_id_stops_the_pass(scripted, connect, stores):
    scripted.on("GET", "/api/orders", {"orders": [{"store_id": 1}]})
    source = connect(scripted.url, "oss", credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=None
    )
    with pytest.raises(SourceError, match="no id"):
        list(source.pages("b2c", None))


def test_a_line_of_another_order_stops_the_pass(scripted, connect, stores):
    row = {"id": 1, "store_id": 1, "created_on_utc": "2026-11-01T00:00:00"}
    scripted.on("GET", "/api-backend/Order/Search", {"items": [row]})
    scripted.on("GET", "/api-backend/Order/GetByIds/1", [row])
    scripted.on("GET", "/api-backend/OrderItem/GetOrderItems/1", [{"id": 5, "order_id": 2, "product_id": 1}])
    source = connect(scripted.url, credentials={"token": "t"}).source(
        "orders", stores=stores, wanted=frozenset({"items.quantity"})
    )
    with pytest.raises(SourceError, match="`order_id` is 2 instead of 1"):
        list(source.pages("", None))


@DIALECTS
def test_a_shop_that_cannot_be_reached_says_so(connect, stores, dialect):
    source = connect("http://127.0.0.1:9", dialect).source("orders", stores=stores, wanted=None)
    with pytest.raises(AccessError, match="no connection"):
        list(source.pages(source.partitions()[0], None))


def test_there_are_no_other_sources(sandbox, connect):
    with pytest.raises(UsageError, match="no source `invoices`; it has customers, orders"):
        connect(sandbox.shop_url).source("invoices", stores=[], wanted=None)


def test_there_are_no_other_stores(sandbox, connect, stores):
    source = connect(sandbox.shop_url, "oss").source("orders", stores=stores, wanted=None)
    with pytest.raises(SourceError, match="no store `outlet`"):
        list(source.pages("outlet", None))


def test_a_foreign_watermark_is_refused(sandbox, connect, stores):
    source = connect(sandbox.shop_url).source("orders", stores=stores, wanted=None)
    with pytest.raises(SourceError, match="is none of a nopCommerce source"):
        list(source.pages("", "20261101"))


def fault(kind, operation, **more):
    return Fault(kind=kind, system="shop", operation=operation, **more)
