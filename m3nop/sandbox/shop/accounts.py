"""Customers with an account: they register, and they or the shop's staff edit what it says."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import checkout, entities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.sandbox.shop.entities import Row
    from m3nop.sandbox.shop.tables import Shop

_NAMESPACE = uuid.UUID("b3b1d0f0-3f6b-4c49-9f0e-6d5f2a7c1e55")
_KNOWN = frozenset(
    {
        "address", "company", "created", "email", "first_name", "last_activity", "last_name", "phone",
        "roles", "store_id", "vat_number",
    }
)  # fmt: skip
_FIXED = frozenset({"id", "customer_guid", "billing_address_id", "shipping_address_id", "created_on_utc"})


def register(shop: Shop, person: Mapping[str, Any]) -> Row:
    """Make an account, with an address in its book if one is given; return the row.

    Raises:
        ValueError: a member is unknown or missing, or the e-mail address has an account.
    """
    checkout.refuse_unknown(person, _KNOWN, "a customer")
    email = person.get("email")
    if not email or shop.customers.find(email=email, deleted=False):
        msg = f"{email!r} has an account already" if email else "a customer needs an 'email'"
        raise ValueError(msg)
    created = person.get("created", shop.now())
    address: Row = dict(person.get("address") or {})
    own = {name: person[name] for name in ("first_name", "last_name", "email") if name in person}
    company = {"company": person["company"]} if "company" in person else {}
    columns = own | company | {
        "phone": person.get("phone", address.get("phone_number")), "vat_number": person.get("vat_number"),
        "created_on_utc": created, "last_activity_date_utc": person.get("last_activity", created),
    }  # fmt: skip
    row = new_customer(shop, columns, store_id=person.get("store_id", 1))
    if address:
        stored = checkout.new_address(shop, {**own, **company, **address, "created_on_utc": created})
        shop.link_address(row["id"], stored["id"])
        row |= {"billing_address_id": stored["id"], "shipping_address_id": stored["id"]}
        row |= {column: stored[column] for column in ("country_id", "city", "zip_postal_code")}
        shop.customers[str(row["id"])] = row
    give_roles(shop, row, "Registered", *person.get("roles", ()))
    return row


def edit(shop: Shop, customer_id: int, changed: Mapping[str, Any]) -> Row:
    """Change columns of a customer, the ``address`` that bills go to, or the ``roles`` beside Registered.

    Raises:
        KeyError: there is no such customer.
        ValueError: a member is unknown, or does not fit.
    """
    columns = dict(changed)
    address, roles = columns.pop("address", None), columns.pop("roles", None)
    known = frozenset(entities.CUSTOMER.columns) - _FIXED
    checkout.refuse_unknown(columns, known, "a change of a customer")
    row = entities.CUSTOMER.row(**(shop.customers[str(customer_id)] | columns))
    if address is not None:
        row = _with_address(shop, row, address)
    shop.customers[str(customer_id)] = row
    if roles is not None:
        for role_id in shop.role_ids(customer_id):
            shop.take_role(customer_id, role_id)
        give_roles(shop, row, "Registered", *roles)
    return row


def new_customer(shop: Shop, values: Row, *, store_id: int) -> Row:
    """Store the row of a customer of a store."""
    row = entities.CUSTOMER.row(
        **{"username": values.get("email")} | values,
        customer_guid=str(uuid.uuid5(_NAMESPACE, f"customer {len(shop.customers)}")),
        registered_in_store_id=store_id,
        active=True,
        last_ip_address="192.0.2.44",
    )
    return shop.insert(entities.CUSTOMER, shop.customers, row)


def give_roles(shop: Shop, customer: Row, *system_names: str) -> None:
    """Put a customer into roles.

    Raises:
        ValueError: the shop has no such role.
    """
    known = {role["system_name"]: role["id"] for role in shop.roles.values()}
    unknown = sorted(set(system_names) - known.keys())
    if unknown:
        msg = f"the shop has no role {unknown[0]!r}; it has {', '.join(sorted(known))}"
        raise ValueError(msg)
    for system_name, role_id in known.items():
        if system_name in system_names:
            shop.give_role(customer["id"], role_id)


def _with_address(shop: Shop, row: Row, address: Mapping[str, Any]) -> Row:
    known = shop.addresses.get(str(row["billing_address_id"]))
    if known is not None:
        checkout.edit_address(shop, known["id"], address)
        return row
    names = {name: row[name] for name in ("first_name", "last_name", "email", "company")}
    stored = checkout.new_address(shop, {**names, **address})
    shop.link_address(row["id"], stored["id"])
    return row | {"billing_address_id": stored["id"], "shipping_address_id": stored["id"]}
