"""One request to the oss dialect: who asks, in which store, with what, and the form of the answer.

Source: Nop.Plugin.Api 4.80 (api-for-nopcommerce).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from starlette.responses import Response
from starlette.routing import Route

from m3nop.core import json
from m3nop.core.clock import MINUTE
from m3nop.sandbox.shop import tokens
from m3nop.sandbox.shop.oss.refusals import Refused, problem, wrong

if TYPE_CHECKING:
    from starlette.requests import Request

    from m3nop.sandbox.books import Condition, Table
    from m3nop.sandbox.shop.entities import Entity, Row
    from m3nop.sandbox.shop.oss.binding import Parameters
    from m3nop.sandbox.shop.tables import Shop

_LARGEST_LIMIT = 250
_CLOCK_SKEW = 5 * MINUTE
_ITEM_LEVEL = 3
"""Depth of the properties of a listed row: the root is 1, the list 2."""


class Call(Struct, frozen=True):
    """A request that was let in; ``customer_id`` is whose token it carries, 0 where none is asked for."""

    shop: Shop
    request: Request
    raw: bytes
    customer_id: int

    @property
    def store(self) -> Row:
        """The current store: by the client's header or the host; an unknown host is the first store."""
        host = self.request.headers.get("nopapiclienthost", "").strip() or self.request.headers.get(
            "host", ""
        )
        stores = sorted(self.shop.stores.values(), key=lambda row: (row["display_order"], row["id"]))
        known = (row for row in stores if host.lower() in (row["hosts"] or "").lower().split(","))
        found: Row = next(known, stores[0])
        return found

    def number(self, name: str) -> int:
        """Return a whole number of the path."""
        text = str(self.request.path_params[name])
        if not text.lstrip("-").isdigit():
            raise problem({name: [f"The value '{text}' is not valid."]})
        return int(text)

    def known_id(self) -> int:
        """Return the id of the path; zero and less are refused."""
        number = self.number("id")
        if number <= 0:
            raise wrong(400, "id", "invalid id")
        return number

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the body."""
        try:
            body = json.loads(self.raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise problem({"json": ["json.Json format is invalid"]})
        return body

    def delta(self, root: str) -> dict[str, Any]:
        """Return the keys sent below the root of a write."""
        inner = self.body().get(root)
        if not isinstance(inner, dict):
            raise problem({"json": [f"The given key '{root}' was not present in the dictionary."]})
        return inner

    def require_administrator(self) -> None:
        """Refuse whoever lacks the permission, with an empty 403."""
        if not tokens.is_administrator(self.shop, self.customer_id):
            raise Refused(403)

    def page(self, table: Table, conditions: list[Condition], wanted: Parameters) -> list[Row]:
        """Return one page by id, ascending."""
        shown = self.shop.as_shown(table, conditions)
        if wanted["sinceid"] > 0:
            shown.append(("id", ">", wanted["sinceid"]))
        offset = self.shop.first_of_page((wanted["page"] - 1) * wanted["limit"])
        return self.shop.listed(table.select(*shown, order=("id",), limit=wanted["limit"], offset=offset))


Handler = Callable[[Call], Any]
Entry = tuple[str, str, Handler]
"""Method, path, and what answers."""


def check_paging(
    wanted: Parameters, *, field: str = "limit", page: str = "Invalid request parameters"
) -> None:
    """Refuse a page or limit out of range; each controller has its own words."""
    if not 1 <= wanted["limit"] <= _LARGEST_LIMIT:
        raise wrong(400, field, "Invalid limit parameter")
    if wanted["page"] < 1:
        raise wrong(400, "page", page)


def merged(entity: Entity, row: Row, sent: dict[str, Any]) -> Row:
    """Return a row with the columns that were sent; a value of the wrong type is refused."""
    values, errors = entity.read({column: value for column, value in sent.items() if column != "id"})
    if errors:
        raise Refused(422, {"errors": {name.removeprefix("$."): ["invalid type"] for name in errors}})
    return row | values


def listing(root: str, rows: list[Row], fields: str = "") -> Row:
    """Return rows below their root, cut to the top-level ``fields`` asked for."""
    names = [name.strip() for name in fields.lower().split(",") if name.strip()]
    answer: Row = {root: rows}
    if names:
        answer = _cut(answer, frozenset([*names, root]), level=1)
    return answer


def route(shop: Shop, entry: Entry, *, public: bool = False) -> Route:
    """Return the route of one entry; unless it is public it asks for the token of an Api user."""
    method, path, handler = entry

    async def endpoint(request: Request) -> Response:
        try:
            customer = 0 if public else _let_in(shop, request)
            return _answer(200, handler(Call(shop, request, await request.body(), customer)))
        except Refused as refused:
            return _answer(refused.status, refused.body)

    made = Route(path, endpoint, methods=[method])
    made.methods = {method}
    return made


def _let_in(shop: Shop, request: Request) -> int:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    customer = tokens.holder(shop, token, skew=_CLOCK_SKEW) if scheme.lower() == "bearer" else None
    if customer is None:
        raise Refused(401)
    if "ApiUserRole" not in shop.role_names(customer):
        raise Refused(403)
    return customer


def _answer(status: int, body: json.Json) -> Response:
    if body is None:
        headers = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004 -- Unauthorized
        return Response(status_code=status, headers=headers)
    if isinstance(body, str):
        return Response(body, status, media_type="text/plain")
    return Response(json.dumps(body), status, media_type="application/json")


def _cut(value: json.Json, names: frozenset[str], *, level: int) -> json.Json:
    if isinstance(value, dict):
        inner = {key: _cut(child, names, level=level + 1) for key, child in value.items()}
        return {
            key: child
            for key, child in inner.items()
            if (key.lower() in names or level > _ITEM_LEVEL)
            and (level in (1, _ITEM_LEVEL) or child not in ([], {}))
        }
    if isinstance(value, list):
        return [kept for item in value if (kept := _cut(item, names, level=level + 1)) not in ([], {})]
    return value
