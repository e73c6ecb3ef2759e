"""One request to the official dialect: typed parameters, ASP.NET's refusals, the answers' forms.

Sources: nopCommerce Web API Backend 1.06 OpenAPI, and nopCommerce's developer documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from starlette.responses import Response
from starlette.routing import Route

from m3nop.core import json
from m3nop.sandbox.shop import tokens
from m3nop.sandbox.shop.moments import bound

if TYPE_CHECKING:
    from starlette.requests import Request

    from m3nop.sandbox.books import Condition, Table
    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

EVERYTHING = 2_147_483_647
"""The page size when none is asked for."""

_INTEGER = re.compile(r"\s*[+-]?\d{1,10}\s*")
_JSON = "application/json; charset=utf-8"


class Refused(Exception):  # noqa: N818 -- an answer, not an error of the sandbox
    """Ends a request with a status and a JSON body."""

    def __init__(self, status: int, body: json.Json) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status}: {body}")


def invalid(**errors: str) -> Refused:
    """Return ASP.NET's answer to values that cannot be bound."""
    return unprocessed({name: [message] for name, message in errors.items()})


def unprocessed(errors: dict[str, list[str]]) -> Refused:
    """Return ASP.NET's validation problem."""
    return Refused(400, {"title": "One or more validation errors occurred.", "status": 400, "errors": errors})


def not_found(entity: str, number: int | str) -> Refused:
    """Return the shop's answer to an id that it does not know: a plain JSON text."""
    return Refused(404, f"{entity} Id={number} not found")


class Call(Struct, frozen=True):
    """A request that was let in."""

    shop: Shop
    request: Request
    raw: bytes

    def path_text(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    def path_number(self, name: str) -> int:
        """Return a whole number of the path."""
        return _number(name, self.path_text(name))

    def known_id(self, name: str = "id") -> int:
        """Return an id of the path; zero and less are refused."""
        number = self.path_number(name)
        if number <= 0:
            raise Refused(400, {"title": "Bad Request", "status": 400})
        return number

    def text(self, name: str) -> str | None:
        """Return a text of the query; a blank one counts as not sent."""
        wanted = name.lower()
        values = (value for key, value in self.request.query_params.multi_items() if key.lower() == wanted)
        return next(values, None) or None

    def number(self, name: str, *, default: int = 0) -> int:
        """Return a whole number of the query."""
        text = self.text(name)
        return default if text is None else _number(name, text)

    def amount(self, name: str) -> Decimal:
        """Return an amount of the query, 0 when none was sent."""
        try:
            return Decimal(self.text(name) or 0)
        except InvalidOperation:
            raise invalid(**{name: f"The value '{self.text(name)}' is not valid."}) from None

    def require(self, *names: str) -> None:
        """Refuse the request unless all of these are in its query."""
        missing = [name for name in names if self.text(name) is None]
        if missing:
            raise unprocessed({name: [f"The {name} field is required."] for name in missing})

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false of the query."""
        text = (self.text(name) or str(default)).lower()
        if text not in {"true", "false"}:
            raise invalid(**{name: f"The value '{text}' is not valid."})
        return text == "true"

    def moment(self, name: str) -> str | None:
        """Return a time of the query as the shop writes it; one without a zone is UTC."""
        text = self.text(name)
        if text is None:
            return None
        read = bound(text)
        if read is None:
            raise invalid(**{name: f"The value '{text}' is not valid."})
        return read

    def numbers(self, name: str) -> list[int]:
        """Return ids joined with ``;`` in the query; parts that are no numbers are skipped."""
        return joined_ids(self.text(name) or "")

    def body_text(self, name: str) -> str:
        """Return the JSON text that is the whole body; ``name`` is the parameter it is bound to."""
        body = self.body()
        if not isinstance(body, str):
            raise invalid(**{name: "The JSON value could not be converted to System.String."})
        return body

    def body(self) -> json.Json:
        """Return the JSON of the body."""
        try:
            return json.loads(self.raw)
        except ValueError:
            raise unprocessed({"$": ["The JSON value could not be converted."]}) from None

    def fields(self) -> dict[str, Any]:
        """Return the JSON object of the body."""
        body = self.body()
        if not isinstance(body, dict):
            raise unprocessed({"$": ["The JSON value could not be converted."]})
        return body

    def page(
        self,
        table: Table,
        conditions: Iterable[Condition],
        *,
        order: Sequence[str] = ("id",),
        descending: bool = False,
        keep: Callable[[Row], bool] | None = None,
    ) -> Row:
        """Return one page of a list in its envelope, as ``pageIndex`` and ``pageSize`` ask for it."""
        index = max(0, self.number("pageIndex"))
        size = max(1, self.number("pageSize", default=EVERYTHING))
        wanted = self.shop.as_shown(table, conditions)
        first = self.shop.first_of_page(index * size)
        rows: list[Row] = []
        if keep is None:
            total = table.count(*wanted)
            if not self.flag("getOnlyTotalCount"):
                rows = table.select(*wanted, order=order, descending=descending, limit=size, offset=first)
        else:
            kept = [row for row in table.select(*wanted, order=order, descending=descending) if keep(row)]
            total = len(kept)
            rows = [] if self.flag("getOnlyTotalCount") else kept[first : first + size]
        return envelope(self.shop.listed(rows), total=total, index=index, size=size)


Handler = Callable[[Call], Any]
Entry = tuple[str, str, Handler]
"""Method, path below ``/api-backend/``, and what answers."""


def envelope(rows: list[Row], *, total: int, index: int = 0, size: int = EVERYTHING) -> Row:
    """Return the envelope of a paged list."""
    return {
        "total_count": total,
        "total_pages": -(-total // size),
        "has_previous_page": index > 0,
        "has_next_page": (index + 1) * size < total,
        "page_index": index,
        "page_size": size,
        "items": rows,
    }


def joined_ids(text: str) -> list[int]:
    """Read ids joined with ``;``; parts that are no numbers are skipped."""
    return [int(part) for part in text.split(";") if _INTEGER.fullmatch(part)]


def route(shop: Shop, entry: Entry, *, public: bool = False) -> Route:
    """Return the route of one entry; unless it is public it asks for an administrator's token."""
    method, path, handler = entry

    async def endpoint(request: Request) -> Response:
        try:
            if not public:
                _let_in(shop, request)
            return _answer(200, handler(Call(shop, request, await request.body())))
        except Refused as refused:
            return _answer(refused.status, refused.body)

    made = Route(f"/api-backend/{path}", endpoint, methods=[method])
    # Many a GET acts, so it must not answer HEAD as well.
    made.methods = {method}
    return made


def _let_in(shop: Shop, request: Request) -> None:
    # The last word counts, so that the token may stand with or without "Bearer".
    words = request.headers.get("authorization", "").split()
    customer = tokens.holder(shop, words[-1] if words else "")
    if customer is None:
        raise Refused(401, {"message": "Unauthorized"})
    if not tokens.is_administrator(shop, customer):
        raise Refused(403, {"message": "Access denied."})


def _answer(status: int, body: json.Json) -> Response:
    if body is None:
        return Response(status_code=status)
    return Response(json.dumps(body), status, headers={"content-type": _JSON})


def _number(name: str, text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(int(text)) > EVERYTHING:
        raise invalid(**{name: f"The value '{text}' is not valid."})
    return int(text)
