"""Places, stores, money and languages in the oss dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.shop.oss import shapes
from m3nop.sandbox.shop.oss.binding import As, by_name
from m3nop.sandbox.shop.oss.call import Call, Entry, listing
from m3nop.sandbox.shop.oss.refusals import wrong
from m3nop.sandbox.shop.oss.shapes import Shapes

if TYPE_CHECKING:
    from m3nop.sandbox.books import Table
    from m3nop.sandbox.shop.entities import Row


def get_countries(call: Call) -> Row:
    """Answer the published countries."""
    wanted = by_name(
        call.request.query_params, {"mustallowbilling": As.BOOL_OR_NULL, "mustallowshipping": As.BOOL_OR_NULL}
    )
    rows = [
        shapes.country(row)
        for row in call.shop.countries.values()
        if row["published"]
        and (row["allows_billing"] or not wanted["mustallowbilling"])
        and (row["allows_shipping"] or not wanted["mustallowshipping"])
    ]
    return listing("countries", rows)


def get_country(call: Call) -> Row:
    """Answer one country."""
    return listing("countries", [shapes.country(_row(call, call.shop.countries, "country"))], _fields(call))


def get_states(call: Call) -> Row:
    """Answer the published states and provinces."""
    return listing(
        "state_provinces", [shapes.state(row) for row in call.shop.states.values() if row["published"]]
    )


def get_state(call: Call) -> Row:
    """Answer one state or province."""
    return listing("state_provinces", [shapes.state(_row(call, call.shop.states, "province"))], _fields(call))


def get_stores(call: Call) -> Row:
    """Answer all stores."""
    call.require_administrator()
    made = Shapes(call.shop)
    return listing("stores", [made.store(row) for row in call.shop.stores.values()], _fields(call))


def get_current_store(call: Call) -> Row:
    """Answer the store that the request is in."""
    return listing("stores", [Shapes(call.shop).store(call.store)], _fields(call))


def get_currencies(call: Call) -> Row:
    """Answer the published currencies."""
    rows = [shapes.currency(call.shop, row) for row in call.shop.currencies.values() if row["published"]]
    return listing("currencies", rows, _fields(call))


def get_primary_currency(call: Call) -> Row:
    """Answer the currency of all amounts, without a root."""
    return shapes.currency(call.shop, call.shop.currencies["1"])


def get_languages(call: Call) -> Row:
    """Answer the published languages."""
    rows = [shapes.language(call.shop, row) for row in call.shop.languages.values() if row["published"]]
    return listing("languages", rows, _fields(call))


def get_tax_categories(call: Call) -> Row:
    """Answer the tax categories."""
    call.require_administrator()
    return listing("tax_categories", list(call.shop.tax_categories.values()))


def _row(call: Call, table: Table, field: str) -> Row:
    row = table.get(str(call.known_id()))
    if row is None:
        raise wrong(404, field, "not found")
    return row


def _fields(call: Call) -> str:
    return call.request.query_params.get("fields", "")


ENTRIES: list[Entry] = [
    ("GET", "/api/countries", get_countries),
    ("GET", "/api/countries/{id}", get_country),
    ("GET", "/api/stateprovinces", get_states),
    ("GET", "/api/stateprovinces/{id}", get_state),
    ("GET", "/api/stores", get_stores),
    ("GET", "/api/stores/current", get_current_store),
    ("GET", "/api/currencies", get_currencies),
    ("GET", "/api/currencies/primary", get_primary_currency),
    ("GET", "/api/languages", get_languages),
    ("GET", "/api/taxcategories", get_tax_categories),
]
