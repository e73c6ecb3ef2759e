"""Every request to the official dialect, checked against its own description.

Source: the OpenAPI document of nopCommerce's Web API Backend, version 1.06 (SwaggerHub
``nopCommerceAPI/nop-commerce_web_api_backend``), for the paths used here: method, path, what the path holds,
and the declared query parameters with their types (``!`` marks a required one).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest

from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.core import json
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Call, Outcome
from m3nop.sandbox.shop import place_order
from tests.contract.connectors.nopcommerce import declared_bodies

PAGING = "pageIndex:int pageSize:int"
DECLARED = {
    "POST Authenticate/GetToken": "",
    "GET Order/Search": f"""storeId:int vendorId:int customerId:int productId:int affiliateId:int warehouseId:int
        billingCountryId:int paymentMethodSystemName:text createdFromUtc:time createdToUtc:time osIds:text psIds:text
        ssIds:text billingPhone:text billingEmail:text billingLastName:text orderNotes:text {PAGING}
        getOnlyTotalCount:bool""",
    "GET Order/GetByIds/{ids}": "",
    "GET OrderItem/GetOrderItems/{orderId}": "isNotReturnable:bool isShipEnabled:bool vendorId:int",
    "GET OrderNote/GetOrderNotesByOrderId/{orderId}": "displayToCustomer:bool",
    "POST OrderNote/Create": "",
    "GET Product/GetById/{id}": "",
    "GET Product/GetProductsByIds/{ids}": "",
    "GET Product/GetAll": f"{PAGING} storeId:int keywords:text searchSku:bool showHidden:bool overridePublished:bool",
    "POST Product/FormatSku/{productId}": "",
    "GET Address/GetById/{id}": "",
    "GET Country/GetAllCountries": "languageId:int showHidden:bool",
    "GET Country/GetById/{id}": "",
    "GET StateProvince/GetAll": "showHidden:bool",
    "GET Store/GetAll": "",
    "GET Store/GetById/{id}": "",
    "GET Customer/GetAll": f"""createdFromUtc:time createdToUtc:time affiliateId:int vendorId:int customerRoleIds:text
        email:text username:text firstName:text lastName:text dayOfBirth:int monthOfBirth:int company:text phone:text
        zipPostalCode:text ipAddress:text {PAGING} getOnlyTotalCount:bool""",
    "GET Customer/GetCustomersByIds/{ids}": "",
    "GET Customer/GetById/{id}": "",
    "GET CustomerRole/GetCustomerRoleIds/{customerId}": "showHidden:bool",
    "GET CustomerRole/GetAll": "showHidden:bool",
    "GET GenericAttribute/GetAttributesForEntity/{entityId}": "keyGroup!:text",
    "POST GenericAttribute/SaveAttribute/{storeId}/{entityId}": "entityTypeName!:text key!:text value!:text",
    "GET DiscountUsageHistory/GetAll": f"discountId:int customerId:int orderId:int {PAGING}",
    "GET Discount/GetById/{id}": "",
    "PUT Customer/Update": "",
    "GET Order/GetById/{id}": "",
    "GET OrderProcessing/CanCancelOrder/{orderId}": "",
    "GET OrderProcessing/CancelOrder/{orderId}": "notifyCustomer!:bool",
    "GET OrderProcessing/CanMarkOrderAsPaid/{orderId}": "",
    "GET OrderProcessing/MarkOrderAsPaid/{orderId}": "",
    "GET OrderProcessing/CheckOrderStatus/{orderId}": "",
    "GET OrderProcessing/Ship/{shipmentId}": "notifyCustomer!:bool",
    "GET OrderProcessing/Deliver/{shipmentId}": "notifyCustomer!:bool",
    "GET OrderItem/GetTotalNumberOfItemsCanBeAddedToShipment/{orderItemId}": "",
    "GET Shipment/GetByOrderId/{orderId}": "shipped:bool vendorId:int",
    "GET Shipment/GetById/{id}": "",
    "POST Shipment/Create": "",
    "PUT Shipment/Update": "",
    "GET ShipmentItem/GetByShipmentId/{id}": "",
    "POST ShipmentItem/Create": "",
    "GET Product/GetProductsBySku": "skuArray!:text vendorId:int",
    "POST Product/Create": "",
    "PUT Product/Update": "",
    "POST Product/AdjustInventory/{productId}": "quantityToChange!:int message:text",
    "GET Product/GetStockQuantityHistory/{productId}": f"warehouseId:int combinationId:int {PAGING}",
    "GET ProductAttributeCombination/GetBySku": "sku!:text",
    "GET ProductAttributeCombination/GetById/{id}": "",
    "GET ProductAttributeCombination/GetAll/{productId}": "",
    "PUT ProductAttributeCombination/Update": "",
    "GET ProductWarehouse/GetAllProductWarehouseInventoryRecords/{productId}": "",
    "POST ProductWarehouse/Create": "",
    "PUT ProductWarehouse/Update": "",
    "GET Warehouse/GetAll": "name:text",
    "GET Language/GetAll": "showHidden:bool storeId:int",
    "GET LocalizedEntity/GetLocalizedValue/{languageId}/{entityId}": "localeKeyGroup!:text localeKey!:text",
    "POST LocalizedEntity/SaveLocalizedValue/{languageId}/{entityId}": "localeKeyGroup!:text localeKey!:text",
    "GET TierPrices/GetTierPricesByProduct/{productId}": "",
    "POST TierPrices/Create": "",
    "PUT TierPrices/Update": "",
    "DELETE TierPrices/Delete/{id}": "",
    "GET UrlRecord/GetActiveSlug/{entityId}/{languageId}": "entityName!:text",
    "POST UrlRecord/ValidateSeName/entityId": """entityId:int entityName!:text seName!:text name!:text
        ensureNotEmpty!:bool""",
    "POST UrlRecord/SaveSlug/{languageId}/{entityId}": "entityTypeName!:text slug!:text",
}
BODIES = {
    "POST Authenticate/GetToken": {"username": str, "email": str, "password": str},
    "POST OrderNote/Create": {
        "id": int, "order_id": int, "note": str, "download_id": int, "display_to_customer": bool,
        "created_on_utc": str,
    },
    "POST Product/FormatSku/{productId}": str,
    "POST Product/AdjustInventory/{productId}": str,
    "POST LocalizedEntity/SaveLocalizedValue/{languageId}/{entityId}": str,
}  # fmt: skip
ROWS = {
    "Product": declared_bodies.PRODUCT,
    "Customer": declared_bodies.CUSTOMER,
    "Shipment": declared_bodies.SHIPMENT,
    "ShipmentItem": declared_bodies.SHIPMENT_ITEM,
    "TierPrices": declared_bodies.TIER_PRICE,
    "ProductWarehouse": declared_bodies.STOCK_ROW,
    "ProductAttributeCombination": declared_bodies.VARIANT,
}
"""What ``Create`` and ``Update`` of a controller take."""
FORMS = {
    "int": r"-?\d+",
    "bool": r"true|false",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z",
    "text": r".+",
}


def read(shop, stores):
    order = {"id": 1001, "order_id": 1001}
    for name, fields in (
        ("orders/get", order), ("orders/notes", order), ("customers/get", {"id": 5}),
        ("shipments/list", order), ("products/get", {"sku": "BOOT"}), ("products/get", {"sku": "MAT-AIR"}),
        ("products/stock", {"sku": "BOOT-43"}), ("products/stock", {"sku": "MAT-AIR"}),
    ):  # fmt: skip
        done(shop, name, fields)
    list(shop.source("products", stores=stores, wanted=frozenset({"sku"})).pages("", None))


def write(shop, world):
    attribute = {"store_id": 1, "key": "M3", "value": "x y"}
    done(shop, "orders/attribute", {"order_id": 1001, **attribute})
    done(shop, "customers/attribute", {"customer_id": 5, **attribute})
    done(shop, "orders/note", {"order_id": 1001, "note": "n"})
    paid, dropped, sent = (
        place_order(world, {"customer_id": 5, "lines": [{"sku": "TENT-2P"}], "payment_status": "pending"})[
            "id"
        ]
        for _ in range(3)
    )
    done(shop, "orders/mark_paid", {"order_id": paid})
    done(shop, "orders/cancel", {"order_id": dropped, "notify_customer": True})
    (line,) = world.books.table("shop.order_items").find(order_id=sent)
    match = {"order_id": sent, "marker": "m3:1"}
    items = [{"order_item_id": line["id"], "quantity": 1}]
    done(shop, "shipments", {"match": match, "fields": {"items": items, "shipped": True}})
    done(shop, "shipments", {"match": match, "fields": {"tracking_number": "1Z & 9", "delivered": True}})
    done(shop, "orders/complete_check", {"order_id": sent})
    done(shop, "customers", {"match": {"email": "erika@example.com"}, "fields": {"company": "E & S"}})
    tiers = [{"role": "wholesale", "price": 9}, {"quantity": 5, "price": 8}]
    fields = {"name": "Säck", "tier_prices": tiers, "localized": {"de": {"name": "Sack"}}}
    new = {"sku": "SACK 40"}
    done(shop, "products", {"match": new, "fields": fields})
    done(shop, "products", {"match": new, "fields": {"price": 1, "tier_prices": [{**tiers[0], "price": 7}]}})
    done(shop, "products", {"match": {"sku": "BOOT-43"}, "fields": {"price": 181}})
    for sku, warehouse in (("LAMP-HEAD", 1), ("BOOT-43", 1), ("MAT-AIR", 1), ("MAT-AIR", 2)):
        rows = world.books.table("shop.inventories")
        if warehouse == 2:
            del rows[next(key for key, row in rows.items() if row["warehouse_id"] == 2)]
        done(shop, "stock/set", {"sku": sku, "quantity": 7, "warehouse": warehouse, "token": "r 1"})


def done(shop, name, fields):
    (answer,) = shop.send([Call(name, OPERATIONS[name], fields)])
    assert answer.outcome is Outcome.DONE, (name, answer.failure)


@pytest.fixture
def requests(sandbox, world, connect, stores):
    """Everything that the connector sends when it does all that it can."""
    line = {"sku": "BOOT-44"}
    place_order(world, {"customer_id": 5, "lines": [line], "coupon": "WELCOME10", "pickup": True})
    products = world.books.table("shop.products")
    products["1"] = {**products["1"], "deleted": True}
    world.books.table("shop.customers")["6"] = {**world.books.table("shop.customers")["6"], "deleted": True}
    addresses = world.books.table("shop.addresses")
    addresses["11"] = {**addresses["11"], "state_province_id": 1}
    old = world.books.table("shop.customers")
    for number in ("7", "8"):
        old[number] = {
            name: value for name, value in old[number].items() if name not in {"first_name", "last_name"}
        }
    shop = connect(sandbox.shop_url, page_size=5)
    for resource in ("orders", "customers"):
        source = shop.source(resource, stores=stores, wanted=None)
        list(source.pages("", None))
        source.count("", parse_instant("2026-01-01"), parse_instant("2026-12-01"))
        source.watermark_at("", parse_instant("2026-10-01T00:00:00.5Z"))
        source.watermark_at("", parse_instant("2040-01-01"))
    read(shop, stores)
    write(shop, world)
    for resource in ("products", "stores", "countries"):
        shop.get(resource)
        shop.get(resource, 1)
    assert not world.failures
    return [
        (request.method, request.path.removeprefix("/shop/api-backend/"), request.call)
        for request in world.requests
    ]


def declared(method, path):
    for known in DECLARED:
        verb, _, template = known.partition(" ")
        pattern = re.sub(r"\\\{ids\\\}", r"\\d+(;\\d+)*", re.escape(template))
        if verb == method and re.fullmatch(re.sub(r"\\\{\w+\\\}", r"\\d+", pattern), path):
            return known
    return f"undeclared: {method} {path}"


def test_every_request_goes_to_a_declared_path(requests):
    assert {declared(method, path) for method, path, _ in requests} == set(DECLARED)


def test_every_parameter_is_declared_and_of_its_type(requests):
    for method, path, call in requests:
        known = dict(entry.split(":") for entry in DECLARED[declared(method, path)].split())
        kinds = {name.rstrip("!"): kind for name, kind in known.items()}
        given = dict(parse_qsl(call.query, strict_parsing=bool(call.query)))
        assert set(given) <= set(kinds), (path, given)
        assert {name.rstrip("!") for name in known if name.endswith("!")} <= set(given)
        for name, value in given.items():
            assert re.fullmatch(FORMS[kinds[name]], value), (path, name, value)


def test_every_list_that_can_be_paged_says_how_much_it_wants(requests):
    for method, path, call in requests:
        if PAGING in DECLARED[declared(method, path)]:
            assert {"pageIndex", "pageSize"} <= set(dict(parse_qsl(call.query)))


def test_every_body_is_of_its_declared_form(requests):
    seen = set()
    for method, path, call in requests:
        known = declared(method, path)
        controller, _, action = path.partition("/")
        if controller in ROWS and action in {"Create", "Update"}:
            beyond = declared_bodies.LATER_CUSTOMER if controller == "Customer" else frozenset()
            whole = action == "Update"
            body = json.loads(call.body)
            fits = declared_bodies.misfits(body, ROWS[controller], whole=whole, beyond=beyond)
            assert fits == ({}, set()), (method, path)
            continue
        if known not in BODIES:
            assert call.body == b""
            continue
        seen.add(known)
        body, form = json.loads(call.body), BODIES[known]
        if form is str:
            assert isinstance(body, str)
            continue
        assert {name: type(value) for name, value in body.items()}.items() <= form.items()
        assert call.header("content-type") == "application/json"
    assert seen == set(BODIES)


ACTING = frozenset(
    {
        "OrderProcessing/CancelOrder", "OrderProcessing/MarkOrderAsPaid", "OrderProcessing/CheckOrderStatus",
        "OrderProcessing/Ship", "OrderProcessing/Deliver",
    }
)  # fmt: skip


def test_what_acts_by_a_get_is_known(requests):
    acting = ("OrderProcessing", "Insert", "Delete", "Remove", "AddStock", "Book", "UpdateHas")
    got = {path.rpartition("/")[0] for method, path, _ in requests if method == "GET"}
    suspicious = {path for path in got if any(word in path for word in acting)}
    assert suspicious == ACTING | {"OrderProcessing/CanCancelOrder", "OrderProcessing/CanMarkOrderAsPaid"}
