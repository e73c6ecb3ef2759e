"""Countries and states by id, read whole and once in a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.connectors.nopcommerce.api import Request, ShopApi
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.clock import Clock

REFERENCE_SECONDS = 600.0
"""How long countries, states, roles and discounts are taken for unchanged."""

_TABLES = 2


class Places:
    """Turns the addresses of a shop into records."""

    def __init__(self, api: ShopApi, *, countries: Request, states: Request, clock: Clock) -> None:
        self._api = api
        self._countries = countries
        self._states = states
        self._tables: Cache[str, Mapping[int, Raw]] = Cache(_TABLES, seconds=REFERENCE_SECONDS, clock=clock)

    def address(self, raw: Raw | None) -> Record | None:
        """Make the record of an address; one that is gone stays None."""
        if raw is None:
            return None
        countries = self._table("countries", self._countries) if raw.get("country_id") else {}
        states = self._table("states", self._states) if raw.get("state_province_id") else {}
        return records.address(raw, countries, states)

    def _table(self, what: str, request: Request) -> Mapping[int, Raw]:
        return self._tables.one(what, lambda: self._read(what, request))

    def _read(self, what: str, request: Request) -> Mapping[int, Raw]:
        return {records.identity(row, what=what): row for row in rows_of(self._api.read(request), what=what)}
