"""What the connector puts on the wire, pinned by cassettes: a changed request fails here, readably.

Recorded against the sandbox, with logins blotted out. Record again after an intended change:
``M3NOP_RECORD=1 python -m pytest tests/contract/connectors/nopcommerce/test_nop_wire.py``, and review the diff.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from m3nop.app.cassettes import recorder, through
from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Call, Outcome
from m3nop.http.response import without_cards

CASSETTES = Path(__file__).parents[3] / "cassettes" / "nopcommerce"
RECORD = bool(os.environ.get("M3NOP_RECORD"))
NOWHERE = "http://127.0.0.1:9/shop"
KEPT_HEADERS = {"accept", "content-type", "nopapiclienthost"}
LOGINS = ("/GetToken", "/token")
START, END = parse_instant("2026-10-01T00:00:00Z"), parse_instant("2026-11-01T00:00:00Z")


def request_as_kept(request):
    request.uri = urlsplit(request.uri)._replace(netloc="127.0.0.1").geturl()
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS}
    if request.path.endswith(LOGINS):
        request.body = json.dumps({**json.loads(request.body), "password": "***"})
    return request


def response_as_kept(response):
    response["headers"] = {
        name: value for name, value in response["headers"].items() if name.lower() == "content-type"
    }
    content = response["body"]["string"]
    body = without_cards(json.loads(content)) if content else None
    response["body"]["string"] = json.dumps(body).encode() if content else b""
    if isinstance(body, dict) and {"token", "access_token"} & set(body):
        name = "token" if "token" in body else "access_token"
        response["body"]["string"] = json.dumps({name: "***"}).encode()
    return response


def same_store(one, other):
    assert one.headers.get("NopApiClientHost") == other.headers.get("NopApiClientHost")


def same_body(one, other):
    assert json.loads(one.body or "null") == json.loads(other.body or "null")


@pytest.fixture
def wire(request, connect):
    """Open a connection whose requests go to a cassette, or to the sandbox while recording."""
    url = request.getfixturevalue("sandbox").shop_url if RECORD else NOWHERE
    player = recorder(
        cassette_library_dir=str(CASSETTES),
        record_mode="all" if RECORD else "none",
        before_record_request=request_as_kept,
        before_record_response=response_as_kept,
    )
    player.register_matcher("store", same_store)
    player.register_matcher("json", same_body)

    @contextmanager
    def opened(name, dialect, **options):
        if RECORD:
            (CASSETTES / f"{name}.yaml").unlink(missing_ok=True)
        match_on = ["method", "path", "query", "store", "json"]
        with player.use_cassette(f"{name}.yaml", match_on=match_on) as cassette, through(cassette):
            yield connect(url, dialect, in_flight=1, **options)
        assert RECORD or cassette.all_played

    return opened


def ids_of(source, partition, watermark):
    return [[record["id"] for record in page.records] for page in source.pages(partition, watermark)]


def test_official_orders_are_paged_by_ids_up_to_the_newest(wire, stores):
    with wire("official_orders", "official", ids_per_request=2) as shop:
        source = shop.source("orders", stores=stores, wanted=None)
        assert ids_of(source, "", '{"id":1010}') == [[1011, 1012], [1013]]
        assert [order["id"] for order in source.fetch(["1001"])] == [1001]


def test_official_customers_are_paged_by_ids_up_to_the_newest(wire, stores):
    with wire("official_customers", "official", ids_per_request=3) as shop:
        source = shop.source("customers", stores=stores, wanted=None)
        assert ids_of(source, "", '{"id":9}') == [[10, 11, 12], [13, 14, 15]]


def test_official_windows_have_inclusive_bounds(wire, stores):
    with wire("official_windows", "official", page_size=5) as shop:
        for resource in ("orders", "customers"):
            source = shop.source(resource, stores=stores, wanted=None)
            source.count("", START, END)
            source.watermark_at("", START)


def test_official_writes_are_one_request_each(wire):
    order = {"order_id": 1001, "store_id": 1, "key": "M3OrderNumber", "value": "0010000123 & Å"}
    customer = {"customer_id": 5, "store_id": 0, "key": "M3CustomerNumber", "value": "W0000005"}
    note = {"order_id": 1001, "note": "Entered in M3 as 0010000123", "display_to_customer": True}
    with wire("official_writes", "official") as shop:
        for name, fields in (
            ("orders/attribute", order), ("customers/attribute", customer), ("orders/note", note),
            ("orders/notes", {"order_id": 1001}), ("orders/get", {"id": 1001}), ("customers/get", {"id": 5}),
        ):  # fmt: skip
            (answer,) = shop.send([Call("1", OPERATIONS[name], fields)])
            assert answer.outcome is Outcome.DONE


def test_oss_orders_are_paged_by_a_cursor_in_each_store(wire, stores):
    with wire("oss_orders", "oss", page_size=2) as shop:
        source = shop.source("orders", stores=stores, wanted=None)
        assert ids_of(source, "b2c", '{"id":1010}') == [[1011, 1012], [1013]]
        assert ids_of(source, "b2b", '{"id":1008}') == [[1009]]
        assert [order["id"] for order in source.fetch(["1009"], partition="b2b")] == [1009]


def test_oss_customers_are_paged_by_a_cursor_in_each_store(wire, stores):
    with wire("oss_customers", "oss", page_size=2) as shop:
        source = shop.source("customers", stores=stores, wanted=None)
        assert ids_of(source, "b2b", '{"id":10}') == [[11, 12], [13, 14], [15]]
        assert [customer["id"] for customer in source.fetch(["5"], partition="b2c")] == [5]


def test_oss_windows_have_exclusive_bounds(wire, stores):
    with wire("oss_windows", "oss") as shop:
        source = shop.source("orders", stores=stores, wanted=None)
        source.count("b2b", START, END)
        source.watermark_at("b2b", START)
        shop.source("customers", stores=stores, wanted=None).watermark_at("b2b", START)


def test_oss_reads_single_rows_by_id(wire):
    with wire("oss_single", "oss") as shop:
        for name, number in (("orders/get", 1001), ("customers/get", 5)):
            (answer,) = shop.send([Call("1", OPERATIONS[name], {"id": number})])
            assert answer.outcome is Outcome.DONE


SACK = {
    "name": "Tältsäck 40 l", "price": Decimal("12.50"), "published": True,
    "manage_inventory_method": "manage_stock",
}  # fmt: skip


def send(shop, *calls):
    for name, fields in calls:
        (answer,) = shop.send([Call("1", OPERATIONS[name], fields)])
        assert answer.outcome is Outcome.DONE, answer.failure


def test_official_products_are_read_written_whole_and_read_again(wire):
    extras = {
        "tier_prices": [{"role": "wholesale", "quantity": 5, "price": Decimal("9.90")}],
        "localized": {"de": {"name": "Zeltsack 40 l"}},
    }
    with wire("official_products", "official") as shop:
        send(
            shop,
            ("products", {"match": {"sku": "SACK-40"}, "fields": {**SACK, **extras}}),
            ("products", {"match": {"sku": "TENT-2P"}, "fields": {"price": Decimal("151.5")}}),
            ("products", {"match": {"sku": "BOOT-43"}, "fields": {"gtin": "7312345678901"}}),
            ("products", {"match": {"sku": "NOPE"}, "fields": SACK, "missing": "skip"}),
            ("products/get", {"sku": "BOOT"}),
        )


def test_official_stock_is_moved_by_a_difference_or_written_by_warehouse(wire):
    with wire("official_stock", "official") as shop:
        for sku in ("LAMP-HEAD", "BOOT-43", "MAT-AIR"):
            fields = {"sku": sku, "quantity": 37, "warehouse": 1, "token": "r4.77", "message": "stock & M3"}
            send(shop, ("stock/set", fields), ("products/stock", {"sku": sku}))


def test_an_official_delivery_is_rows_and_verbs(wire):
    match = {"order_id": 1001, "marker": "m3:0000012345"}
    items = [{"order_item_id": 2001, "quantity": 1, "warehouse_id": 1}]
    fields = {"tracking_number": "1Z 999", "total_weight": Decimal("2.4"), "items": items, "shipped": True}
    with wire("official_shipments", "official") as shop:
        send(
            shop,
            ("shipments", {"match": match, "fields": fields}),
            ("shipments", {"match": match, "fields": {"delivered": True, "notify_customer": True}}),
            ("shipments/list", {"order_id": 1001}),
        )


def test_official_orders_and_customers_are_changed_after_a_look(wire):
    with wire("official_changes", "official") as shop:
        send(
            shop,
            ("orders/mark_paid", {"order_id": 1002}),
            ("orders/complete_check", {"order_id": 1002}),
            ("orders/cancel", {"order_id": 1002, "notify_customer": True}),
            ("customers", {"match": {"email": "erika@example.com"}, "fields": {"company": "Erika & Söhne"}}),
        )


def test_oss_writes_send_what_changed_and_the_tags(wire):
    with wire("oss_writes", "oss") as shop:
        send(
            shop,
            ("products", {"match": {"sku": "TENT-2P"}, "fields": {"price": Decimal("151.5")}}),
            ("products", {"match": {"sku": "SACK-40"}, "fields": SACK}),
            ("stock/set", {"sku": "LAMP-HEAD", "quantity": 37}),
            ("stock/set", {"sku": "BOOT-43", "quantity": 37}),
            ("stock/set", {"sku": "MAT-AIR", "quantity": 37, "warehouse": 1}),
            ("customers", {"match": {"email": "erika@example.com"}, "fields": {"company": "Erika & Söhne"}}),
            ("products/get", {"sku": "MAT-AIR"}),
        )


def test_oss_products_are_paged_by_a_cursor_over_the_whole_shop(wire, stores):
    with wire("oss_product_source", "oss") as shop:
        source = shop.source("products", stores=stores, wanted=frozenset({"sku"}))
        assert ids_of(source, "", '{"id":40}')[0][0] == 41
        assert [row["sku"] for row in source.fetch(["1"])] == ["TENT-2P"]


@pytest.mark.skipif(RECORD, reason="cassettes are being written")
def test_a_request_that_changed_is_refused(wire, stores):
    with (
        pytest.raises(CannotOverwriteExistingCassetteException, match="Order/GetByIds"),
        wire("official_orders", "official", ids_per_request=4) as shop,
    ):
        list(shop.source("orders", stores=stores, wanted=None).pages("", '{"id":1010}'))


@pytest.mark.skipif(RECORD, reason="cassettes are being written")
def test_no_cassette_holds_a_credential_or_a_card():
    for cassette in CASSETTES.glob("*.yaml"):
        text = cassette.read_text(encoding="utf-8")
        assert "sandbox-shop" not in text
        assert "uthorization:" not in text
        assert "eyJ" not in text
        assert "card_number" not in text
        assert "4111" not in text
