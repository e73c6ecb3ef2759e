from __future__ import annotations

from decimal import Decimal

import pytest

from m3nop.connectors.nopcommerce import NOPCOMMERCE
from m3nop.connectors.nopcommerce.catalog import OPERATIONS
from m3nop.connectors.nopcommerce.connection import open_connection
from m3nop.core.connector import Call, Effect, Outcome, Remedy
from m3nop.core.errors import AccessError, ConfigurationError, SourceError, UsageError
from m3nop.core.secrets import SecretRef
from m3nop.sandbox import access
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.shop import CLERK, CLERK_PASSWORD

DIALECTS = pytest.mark.parametrize("dialect", ["official", "oss"])
NOTE = {"order_id": 1001, "note": "M3 order 0010000123", "display_to_customer": False}
ATTRIBUTE = {"order_id": 1001, "store_id": 1, "key": "M3OrderNumber", "value": "0010000123"}


def send(connection, name, **fields):
    (answer,) = connection.send([Call("1", OPERATIONS[name], fields)])
    return answer


def notes_of(world, order_id=1001):
    return [
        row["note"] for row in world.books.table("shop.order_notes").values() if row["order_id"] == order_id
    ]


def shop_fault(kind, operation="*", **more):
    return Fault(kind=kind, system="shop", operation=operation, **more)


def test_an_attribute_holds_the_order_number_and_is_written_over(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    for value in ("0010000123", "Å 1/2 & 3"):
        answer = send(shop, "orders/attribute", **{**ATTRIBUTE, "value": value})
        assert (answer.outcome, answer.rows, answer.failure) == (Outcome.DONE, (), None)
    (held,) = world.books.table("shop.generic_attributes").values()
    assert (held["key_group"], held["entity_id"], held["store_id"]) == ("Order", 1001, 1)
    assert (held["key"], held["value"]) == ("M3OrderNumber", "Å 1/2 & 3")


def test_a_customer_has_attributes_too(sandbox, world, connect):
    fields = {"customer_id": Decimal(5), "store_id": "0", "key": "M3CustomerNumber", "value": Decimal("1E+2")}
    assert send(connect(sandbox.shop_url), "customers/attribute", **fields).outcome is Outcome.DONE
    (held,) = world.books.table("shop.generic_attributes").values()
    assert (held["key_group"], held["entity_id"], held["value"]) == ("Customer", 5, "100")


def test_a_note_is_dated_and_answers_its_id(sandbox, world, connect):
    shop = connect(sandbox.shop_url)
    answer = send(shop, "orders/note", **NOTE)
    assert answer.outcome is Outcome.DONE
    note = world.books.table("shop.order_notes")[str(answer.rows[0]["id"])]
    assert (note["note"], note["created_on_utc"][:19]) == ("M3 order 0010000123", "2026-11-23T12:00:00")
    listed = send(shop, "orders/notes", order_id="1001")
    assert [row["note"] for row in listed.rows] == notes_of(world)


@DIALECTS
def test_an_order_or_customer_is_read_by_id_and_no_row_says_that_it_is_gone(sandbox, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert send(shop, "orders/get", id=1001).rows[0]["items"][0]["sku"] == "TENT-2P"
    assert send(shop, "customers/get", id=5).rows[0]["email"] == "erika@example.com"
    for name in ("orders/get", "customers/get"):
        answer = send(shop, name, id=4711)
        assert (answer.outcome, answer.rows) == (Outcome.DONE, ())


@pytest.mark.parametrize("value", [None, "x", "", True, Decimal("1.5"), -1])
def test_an_id_that_is_no_whole_number_is_refused_before_it_is_sent(sandbox, world, connect, value):
    answer = send(connect(sandbox.shop_url), "orders/attribute", **{**ATTRIBUTE, "order_id": value})
    assert (answer.outcome, answer.failure.field) == (Outcome.REFUSED, "order_id")
    assert not world.requests


def test_a_text_that_is_missing_is_refused_before_it_is_sent(sandbox, world, connect):
    answer = send(connect(sandbox.shop_url), "orders/note", order_id=1)
    assert (answer.outcome, answer.failure.field) == (Outcome.REFUSED, "note")
    assert not world.requests


@pytest.mark.parametrize(
    ("fault", "outcome", "remedy", "written"),
    [
        (shop_fault("reset_before", "POST */Create"), Outcome.IN_DOUBT, Remedy.TRANSIENT, 0),
        (shop_fault("reset_after", "POST */Create"), Outcome.IN_DOUBT, Remedy.TRANSIENT, 1),
        (shop_fault("status", "POST */Create", status=500), Outcome.IN_DOUBT, Remedy.SYSTEMIC, 0),
        (
            shop_fault("status", "POST */Create", status=503, effect=True),
            Outcome.IN_DOUBT,
            Remedy.TRANSIENT,
            1,
        ),
        (
            shop_fault("status", "POST */Create", status=429, retry_after=7),
            Outcome.NOT_SENT,
            Remedy.TRANSIENT,
            0,
        ),
        (shop_fault("status", "POST */Create", status=400), Outcome.REFUSED, Remedy.BUSINESS, 0),
        (shop_fault("html", "POST */Create", status=502), Outcome.IN_DOUBT, Remedy.TRANSIENT, 0),
        (shop_fault("empty", "POST */Create"), Outcome.IN_DOUBT, Remedy.TRANSIENT, 1),
        (shop_fault("invalid_json", "POST */Create"), Outcome.IN_DOUBT, Remedy.TRANSIENT, 1),
    ],
    ids=lambda value: f"{value.kind}_{value.status or ''}" if isinstance(value, Fault) else "",
)
def test_a_note_that_fails_says_whether_it_may_be_there(
    sandbox, world, connect, *, fault, outcome, remedy, written
):
    before = len(notes_of(world))
    world.faults.add(fault)
    answer = send(connect(sandbox.shop_url), "orders/note", **NOTE)
    assert (answer.outcome, answer.failure.remedy) == (outcome, remedy)
    assert len(notes_of(world)) - before == written
    assert answer.failure.retry_after == fault.retry_after
    assert sum(request.method == "POST" and "OrderNote" in request.path for request in world.requests) == 1


def test_an_answer_that_calls_itself_text_is_read_all_the_same(sandbox, world, connect):
    world.faults.add(shop_fault("content_type", "POST */Create"))
    assert send(connect(sandbox.shop_url), "orders/note", **NOTE).outcome is Outcome.DONE


def test_a_shop_that_is_not_there_was_sent_nothing(connect):
    answer = send(connect("http://127.0.0.1:9"), "orders/note", **NOTE)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.SYSTEMIC)


@DIALECTS
def test_a_token_that_expired_is_renewed_once(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    assert send(shop, "orders/get", id=1001).rows
    world.faults.add(
        shop_fault("expired_token", "*1001*", times=1)
        if dialect == "official"
        else shop_fault("expired_token", "*orders/1001")
    )
    assert send(shop, "orders/get", id=1001).rows
    logins = [request for request in world.requests if request.path.endswith(("GetToken", "/token"))]
    assert len(logins) == 2


@DIALECTS
def test_a_wrong_password_says_whose(sandbox, connect, dialect):
    shop = connect(sandbox.shop_url, dialect, credentials={"username": access.SHOP_USER, "password": "wrong"})
    answer = send(shop, "orders/get", id=1001)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert answer.failure.message == "the shop refuses the user name or password of connections.shop"


@pytest.mark.parametrize(
    ("dialect", "login", "says"),
    [
        ("official", {"username": CLERK, "password": CLERK_PASSWORD}, "Access Web API Backend"),
        ("oss", {"username": CLERK, "password": CLERK_PASSWORD}, "access control list"),
    ],
)
def test_a_user_without_rights_learns_which_is_missing(sandbox, connect, dialect, login, says):
    answer = send(connect(sandbox.shop_url, dialect, credentials=login), "customers/get", id=5)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert says in answer.failure.message


def test_a_fixed_token_is_not_renewed(sandbox, world, connect):
    answer = send(connect(sandbox.shop_url, credentials={"token": "expired"}), "orders/get", id=1001)
    assert answer.failure.remedy is Remedy.AUTHENTICATION
    assert len(world.requests) == 1


def test_a_token_can_stand_in_a_header_of_its_own(scripted, connect):
    scripted.on("GET", "/api-backend/OrderNote/GetOrderNotesByOrderId/1", [])
    for credentials, header, value in (
        ({"token": "abc"}, "Authorization", "Bearer abc"),
        ({"token": "ApiKey abc"}, "Authorization", "ApiKey abc"),
        ({"token": "abc", "header": "X-Api-Key"}, "X-Api-Key", "abc"),
    ):
        assert (
            send(connect(scripted.url, credentials=credentials), "orders/notes", order_id=1).outcome
            is Outcome.DONE
        )
        assert scripted.requests[-1][3][header] == value


def test_a_credential_that_was_not_looked_up_is_a_fault_of_the_configuration(connect):
    with pytest.raises(ConfigurationError, match="SHOP_PASSWORD"):
        connect("http://127.0.0.1:9", credentials={"username": "u", "password": SecretRef("SHOP_PASSWORD")})


def test_a_connection_without_credentials_is_not_opened(sandbox, clock):
    config = NOPCOMMERCE.config(url="sandbox:").model_copy(update={"url": sandbox.shop_url})
    with pytest.raises(ConfigurationError, match=r"connections\.shop\.credentials are missing"):
        open_connection("shop", config, clock=clock, catalog=NOPCOMMERCE.catalog(config, metadata={}))


def test_flags_of_a_call_are_sent_as_text_where_text_is_wanted(sandbox, world, connect):
    assert send(connect(sandbox.shop_url), "orders/attribute", **{**ATTRIBUTE, "value": True}).failure is None
    assert [held["value"] for held in world.books.table("shop.generic_attributes").values()] == ["true"]


def test_the_password_is_in_no_message(sandbox, world, connect):
    world.faults.add(shop_fault("html", "*GetToken", status=500))
    answer = send(connect(sandbox.shop_url), "orders/get", id=1001)
    assert access.SHOP_PASSWORD not in str(answer)


@DIALECTS
def test_a_login_page_of_something_else_says_what_to_check(scripted, connect, dialect):
    path = "/token" if dialect == "oss" else "/api-backend/Authenticate/GetToken"
    for body, says in (
        (b"<html>Welcome</html>", "is `url` the shop's address"),
        ({"ok": True}, "its answer has no"),
    ):
        scripted.on("POST", path, body)
        answer = send(connect(scripted.url, dialect), "orders/get", id=1)
        assert answer.failure.remedy is Remedy.CONFIGURATION
        assert says in answer.failure.message


@pytest.mark.parametrize(
    ("status", "body", "message", "field"),
    [
        (400, "Order is not valid", "Order is not valid", ""),
        (404, "Order Id=9 not found", "Order Id=9 not found", ""),
        (400, {"Title": "One or more errors", "Errors": {"$.note": ["Too long"]}}, "Too long", "note"),
        (400, {"type": "x", "title": "Bad Request", "status": 400}, "Bad Request", ""),
        (422, {"errors": {"order": ["invalid type"]}}, "invalid type", "order"),
        (
            500,
            {"error": "Object reference not set to an instance of an object."},
            "Object reference not set",
            "",
        ),
        (400, b"Missing username", "HTTP 400 Bad Request: Missing username", ""),
        (403, b"", "Access Web API Backend", ""),
        (404, b"<html><title>404 - Not found</title></html>", "HTTP 404 Not Found: 404 - Not found", ""),
        (400, "card 4111 1111 1111 1111 refused", "card *** refused", ""),
        (400, {"errors": {"card_number": ["4111111111111111 is not valid"], "note": ["no"]}}, "no", "note"),
        (302, b"", "redirected to https://www.example.com/", ""),
    ],
)
def test_every_shape_of_a_refusal_is_told_in_words(scripted, connect, *, status, body, message, field):
    scripted.on(
        "POST", "/api-backend/OrderNote/Create", body, status=status, location="https://www.example.com/"
    )
    failure = send(connect(scripted.url, credentials={"token": "t"}), "orders/note", **NOTE).failure
    assert message in failure.message
    assert (failure.field, failure.status) == (field, status)
    assert "4111" not in str(failure)


def test_a_404_of_the_web_server_is_about_the_address(scripted, connect):
    scripted.on("GET", "/api-backend/OrderNote/GetOrderNotesByOrderId/1", b"<h1>Not here</h1>", status=404)
    answer = send(connect(scripted.url, credentials={"token": "t"}), "orders/notes", order_id=1)
    assert answer.failure.remedy is Remedy.CONFIGURATION


def test_a_read_that_answers_another_row_is_not_believed(scripted, connect):
    scripted.on("GET", "/api-backend/OrderNote/GetOrderNotesByOrderId/1", [{"id": 1, "order_id": 2}])
    answer = send(connect(scripted.url, credentials={"token": "t"}), "orders/notes", order_id=1)
    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.SYSTEMIC)


def test_a_read_is_repeated_after_a_passing_failure(sandbox, world, connect, clock):
    world.faults.add(shop_fault("status", "*GetByIds*", status=503))
    world.faults.add(shop_fault("status", "*GetByIds*", status=429, retry_after=4))
    assert send(connect(sandbox.shop_url), "orders/get", id=1001).rows
    assert clock.waits == [0.5, 4.0]


def test_a_read_is_not_repeated_for_ever(sandbox, world, connect, stores, clock):
    world.faults.add(shop_fault("status", "*Search*", status=503, times=None))
    with pytest.raises(AccessError, match="refused by script"):
        list(connect(sandbox.shop_url).source("orders", stores=stores, wanted=None).pages("", None))
    assert clock.waits == [0.5, 2.0]


def test_a_shop_that_asks_for_a_long_pause_gets_it_from_the_engine(sandbox, world, connect, clock):
    world.faults.add(shop_fault("status", "*GetByIds*", status=429, retry_after=600))
    answer = send(connect(sandbox.shop_url), "orders/get", id=1001)
    assert (answer.failure.retry_after, clock.waits) == (600, [])


@DIALECTS
@pytest.mark.parametrize("resource", ["orders", "customers", "products", "stores", "countries"])
def test_anything_readable_can_be_looked_at(sandbox, connect, dialect, resource):
    shop = connect(sandbox.shop_url, dialect)
    some = shop.get(resource, limit=2)
    assert len(some) == 2
    (again,) = shop.get(resource, some[0]["id"])
    assert again["id"] == some[0]["id"]
    assert shop.get(resource, 987_654) == []


@DIALECTS
def test_the_newest_orders_come_first(sandbox, connect, dialect):
    assert [order["id"] for order in connect(sandbox.shop_url, dialect).get("orders", limit=3)] == [
        1013,
        1012,
        1011,
    ]


def test_what_cannot_be_looked_at_is_said(sandbox, connect):
    with pytest.raises(UsageError, match="`invoices` cannot be read; choose one of orders, customers"):
        connect(sandbox.shop_url).get("invoices")


@DIALECTS
def test_stores_tell_their_hosts(sandbox, connect, dialect):
    hosts = {store["id"]: store["hosts"] for store in connect(sandbox.shop_url, dialect).stores()}
    assert hosts[2] == "b2b.shop.example.com,www.b2b.shop.example.com"


@DIALECTS
def test_developer_mode_shows_by_an_answer_to_nobody(sandbox, scripted, connect, dialect):
    scripted.on("GET", "/api-backend/Store/GetAll", [])
    scripted.on("GET", "/api/orders/count", {"count": 0})
    assert connect(sandbox.shop_url, dialect).answers_anybody() is False
    assert connect(scripted.url, dialect).answers_anybody() is True
    with pytest.raises(AccessError):
        connect("http://127.0.0.1:9", dialect).answers_anybody()


def test_a_shop_says_who_and_where_it_is(sandbox, connect):
    facts = connect(f"{sandbox.shop_url}/").facts()
    assert facts.identity == {"url": sandbox.shop_url, "dialect": "official"}
    assert facts.time_zone == "UTC"


def test_one_request_carries_one_call_except_for_looks_at_stock(sandbox, connect):
    shop = connect(sandbox.shop_url)
    shared = {name for name, operation in OPERATIONS.items() if shop.group_size(operation) > 1}
    assert shared == {name for name, operation in OPERATIONS.items() if operation.bulk} == {"products/stock"}
    assert OPERATIONS["products/stock"].effect is Effect.READ


def test_a_limit_on_requests_is_kept(sandbox, connect, clock):
    shop = connect(sandbox.shop_url, rate_limit={"requests": 1, "per": "10s"})
    for _ in range(3):
        send(shop, "orders/notes", order_id=1001)
    assert sum(clock.waits) >= 30


def test_a_broken_row_in_a_source_is_an_error_of_the_source(scripted, connect):
    scripted.on("GET", "/api-backend/Order/GetByIds/1", [{"id": 1, "created_on_utc": "yesterday"}])
    with pytest.raises(SourceError, match="order 1: `created_on_utc` is no time: 'yesterday'"):
        connect(scripted.url, credentials={"token": "t"}).source(
            "orders", stores=[], wanted=frozenset()
        ).fetch(["1"])


@DIALECTS
def test_a_read_is_one_page_and_a_failure_an_answer(sandbox, world, connect, dialect):
    shop = connect(sandbox.shop_url, dialect)
    call = Call("1", OPERATIONS["orders/get"], {"id": 1001})

    (answer,) = shop.scan(call)
    world.faults.add(shop_fault("status", status=403))
    (refused,) = shop.scan(call)

    assert [row["id"] for row in answer.rows] == [1001]
    assert refused.outcome is not Outcome.DONE
