"""Customers, their addresses and the roles in the oss dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.oss import shapes
from m3nop.sandbox.shop.oss.binding import PAGING, As, lenient
from m3nop.sandbox.shop.oss.call import Call, Entry, check_paging, listing, merged
from m3nop.sandbox.shop.oss.refusals import problem, thrown_in_write, wrong
from m3nop.sandbox.shop.oss.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row

_WRITABLE = frozenset(shapes.CUSTOMER) - {"id"}
_SEARCHED = re.compile(r"(\w+):")


def get_customers(call: Call) -> Row:
    """Answer the list: active ones of the current store or of none, guests included, by id."""
    call.require_administrator()
    model = {**PAGING, "createdatmin": As.TIME_OR_NULL, "createdatmax": As.TIME_OR_NULL}
    wanted = lenient(call.request.query_params, model)
    check_paging(wanted)
    conditions: list[Condition] = [*_of_store(call), ("is_system_account", "=", False), ("active", "=", True)]
    if wanted["createdatmin"]:
        conditions.append(("created_on_utc", ">", wanted["createdatmin"]))
    if wanted["createdatmax"]:
        conditions.append(("created_on_utc", "<", wanted["createdatmax"]))
    return _listed(call, call.page(call.shop.customers, conditions, wanted), wanted["fields"])


def get_count(call: Call) -> Row:
    """Answer the count, which includes system accounts and inactive ones."""
    call.require_administrator()
    return {"count": call.shop.customers.count(*_of_store(call))}


def search(call: Call) -> Row:
    """Answer a search such as ``email:x``; names that a customer does not have are skipped."""
    call.require_administrator()
    wanted = lenient(call.request.query_params, {**PAGING, "query": As.TEXT, "order": As.TEXT})
    if wanted["limit"] == 1:
        raise wrong(400, "limit", "Invalid limit parameter")
    check_paging(wanted, page="Invalid page parameter")
    if not wanted["query"]:
        return _listed(call, [], "")
    _, *parts = _SEARCHED.split(wanted["query"])
    tests = {
        name.replace("_", "").lower(): text.strip().lower()
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    columns = {column.replace("_", ""): column for column in entities.CUSTOMER.columns}
    found = [
        row
        for row in call.shop.customers.select(("deleted", "=", False), order=("id",))
        if all(
            text in str(row[columns[name]] or "").lower() for name, text in tests.items() if name in columns
        )
    ]
    offset = (wanted["page"] - 1) * wanted["limit"]
    return _listed(call, found[offset : offset + wanted["limit"]], wanted["fields"])


def get_me(call: Call) -> Row:
    """Answer whoever asks."""
    return _listed(
        call, [call.shop.customers[str(call.customer_id)]], call.request.query_params.get("fields", "")
    )


def get_customer(call: Call) -> Row:
    """Answer one customer, of whatever store."""
    call.require_administrator()
    return _listed(call, [_customer(call, call.known_id())], call.request.query_params.get("fields", ""))


def create_customer(call: Call) -> Row:
    """Answer the insertion."""
    call.require_administrator()
    sent = _columns(call.delta("customer"))
    now = call.shop.now()
    row = entities.CUSTOMER.blank() | {"active": True, "created_on_utc": now, "last_activity_date_utc": now}
    stored = call.shop.insert(entities.CUSTOMER, call.shop.customers, merged(entities.CUSTOMER, row, sent))
    return _listed(call, [stored], "")


def update_customer(call: Call) -> Row:
    """Answer the update: only what was sent is written, of what this dialect shows of a customer.

    An address of the customer that is sent is not written, another one throws; roles are replaced as a whole.
    """
    call.require_administrator()
    sent = call.delta("customer")
    row = merged(entities.CUSTOMER, _customer(call, call.known_id()), _columns(sent))
    own = {address["id"] for address in call.shop.addresses_of(row["id"])}
    if any(address.get("id") not in own for address in sent.get("addresses") or ()):
        raise thrown_in_write()
    if sent.get("role_ids"):
        _replace_roles(call, row["id"], sent["role_ids"])
    call.shop.customers[str(row["id"])] = row
    return _listed(call, [row], "")


def _replace_roles(call: Call, customer_id: int, wanted: list[int]) -> None:
    for role in call.shop.roles.values():
        if role["id"] in wanted:
            call.shop.give_role(customer_id, role["id"])
        else:
            call.shop.take_role(customer_id, role["id"])


def delete_customer(call: Call) -> Row:
    """Answer the deletion; the row is only marked."""
    call.require_administrator()
    row = _customer(call, call.known_id())
    call.shop.customers[str(row["id"])] = row | {"deleted": True}
    return {}


def _set_address(column: str) -> Callable[[Call], Row]:
    def answer(call: Call) -> Row:
        if call.number("customerId") != call.customer_id:
            call.require_administrator()
        customer = call.shop.customers.get(str(call.number("customerId")))
        if customer is None:
            raise wrong(404, "customerId", f"Customer with id {call.number('customerId')} not found")
        address = _kept_address(call, customer, call.body())
        call.shop.customers[str(customer["id"])] = customer | {column: address["id"]}
        return shapes.address(address)

    return answer


def _kept_address(call: Call, customer: Row, sent: dict[str, Any]) -> Row:
    """Return the customer's equal address, or store a new one."""
    values, errors = entities.ADDRESS.read(sent)
    if errors:
        raise problem(errors)
    wanted = entities.ADDRESS.blank() | values
    unlike = {"id", "created_on_utc"}
    for known in call.shop.addresses_of(customer["id"]):
        if all((known[column] or None) == (wanted[column] or None) for column in known.keys() - unlike):
            return known
    made = {column: wanted[column] or None for column in ("country_id", "state_province_id")}
    row = wanted | made | {"created_on_utc": call.shop.now()}
    stored = call.shop.insert(entities.ADDRESS, call.shop.addresses, row)
    call.shop.link_address(customer["id"], stored["id"])
    return stored


def get_roles(call: Call) -> Row:
    """Answer the roles that exist; who has them does not come through anywhere."""
    call.require_administrator()
    rows = [shapes.role(row) for row in call.shop.roles.values()]
    return listing("customer_roles", rows, call.request.query_params.get("fields", ""))


def _of_store(call: Call) -> list[Condition]:
    return [("deleted", "=", False), ("registered_in_store_id", "in", [0, call.store["id"]])]


def _customer(call: Call, number: int) -> Row:
    row = call.shop.customers.get(str(number))
    if row is None or row["deleted"]:
        raise wrong(404, "customer", "not found")
    return row


def _columns(sent: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in sent.items() if column in _WRITABLE}


def _listed(call: Call, rows: list[Row], fields: str) -> Row:
    made = Shapes(call.shop)
    return listing("customers", [made.customer(row) for row in rows], fields)


ENTRIES: list[Entry] = [
    ("GET", "/api/customers", get_customers),
    ("POST", "/api/customers", create_customer),
    ("GET", "/api/customers/count", get_count),
    ("GET", "/api/customers/search", search),
    ("GET", "/api/customers/me", get_me),
    ("GET", "/api/customers/{id}", get_customer),
    ("PUT", "/api/customers/{id}", update_customer),
    ("DELETE", "/api/customers/{id}", delete_customer),
    ("POST", "/api/customers/{customerId}/billingaddress", _set_address("billing_address_id")),
    ("POST", "/api/customers/{customerId}/shippingaddress", _set_address("shipping_address_id")),
    ("GET", "/api/customer_roles", get_roles),
]
