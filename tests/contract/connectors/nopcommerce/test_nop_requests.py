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
from m3nop.core.connector import Call
from m3nop.sandbox.shop import place_order

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
}
BODIES = {
    "POST Authenticate/GetToken": {"username": str, "email": str, "password": str},
    "POST OrderNote/Create": {
        "id": int, "order_id": int, "note": str, "download_id": int, "display_to_customer": bool,
        "created_on_utc": str,
    },
    "POST Product/FormatSku/{productId}": str,
}  # fmt: skip
FORMS = {
    "int": r"-?\d+",
    "bool": r"true|false",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z",
    "text": r".+",
}


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
    fields = {
        "id": 1001,
        "order_id": 1001,
        "customer_id": 5,
        "store_id": 1,
        "key": "M3",
        "value": "x y",
        "note": "n",
    }
    shop.send([Call(name, operation, fields) for name, operation in OPERATIONS.items()])
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


def test_nothing_is_got_that_acts(requests):
    acting = ("OrderProcessing", "Insert", "Delete", "Remove", "AddStock")
    assert not [
        path for method, path, _ in requests if method == "GET" and any(word in path for word in acting)
    ]
