"""How the oss plugin binds query parameters (Nop.Plugin.Api 4.80): leniently, and in two ways.

Most lists ignore case and underscores in names, and take a value that cannot be read for one that was not
sent; an ``int`` that cannot be read becomes 0. A few lists go by the framework's own binder: there a name
with an underscore is unknown, and a value that cannot be read is a 400.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.sandbox.shop.moments import bound
from m3nop.sandbox.shop.oss.refusals import problem
from m3nop.sandbox.shop.statuses import OrderStatus, PaymentStatus, ShippingStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams

_INTEGER = re.compile(r"\s*[+-]?\d{1,10}\s*")
_LARGEST = 2_147_483_647


class As(StrEnum):
    """The types of parameters."""

    INT = "int"
    INT_OR_NULL = "int?"
    INTS = "ints"
    TEXT = "text"
    TEXTS = "texts"
    BOOL_OR_NULL = "bool?"
    TIME_OR_NULL = "time?"
    LOCAL_TIME_OR_NULL = "local time?"
    """Without a zone it is the server's local time."""
    ORDER_STATUS = "order status?"
    PAYMENT_STATUS = "payment status?"
    SHIPPING_STATUS = "shipping status?"


PAGING: Mapping[str, As] = {"limit": As.INT, "page": As.INT, "sinceid": As.INT, "fields": As.TEXT}
DEFAULTS: Mapping[str, Any] = {"limit": 50, "page": 1, "sinceid": 0, "fields": ""}


class Parameters(Struct, frozen=True):
    """Bound parameters, by property name in small letters."""

    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 -- as bound
        """Return a parameter, or its default."""
        return self.values.get(name, DEFAULTS.get(name))


def lenient(query: QueryParams, model: Mapping[str, As]) -> Parameters:
    """Bind as most lists do: unknown names and unreadable values are ignored without a word."""
    values: dict[str, Any] = {}
    for name in query:
        wanted = name.replace("_", "").lower()
        if wanted in model:
            values[wanted] = _read(model[wanted], ",".join(query.getlist(name)))
    return Parameters(values)


def by_name(query: QueryParams, model: Mapping[str, As]) -> Parameters:
    """Bind by property name: ``since_id`` is not ``SinceId`` here.

    Raises:
        Refused: a value cannot be read.
    """
    values: dict[str, Any] = {}
    for name in query:
        wanted, text = name.lower(), query[name]
        if wanted not in model:
            continue
        if model[wanted] in (As.INT, As.INT_OR_NULL) and _int(text) is None:
            raise problem({name: [f"The value '{text}' is not valid for {name}."]})
        values[wanted] = _read(model[wanted], text)
    return Parameters(values)


def _read(kind: As, text: str) -> Any:  # noqa: ANN401 -- as bound
    return _READERS[kind](text)


def _int(text: str) -> int | None:
    number = int(text) if _INTEGER.fullmatch(text) else None
    return None if number is None or abs(number) > _LARGEST else number


def _ints(text: str) -> list[int] | None:
    numbers = [number for part in text.split(",") if (number := _int(part)) is not None]
    return list(dict.fromkeys(numbers)) or None


_READERS: Mapping[As, Callable[[str], Any]] = {
    As.INT: lambda text: _int(text) or 0,
    As.INT_OR_NULL: _int,
    As.INTS: _ints,
    As.TEXT: str,
    As.TEXTS: lambda text: [part for part in text.split(",") if part] or None,
    As.BOOL_OR_NULL: lambda text: {"true": True, "false": False}.get(text.strip().lower()),
    As.TIME_OR_NULL: bound,
    As.LOCAL_TIME_OR_NULL: lambda text: bound(text, local=True),
    As.ORDER_STATUS: OrderStatus.named,
    As.PAYMENT_STATUS: PaymentStatus.named,
    As.SHIPPING_STATUS: ShippingStatus.named,
}
