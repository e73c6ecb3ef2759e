"""Puts records of the official dialect together from its many small reads.

An order's header, lines, products, addresses, customer, roles and coupons are separate rows. They are read in
groups where the API can, side by side where it cannot, and only those that the mappings use.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.places import REFERENCE_SECONDS, Places
from m3nop.connectors.nopcommerce.rows import asked_for, chunks, only_of, rows_of
from m3nop.connectors.nopcommerce.shape import ADDRESSES
from m3nop.connectors.nopcommerce.variants import VARIANTS_HAVE_STOCK
from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.config import NopCommerceConfig
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.wanted import Wanted
    from m3nop.connectors.nopcommerce.workers import Workers
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

BASE = "api-backend"

_ROW_SECONDS = 60.0
_ROWS = 2000
_OF_PRODUCT = ("sku", "name", "manage_inventory_method_id")
"""What is kept of a product, which has a hundred columns."""
_NAMES = {
    "FirstName": "first_name", "LastName": "last_name", "Company": "company", "Phone": "phone",
    "VatNumber": "vat_number",
}  # fmt: skip
"""Generic attributes that hold what became columns of a customer in nopCommerce 4.60."""


def get(path: str, *query: tuple[str, str]) -> Request:
    """Make a reading request of this API."""
    return Request("GET", f"{BASE}/{path}", query)


def joined(ids: Iterable[int]) -> str:
    """Write ids as the API lists them in a path."""
    return ";".join(map(str, ids))


class OfficialRecords:
    """Makes records out of headers, with caches that live as long as this object and are short of memory."""

    def __init__(
        self, api: ShopApi, *, wanted: Wanted, config: NopCommerceConfig, clock: Clock, workers: Workers
    ) -> None:
        self._api = api
        self._wanted = wanted
        self._ids_per_request = config.ids_per_request
        self._workers = workers
        self._places = Places(
            api,
            countries=get("Country/GetAllCountries", ("showHidden", "true")),
            states=get("StateProvince/GetAll", ("showHidden", "true")),
            clock=clock,
        )
        self._products: Cache[int, Raw | None] = Cache(_ROWS, seconds=_ROW_SECONDS, clock=clock)
        self._skus: Cache[tuple[int, str], str | None] = Cache(_ROWS, seconds=_ROW_SECONDS, clock=clock)
        self._customers: Cache[int, Record | None] = Cache(_ROWS, seconds=_ROW_SECONDS, clock=clock)
        self._roles: Cache[str, Mapping[int, str]] = Cache(1, seconds=REFERENCE_SECONDS, clock=clock)
        self._codes: Cache[int, str | None] = Cache(_ROWS, seconds=REFERENCE_SECONDS, clock=clock)

    def orders(self, headers: Sequence[Raw]) -> list[Record]:
        """Make the records of orders."""
        wanted = self._wanted
        parts: dict[int, Record] = defaultdict(dict)
        if wanted.has("items"):
            self._add_items(headers, parts)
        self._add_addresses(headers, [name for name in ADDRESSES if wanted.has(name)], parts)
        if wanted.has("customer"):
            self._add_customers(headers, parts)
        if wanted.has("coupon_codes"):
            self._add_coupon_codes([header["id"] for header in headers], parts)
        return [records.order(header, parts[header["id"]], wanted=wanted) for header in headers]

    def customers(self, rows: Sequence[Raw], *, wanted: Wanted | None = None) -> list[Record]:
        """Make the records of customers."""
        wanted = self._wanted if wanted is None else wanted
        parts: dict[int, Record] = defaultdict(dict)
        if wanted.any_of("roles", "is_guest"):
            self._add_roles(rows, parts)
        if wanted.any_of(*_NAMES.values()):
            nameless = [row for row in rows if "first_name" not in row]
            for row, names in zip(nameless, self._workers.each(self._names_of, nameless), strict=True):
                parts[row["id"]].update(names)
        self._add_addresses(rows, [name for name in ADDRESSES[:2] if wanted.has(name)], parts)
        return [records.customer(row, parts[row["id"]], wanted=wanted) for row in rows]

    def _add_items(self, headers: Sequence[Raw], parts: dict[int, Record]) -> None:
        numbers = [header["id"] for header in headers]
        lines = dict(zip(numbers, self._workers.each(self._lines, numbers), strict=True))
        products: Mapping[int, Raw] = {}
        skus: Mapping[int, str | None] = {}
        if self._wanted.any_of("items.sku", "items.name"):
            every = [line for rows in lines.values() for line in rows]
            products = self._products_of(every)
            if self._wanted.has("items.sku"):
                skus = self._variants_of(every, products)
        for number, rows in lines.items():
            parts[number]["items"] = records.items(rows, products, skus)

    def _lines(self, order_id: int) -> Sequence[Raw]:
        rows = rows_of(self._api.read(get(f"OrderItem/GetOrderItems/{order_id}")) or [], what="order lines")
        return only_of(rows, "order_id", order_id, what="order line")

    def _products_of(self, lines: Sequence[Raw]) -> Mapping[int, Raw]:
        numbers = [line["product_id"] for line in lines if line.get("product_id")]
        found = self._products.many(numbers, self._read_products)
        return {number: product for number, product in found.items() if product is not None}

    def _read_products(self, numbers: Sequence[int]) -> Mapping[int, Raw | None]:
        found: dict[int, Raw | None] = {}
        for ids in chunks(numbers, self._ids_per_request):
            rows = rows_of(self._api.read(get(f"Product/GetProductsByIds/{joined(ids)}")), what="products")
            found.update({row["id"]: row for row in asked_for(rows, ids, what="product")})
        # A deleted product is in no list, and its SKU still on the line.
        deleted = [number for number in numbers if number not in found]
        found.update(zip(deleted, self._workers.each(partial(self._row, "Product"), deleted), strict=True))
        return {
            number: row and {name: row.get(name) for name in _OF_PRODUCT} for number, row in found.items()
        }

    def _variants_of(self, lines: Sequence[Raw], products: Mapping[int, Raw]) -> Mapping[int, str | None]:
        variants = {
            line["id"]: (line["product_id"], line["attributes_xml"])
            for line in lines
            if line.get("attributes_xml")
            and products.get(line["product_id"], {}).get("manage_inventory_method_id") == VARIANTS_HAVE_STOCK
        }
        skus = self._skus.many(
            variants.values(),
            lambda keys: dict(zip(keys, self._workers.each(self._variant_sku, keys), strict=True)),
        )
        return {line: skus[variant] for line, variant in variants.items()}

    def _variant_sku(self, variant: tuple[int, str]) -> str | None:
        product_id, attributes = variant
        # A POST that changes nothing: the attributes are too long for an address.
        sku = self._api.read(Request("POST", f"{BASE}/Product/FormatSku/{product_id}", body=attributes))
        return sku if isinstance(sku, str) else None

    def _add_addresses(self, rows: Sequence[Raw], names: Sequence[str], parts: dict[int, Record]) -> None:
        numbers = sorted({row[f"{name}_id"] for row in rows for name in names if row.get(f"{name}_id")})
        found = dict(zip(numbers, self._workers.each(partial(self._row, "Address"), numbers), strict=True))
        for row in rows:
            for name in names:
                parts[row["id"]][name] = self._places.address(found.get(row.get(f"{name}_id") or 0))

    def _row(self, controller: str, number: int) -> Raw | None:
        row: Raw | None = self._api.read(get(f"{controller}/GetById/{number}"))
        if row is not None:
            only_of([row], "id", number, what=controller.lower())
        return row

    def _add_customers(self, headers: Sequence[Raw], parts: dict[int, Record]) -> None:
        found = self._customers.many(
            (header["customer_id"] for header in headers if header.get("customer_id")), self._read_customers
        )
        for header in headers:
            parts[header["id"]]["customer"] = found.get(header.get("customer_id") or 0)

    def _read_customers(self, numbers: Sequence[int]) -> Mapping[int, Record | None]:
        found: dict[int, Record | None] = dict.fromkeys(numbers)
        rows: list[Raw] = []
        for ids in chunks(numbers, self._ids_per_request):
            listed = rows_of(
                self._api.read(get(f"Customer/GetCustomersByIds/{joined(ids)}")), what="customers"
            )
            rows.extend(asked_for(listed, ids, what="customer"))
        known = {row["id"] for row in rows}
        deleted = [number for number in numbers if number not in known]
        rows.extend(row for row in self._workers.each(partial(self._row, "Customer"), deleted) if row)
        found.update(
            {record["id"]: record for record in self.customers(rows, wanted=self._wanted.under("customer"))}
        )
        return found

    def _add_roles(self, rows: Sequence[Raw], parts: dict[int, Record]) -> None:
        # A visitor who never registered has neither, and there are very many of them.
        registered = [row["id"] for row in rows if row.get("email") or row.get("username")]
        answers = dict(zip(registered, self._workers.each(self._role_ids, registered), strict=True))
        names = self._roles.one("roles", self._read_roles) if registered else {}
        for row in rows:
            numbers = answers.get(row["id"])
            known = {names[number] for number in numbers or () if number in names}
            roles = ["guests"] if numbers is None else sorted(known)
            parts[row["id"]].update(roles=roles, is_guest="guests" in roles)

    def _role_ids(self, customer_id: int) -> list[int]:
        return _numbers(self._api.read(get(f"CustomerRole/GetCustomerRoleIds/{customer_id}")))

    def _read_roles(self) -> Mapping[int, str]:
        rows = rows_of(
            self._api.read(get("CustomerRole/GetAll", ("showHidden", "true"))), what="customer roles"
        )
        return {row["id"]: role_word(row) for row in rows}

    def _names_of(self, row: Raw) -> Record:
        rows = rows_of(
            self._api.read(
                get(f"GenericAttribute/GetAttributesForEntity/{row['id']}", ("keyGroup", "Customer"))
            ),
            what="attributes",
        )
        return {_NAMES[held["key"]]: held.get("value") for held in rows if held.get("key") in _NAMES}

    def _add_coupon_codes(self, order_ids: Sequence[int], parts: dict[int, Record]) -> None:
        used = self._workers.each(self._discounts_of, order_ids)
        codes = self._codes.many(
            (number for numbers in used for number in numbers),
            lambda ids: dict(zip(ids, self._workers.each(self._coupon_code, ids), strict=True)),
        )
        for order_id, numbers in zip(order_ids, used, strict=True):
            parts[order_id]["coupon_codes"] = sorted({code for number in numbers if (code := codes[number])})

    def _discounts_of(self, order_id: int) -> list[int]:
        query = (("orderId", str(order_id)), ("pageIndex", "0"), ("pageSize", "100"))
        rows = rows_of(self._api.read(get("DiscountUsageHistory/GetAll", *query)), what="discounts used")
        return [row["discount_id"] for row in only_of(rows, "order_id", order_id, what="discount used")]

    def _coupon_code(self, discount_id: int) -> str | None:
        row = self._row("Discount", discount_id)
        return row.get("coupon_code") if row else None


def role_word(row: Raw) -> str:
    """Name a role: its system name, or what its shop calls it, in lower case and without blanks."""
    return "_".join(str(row.get("system_name") or row.get("name") or "").lower().split())


def _numbers(answer: Json) -> list[int]:
    # The OpenAPI document declares a string, the code of a client shows a list: either is taken.
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            answer = [part for part in answer.replace(",", ";").split(";") if part.strip().isdigit()]
    if not isinstance(answer, list):
        return []
    return [int(part["id"]) if isinstance(part, dict) else int(part) for part in answer]
