"""The control interface ``/sandbox/...``: for scripts, tests in other processes, and the demo. No login."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from m3nop.core import json
from m3nop.core.clock import to_text
from m3nop.sandbox import shop
from m3nop.sandbox.faults import KINDS, Fault
from m3nop.sandbox.m3.happenings import HAPPENINGS, VIEWS, Happening
from m3nop.sandbox.seed import reset
from m3nop.sandbox.shop.happenings import HAPPENINGS as SHOP_HAPPENINGS

if TYPE_CHECKING:
    from m3nop.sandbox.books import Books
    from m3nop.sandbox.world import World

Handler = Callable[[Request, json.Json], json.Json]


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of the control interface."""
    control = _Control(world)
    route = partial(_route, world.books)
    return [
        route("/health", control.health),
        route("/clock", control.clock),
        route("/clock/advance", control.advance, method="POST"),
        route("/faults", control.faults),
        route("/faults", control.add_fault, method="POST"),
        route("/faults", control.clear_faults, method="DELETE"),
        route("/faults/{number}", control.remove_fault, method="DELETE"),
        route("/requests", control.requests),
        route("/books", control.books),
        route("/books/{table}", control.table),
        route("/reset", control.reset, method="POST"),
        route("/shop/orders", control.place_order, method="POST"),
        route("/shop/orders/{number:int}", control.change_order, method="POST"),
        route("/shop/load", control.load, method="POST"),
        *(
            route(path, _happening(world, happen), method="POST")
            for path, happen in {**HAPPENINGS, **SHOP_HAPPENINGS}.items()
        ),
        *(route(path, _happening(world, view)) for path, view in VIEWS.items()),
    ]


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    def health(self, _request: Request, _body: object) -> json.Json:
        return {"sandbox": "m3nop"}

    def clock(self, _request: Request, _body: object) -> json.Json:
        clock = self._world.clock
        return {"now": to_text(clock.now()), "instant": clock.now(), "offset": clock.offset}

    def advance(self, request: Request, body: json.Json) -> json.Json:
        self._world.clock.advance(float(body["seconds"]))
        self._world.settle()
        return self.clock(request, body)

    def faults(self, _request: Request, _body: object) -> json.Json:
        return {"faults": self._world.faults.describe(), "kinds": KINDS}

    def add_fault(self, _request: Request, body: json.Json) -> json.Json:
        return {"id": self._world.faults.add(Fault.from_document(body))}

    def clear_faults(self, _request: Request, _body: object) -> json.Json:
        self._world.faults.clear()
        return {}

    def remove_fault(self, request: Request, _body: object) -> json.Json:
        self._world.faults.remove(request.path_params["number"])
        return {}

    def requests(self, _request: Request, _body: object) -> json.Json:
        return [
            {
                "system": logged.system,
                "method": logged.method,
                "path": logged.path,
                "operations": logged.operations,
            }
            for logged in self._world.requests
        ]

    def books(self, _request: Request, _body: object) -> json.Json:
        books = self._world.books
        self._world.settle()
        return {name: len(books.table(name)) for name in books.names() if not name.endswith(".tokens")}

    def table(self, request: Request, _body: object) -> json.Json:
        name = request.path_params["table"]
        if name not in self._world.books.names():
            raise KeyError(name)
        self._world.settle()
        query = request.query_params
        conditions = [
            (field, "=", value) for field, value in query.items() if field not in {"limit", "offset"}
        ]
        limit, offset = query.get("limit"), query.get("offset", "0")
        return self._world.books.table(name).select(
            *conditions, limit=None if limit is None else int(limit), offset=int(offset)
        )

    def reset(self, request: Request, body: object) -> json.Json:
        reset(self._world)
        return self.clock(request, body)

    def place_order(self, _request: Request, body: json.Json) -> json.Json:
        return shop.place_order(self._world, body)

    def change_order(self, request: Request, body: json.Json) -> json.Json:
        return shop.change_order(self._world, request.path_params["number"], body)

    def load(self, _request: Request, body: json.Json) -> json.Json:
        wanted = {name: int(body.get(name, 0)) for name in ("orders", "customers", "products")}
        shop.bulk_seed(self._world, **wanted)
        return {}


def _happening(world: World, happen: Happening) -> Handler:
    def handler(request: Request, body: json.Json) -> json.Json:
        world.settle()
        return happen(world, request.path_params, body or {})

    return handler


def _route(books: Books, path: str, handler: Handler, *, method: str = "GET") -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await request.body()
            body = json.loads(raw) if raw else None
            # The request as a whole is a change as well, and an answer, even a refusal, does not undo that.
            with books.change(apart=True):
                return _json(handler(request, body))
        except KeyError as error:
            return _json({"error": f"not found or missing: {error.args[0]!r}"}, status=404)
        except (ValueError, TypeError) as error:
            return _json({"error": str(error)}, status=400)

    return Route(path, endpoint, methods=[method])


def _json(value: json.Json, *, status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")
