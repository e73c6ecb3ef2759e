from __future__ import annotations

import time
from contextlib import closing

import httpx
import pytest

from m3nop.core.clock import parse_instant
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.m3.seed import seed
from m3nop.sandbox.seed import seed as seed_both
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World

TIME = "/m3api-rest/v2/execute/GENERAL/GetServerTime"


@pytest.fixture
def world():
    with closing(World()) as world:
        with world.books.change():
            seed(world)
        yield world


@pytest.fixture
def client(world):
    with serve(world) as running, httpx.Client(base_url=running.url, auth=("M3NOP", "sandbox-m3")) as client:
        yield client


def test_two_sandboxes_run_side_by_side():
    with closing(World()) as one, closing(World()) as two, serve(one) as first, serve(two) as second:
        assert first.url != second.url
        assert httpx.get(f"{second.url}/sandbox/health").json() == {"sandbox": "m3nop"}
        assert first.ionapi["pu"].startswith(first.url)
        assert first.m3_url == f"{first.url}/SANDBOX_TST/M3"
        assert first.shop_url == f"{first.url}/shop"


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503, 504])
def test_a_status_can_be_scripted(client, status):
    client.post("/sandbox/faults", json={"kind": "status", "status": status, "retry_after": 7})

    answer = client.get(TIME)

    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert client.get(TIME).status_code == 200


def test_a_gateway_may_time_out_after_the_effect(world, client):
    client.post("/sandbox/faults", json={"kind": "status", "status": 504, "effect": True})
    body = {
        "program": "OIS100MI",
        "transactions": [{"transaction": "AddBatchHead", "record": {"CUNO": "W9999"}}],
    }

    answer = client.post("/m3api-rest/v2/execute", json=body)

    assert answer.status_code == 504
    assert len(world.books.table("m3.batch_orders")) == 1


def test_an_answer_can_be_spoiled(client):
    def spoiled(kind: str) -> httpx.Response:
        client.post("/sandbox/faults", json={"kind": kind})
        return client.get(TIME)

    page, nothing, cut, plain = map(spoiled, ("html", "empty", "invalid_json", "content_type"))

    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (nothing.status_code, nothing.content) == (200, b"")
    assert cut.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        cut.json()
    assert plain.headers["content-type"] == "text/plain"
    assert plain.json()["results"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "late_effect"])
def test_a_reset_is_a_reset(client, kind):
    client.post("/sandbox/faults", json={"kind": kind})

    with pytest.raises(httpx.ReadError) as error:
        client.get(TIME)

    assert isinstance(error.value.__cause__.__cause__ or error.value.__cause__, Exception)
    assert client.get(TIME).status_code == 200


def test_latency_holds_back_one_answer_and_nobody_else(world, client):
    world.faults.add(Fault(kind="latency", seconds=5, operation="GENERAL/GetServerTime"))

    with pytest.raises(httpx.ReadTimeout):
        client.get(TIME, timeout=0.2)
    started = time.monotonic()
    assert client.get(TIME).status_code == 200
    assert time.monotonic() - started < 4


def test_a_hook_sees_a_request_before_it_takes_effect(world, client):
    seen: list[tuple[tuple[str, ...], int]] = []
    world.on_request.append(
        lambda request: seen.append((request.operations, len(world.books.table("m3.batch_orders"))))
    )
    body = {
        "program": "OIS100MI",
        "transactions": [{"transaction": "AddBatchHead", "record": {"CUNO": "W9999"}}],
    }

    client.post("/m3api-rest/v2/execute", json=body)

    assert seen == [(("OIS100MI/AddBatchHead",), 0)]
    assert len(world.books.table("m3.batch_orders")) == 1


def test_what_a_hook_complains_about_reaches_the_test(world):
    def complain(_request):
        raise AssertionError("not in the state file yet")

    world.on_request.append(complain)
    with pytest.raises(AssertionError, match="not in the state file"), serve(world) as running:
        httpx.get(running.url + TIME)


def test_a_failing_endpoint_changes_nothing_and_reaches_the_test(world):
    del world.books.table("m3.items")["TENT-2P"]
    world.books.table("m3.items")["TENT-2P"] = {}
    add = {"transaction": "AddBatchHead", "record": {"CUNO": "W9999"}}
    line = {"transaction": "AddBatchLine", "record": {"ORNO": "0000104711", "ITNO": "TENT-2P", "ORQT": "1"}}

    with pytest.raises(KeyError), serve(world) as running:
        answer = httpx.post(
            f"{running.url}/m3api-rest/v2/execute",
            json={"program": "OIS100MI", "transactions": [add, line]},
            auth=("M3NOP", "sandbox-m3"),
        )
        assert answer.status_code == 500

    assert len(world.books.table("m3.batch_orders")) == 0


def test_time_is_moved_and_told(client):
    before = client.get("/sandbox/clock").json()

    after = client.post("/sandbox/clock/advance", json={"seconds": 3600}).json()

    assert after["offset"] == 3600_000_000
    assert parse_instant(after["now"]) >= parse_instant(before["now"]) + 3600_000_000
    assert client.post("/sandbox/clock/advance", json={"seconds": -1}).status_code == 400
    assert client.post("/sandbox/clock/advance", json={}).status_code == 404


def test_faults_are_set_listed_and_unset(client):
    number = client.post("/sandbox/faults", json={"kind": "reset_before", "nth": 9}).json()["id"]
    client.post("/sandbox/faults", json={"kind": "html", "nth": 9})

    listed = client.get("/sandbox/faults").json()
    assert [fault["kind"] for fault in listed["faults"]] == ["reset_before", "html"]
    assert "reset_after" in listed["kinds"]
    assert client.delete(f"/sandbox/faults/{number}").status_code == 200
    assert client.delete(f"/sandbox/faults/{number}").status_code == 404
    assert client.delete("/sandbox/faults").status_code == 200
    assert client.get("/sandbox/faults").json()["faults"] == []
    assert client.post("/sandbox/faults", json={"kind": "nonsense"}).status_code == 400


def test_the_books_can_be_read(client):
    client.get(TIME)

    counts = client.get("/sandbox/books").json()
    customers = client.get("/sandbox/books/m3.customers", params={"CUTP": "9", "limit": "1"}).json()

    assert counts["m3.customers"] == 7
    assert "m3.tokens" not in counts
    assert [customer["CUNO"] for customer in customers] == ["TPLB2C"]
    assert client.get("/sandbox/books/nonsense").status_code == 404
    assert client.get("/sandbox/requests").json() == [
        {"system": "m3", "method": "GET", "path": TIME, "operations": ["GENERAL/GetServerTime"]}
    ]


def test_a_late_effect_survives_the_death_of_the_sandbox(tmp_path):
    noon = parse_instant("2026-11-23T12:00:00Z")
    body = {
        "program": "OIS100MI",
        "transactions": [{"transaction": "AddBatchHead", "record": {"CUNO": "W9999"}}],
    }

    def sandbox(now: int) -> World:
        books = Books(tmp_path / "books.db")
        return World(books, clock=SandboxClock(books, source=lambda: now))

    with closing(sandbox(noon)) as world:
        with world.books.change():
            seed(world)
        world.faults.add(Fault(kind="late_effect", seconds=10))
        with serve(world) as running, pytest.raises(httpx.ReadError):
            httpx.post(f"{running.url}/m3api-rest/v2/execute", json=body, auth=("M3NOP", "sandbox-m3"))
        assert len(world.books.table("m3.batch_orders")) == 0

    with closing(sandbox(noon + 11_000_000)) as world, serve(world) as running:
        httpx.get(f"{running.url}/sandbox/books")
        (head,) = world.books.table("m3.batch_orders").values()
        assert head["ORDT"] == 20261123


def test_orders_are_placed_and_changed_from_outside():
    address = {
        "email": "zoe@example.com",
        "first_name": "Zoë",
        "last_name": "Ö",
        "address1": "Gata 1",
        "country": "SE",
    }
    order = {"lines": [{"sku": "TENT-2P", "quantity": 1}], "guest": address, "payment_status": "pending"}
    with closing(World()) as world:
        seed_both(world)
        with serve(world) as running, httpx.Client(base_url=running.url) as client:
            empty = client.post("/sandbox/shop/orders", json={"lines": []})
            placed = client.post("/sandbox/shop/orders", json=order)
            paid = client.post(f"/sandbox/shop/orders/{placed.json()['id']}", json={"payment_status": "paid"})
            missing = client.post("/sandbox/shop/orders/99999", json={"payment_status": "paid"})
            loaded = client.post("/sandbox/shop/load", json={"orders": 3, "customers": 1})

    assert [answer.status_code for answer in (empty, placed, paid, missing, loaded)] == [
        400,
        200,
        200,
        404,
        200,
    ]
    assert placed.json()["payment_status_id"] != paid.json()["payment_status_id"]


def test_both_systems_are_filled_once_and_always_the_same():
    def filled() -> dict[str, list[object]]:
        with closing(World()) as world:
            seed_both(world)
            seed_both(world)
            names = ("m3.items", "m3.customers", "shop.products", "shop.orders")
            return {name: sorted(world.books.table(name)) for name in names}

    assert filled() == filled()


def test_a_fault_may_name_the_path(client):
    client.post("/sandbox/faults", json={"kind": "status", "status": 503, "operation": "/m3api-rest/v2/*"})

    assert client.get("/m3api-rest/execute/GENERAL/GetServerTime").status_code == 200
    assert client.get(TIME).status_code == 503
