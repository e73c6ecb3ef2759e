"""Customers, their addresses and roles in the official dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.sandbox.shop import entities
from m3nop.sandbox.shop.official.call import Call, Entry, Refused, envelope, joined_ids
from m3nop.sandbox.shop.official.rows import existing, reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.books import Condition
    from m3nop.sandbox.shop.entities import Row

_CONTAINED = {
    "email": "email", "username": "username", "firstName": "first_name", "lastName": "last_name",
    "company": "company", "phone": "phone", "zipPostalCode": "zip_postal_code",
}  # fmt: skip


def get_all(call: Call) -> Row:
    """Answer ``GetAll``: newest first, guests and system accounts included, time bounds inclusive."""
    conditions: list[Condition] = [("deleted", "=", False)]
    for name in ("affiliateId", "vendorId"):
        if number := call.number(name):
            conditions.append((name.replace("Id", "_id"), "=", number))
    if start := call.moment("createdFromUtc"):
        conditions.append(("created_on_utc", ">=", start))
    if end := call.moment("createdToUtc"):
        conditions.append(("created_on_utc", "<=", end))
    return call.page(
        call.shop.customers, conditions, order=("created_on_utc",), descending=True, keep=_wanted(call)
    )


def _wanted(call: Call) -> Callable[[Row], bool] | None:
    texts = {column: text.lower() for name, column in _CONTAINED.items() if (text := call.text(name))}
    roles = set(call.numbers("customerRoleIds"))
    if not texts and not roles:
        return None

    def keep(customer: Row) -> bool:
        return all(text in (customer[column] or "").lower() for column, text in texts.items()) and (
            not roles or not roles.isdisjoint(call.shop.role_ids(customer["id"]))
        )

    return keep


def get_customers_by_ids(call: Call) -> list[Row]:
    """Answer ``GetCustomersByIds``."""
    return call.shop.by_ids(call.shop.customers, joined_ids(call.path_text("ids")), ("deleted", "=", False))


def _get_by(name: str, column: str) -> Callable[[Call], Row]:
    def answer(call: Call) -> Row:
        wanted = call.text(name) or ""
        found = call.shop.customers.find(**{column: wanted})
        if not found:
            raise Refused(404, f"Customer {name}={wanted} not found")
        return found[0]

    return answer


def _customer(call: Call) -> Row:
    return existing(entities.CUSTOMER, call.shop.customers, call.known_id("customerId"))


def get_customer_full_name(call: Call) -> str:
    """Answer ``GetCustomerFullName``."""
    customer = _customer(call)
    return " ".join(part for part in (customer["first_name"], customer["last_name"]) if part)


def get_addresses(call: Call) -> list[Row]:
    """Answer ``GetAddressesByCustomerId``."""
    return call.shop.addresses_of(_customer(call)["id"])


def _get_own_address(column: str) -> Callable[[Call], Row]:
    def answer(call: Call) -> Row:
        return existing(entities.ADDRESS, call.shop.addresses, _customer(call)[column] or 0)

    return answer


def insert_customer_address(call: Call) -> None:
    """Answer ``InsertCustomerAddress``: a GET that puts an address into the address book."""
    address = existing(entities.ADDRESS, call.shop.addresses, call.known_id("addressId"))
    call.shop.link_address(_customer(call)["id"], address["id"])


def get_role_ids(call: Call) -> list[int]:
    """Answer ``GetCustomerRoleIds``; the OpenAPI document swapped its answers of 200 and 404."""
    return call.shop.role_ids(_customer(call)["id"])


def get_roles(call: Call) -> list[Row]:
    """Answer ``GetCustomerRoles``; the OpenAPI document swapped its answers too."""
    return [call.shop.roles[str(number)] for number in get_role_ids(call)]


def get_all_roles(call: Call) -> Row:
    """Answer ``GetAll`` of the roles."""
    roles = list(call.shop.roles.values())
    return envelope(roles, total=len(roles))


def _is_in(system_name: str) -> Callable[[Call], bool]:
    return lambda call: system_name in call.shop.role_names(_customer(call)["id"])


def add_role_mapping(call: Call) -> Any:  # noqa: ANN401 -- no body
    """Answer ``AddCustomerRoleMapping``."""
    fields = call.fields()
    customer = existing(entities.CUSTOMER, call.shop.customers, fields.get("customer_id", 0))
    role = existing(entities.CUSTOMER_ROLE, call.shop.roles, fields.get("customer_role_id", 0))
    call.shop.give_role(customer["id"], role["id"])


def remove_role_mapping(call: Call) -> None:
    """Answer ``RemoveCustomerRoleMapping``: a GET that takes a customer out of a role."""
    role = existing(entities.CUSTOMER_ROLE, call.shop.roles, call.known_id("roleId"))
    call.shop.take_role(_customer(call)["id"], role["id"])


ENTRIES: list[Entry] = [
    ("GET", "Customer/GetAll", get_all),
    ("GET", "Customer/GetCustomersByIds/{ids}", get_customers_by_ids),
    ("GET", "Customer/GetCustomerByEmail", _get_by("email", "email")),
    ("GET", "Customer/GetCustomerByUsername", _get_by("username", "username")),
    ("GET", "Customer/GetCustomerByGuid", _get_by("guid", "customer_guid")),
    ("GET", "Customer/GetCustomerFullName/{customerId}", get_customer_full_name),
    ("GET", "Customer/GetAddressesByCustomerId/{customerId}", get_addresses),
    ("GET", "Customer/GetCustomerBillingAddress/{customerId}", _get_own_address("billing_address_id")),
    ("GET", "Customer/GetCustomerShippingAddress/{customerId}", _get_own_address("shipping_address_id")),
    ("GET", "Customer/InsertCustomerAddress/{customerId}/{addressId}", insert_customer_address),
    *writing("Customer", entities.CUSTOMER, lambda shop: shop.customers),
    ("GET", "CustomerRole/GetCustomerRoleIds/{customerId}", get_role_ids),
    ("GET", "CustomerRole/GetCustomerRoles/{customerId}", get_roles),
    ("GET", "CustomerRole/GetAll", get_all_roles),
    ("GET", "CustomerRole/IsRegistered/{customerId}", _is_in("Registered")),
    ("GET", "CustomerRole/IsGuest/{customerId}", _is_in("Guests")),
    ("POST", "CustomerRole/AddCustomerRoleMapping", add_role_mapping),
    ("GET", "CustomerRole/RemoveCustomerRoleMapping/{customerId}/{roleId}", remove_role_mapping),
    *reading("CustomerRole", entities.CUSTOMER_ROLE, lambda shop: shop.roles),
    *(
        entry
        for entry in writing("Address", entities.ADDRESS, lambda shop: shop.addresses)
        # Orders inner-join their billing address; the double keeps it simple and lets none go.
        if entry[0] != "DELETE"
    ),
]
