from __future__ import annotations

from contextlib import closing
from typing import Any

import httpx
import pytest

from m3nop.sandbox import access
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.m3.seed import seed
from m3nop.sandbox.server import Serving, serve
from m3nop.sandbox.world import World


class M3:
    """A client of the double that knows no more than HTTP."""

    def __init__(self, running: Serving, world: World) -> None:
        self.world = world
        self.running = running
        self.http = httpx.Client(timeout=10)
        self.base = f"{running.m3_url}/m3api-rest"
        self.headers: dict[str, str] = {}
        self.login()

    def token(self, *, auth: tuple[str, str] | None = None, **changes: str) -> httpx.Response:
        ionapi = self.running.ionapi
        form = {"grant_type": "password", "username": ionapi["saak"], "password": ionapi["sask"]}
        if auth is None:
            form |= {"client_id": ionapi["ci"], "client_secret": ionapi["cs"]}
        return self.http.post(ionapi["pu"] + ionapi["ot"], data=form | changes, auth=auth)

    def login(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token().json()['access_token']}"}

    def post(self, body: Any, **more: Any) -> httpx.Response:
        return self.http.post(f"{self.base}/v2/execute", json=body, headers=self.headers, **more)

    def bulk(self, program: str, *asked: tuple[str, dict[str, str]], **members: Any) -> dict[str, Any]:
        transactions = [{"transaction": name, "record": record} for name, record in asked]
        body = {
            "program": program,
            "cono": 100,
            "maxReturnedRecords": 0,
            **members,
            "transactions": transactions,
        }
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def result(self, name: str, **record: str) -> dict[str, Any]:
        program, _, transaction = name.partition("/")
        (result,) = self.bulk(program, (transaction, record))["results"]
        return result

    def rows(self, name: str, **record: str) -> list[dict[str, str]]:
        result = self.result(name, **record)
        assert "errorMessage" not in result, result
        return result["records"]

    def row(self, name: str, **record: str) -> dict[str, str]:
        (row,) = self.rows(name, **record)
        return row

    def refused(self, name: str, **record: str) -> tuple[str, str]:
        result = self.result(name, **record)
        assert result.get("errorMessage"), result
        return result["errorCode"], result["errorField"]

    def v1(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.http.get(f"{self.base}/execute/{path}", params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> httpx.Response:
        return self.http.get(
            f"{self.base}/v2/execute/{path}", params=query, headers=self.headers | (headers or {})
        )

    def head(self, **record: str) -> str:
        return self.row("OIS100MI/AddBatchHead", **{"CUNO": "W9999", **record})["ORNO"]

    def line(self, order: str, **record: str) -> str:
        return self.row("OIS100MI/AddBatchLine", **{"ORNO": order, "ITNO": "TENT-2P", "ORQT": "1", **record})[
            "PONR"
        ]

    def order(self, **record: str) -> tuple[str, str]:
        temporary = self.head(**record)
        self.line(temporary)
        return temporary, self.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"]

    def happen(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(f"{self.running.url}/sandbox/m3/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cannot_happen(self, path: str, body: Any = None) -> str:
        answer = self.http.post(f"{self.running.url}/sandbox/m3/{path}", json=body)
        assert answer.status_code == 400, answer.text
        return answer.json()["error"]

    def fault(self, kind: str, **members: Any) -> None:
        self.world.faults.add(Fault(kind=kind, **members))


@pytest.fixture(scope="module")
def shared_m3():
    with closing(World()) as world:
        with world.books.change():
            seed(world)
        with serve(world) as running:
            m3 = M3(running, world)
            with closing(m3.http):
                yield m3


@pytest.fixture
def m3(shared_m3):
    """The double with its token, without faults and with its default features."""
    yield shared_m3
    shared_m3.world.faults.clear()
    shared_m3.world.books.table("m3.options").clear()
    shared_m3.world.requests.clear()


@pytest.fixture
def password() -> tuple[str, str]:
    return access.M3_USER, access.M3_PASSWORD
