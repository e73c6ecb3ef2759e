"""What functions may ask besides the root: time, tables, links and what is under way."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.mapping.lookups import Lookup


def _no_link(_pipeline: str, _key: str) -> Mapping[str, Any] | None:
    return None


def _nothing_under_way(_sku: str) -> Decimal:
    return Decimal(0)


class Context(Struct, frozen=True):
    """The surroundings of one attempt; the same for every expression of it.

    ``link`` takes a pipeline and a key and gives ``{shop, m3}`` or None; ``linked_by_m3`` takes an M3 key and
    gives ``{key, shop, m3}`` or None. ``in_flight`` gives the quantity of a SKU on shop orders that M3 does
    not know yet.
    """

    now: Instant = 0
    time_zone: str = "UTC"
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    link: Callable[[str, str], Mapping[str, Json] | None] = _no_link
    linked_by_m3: Callable[[str, str], Mapping[str, Json] | None] = _no_link
    in_flight: Callable[[str], Decimal] = _nothing_under_way
