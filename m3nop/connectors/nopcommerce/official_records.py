"""Puts records of the official dialect together from its many small reads.

An order's header, lines, products, addresses, customer, roles and coupons are separate rows. They are read in
groups where the API can, side by side where it cannot, and only those that the mappings use. Where one cannot
be read, the record comes as its header and says so.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.places import REFERENCE_SECONDS, Places
from m3nop.connectors.nopcommerce.refusals import ShopFailure
from m3nop.connectors.nopcommerce.rows import asked_for, chunks, only_of, row_of, rows_of
from m3nop.connectors.nopcommerce.shape import ADDRESSES
from m3nop.connectors.nopcommerce.tolerance import UNREADABLE, Flaws, RowReader
from m3nop.connectors.nopcommerce.variants import VARIANTS_HAVE_STOCK
from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
_DIGITS = 9
"""Ids are 32-bit numbers."""
_OF_PRODUCT = ("sku", "name", "manage_inventory_method_id")
"""What is kept of a product, which has a hundred columns."""
ATTRIBUTES = {
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
    """Makes records out of headers, with caches that live as long as this object and are short of memory.

    ``proof`` is a list that answers as long as the shop works; without it every failure is raised.
    """

    def __init__(
        self, api: ShopApi, *, wanted: Wanted, config: NopCommerceConfig, clock: Clock, workers: Workers,
        proof: Request | None = None,
    ) -> None:  # fmt: skip
        self._api = api
        self._wanted = wanted
        self._ids_per_request = config.ids_per_request
        self._rows = RowReader(api, workers, proof=proof)
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
        wanted, flaws = self._wanted, Flaws("order")
        parts: dict[int, Record] = defaultdict(dict)
        if wanted.has("items"):
            self._add_items(headers, parts, flaws)
        self._add_addresses(headers, [name for name in ADDRESSES if wanted.has(name)], parts, flaws)
        if wanted.has("customer"):
            self._add_customers(headers, parts, flaws)
        if wanted.has("coupon_codes"):
            self._add_coupon_codes([header["id"] for header in headers], parts, flaws)
        return [
            flaws.record(header["id"], partial(records.order, header, wanted=wanted), parts[header["id"]])
            for header in headers
        ]

    def customers(self, rows: Sequence[Raw], *, wanted: Wanted | None = None) -> list[Record]:
        """Make the records of customers."""
        wanted = self._wanted if wanted is None else wanted
        flaws = Flaws("customer")
        parts: dict[int, Record] = defaultdict(dict)
        if wanted.any_of("roles", "is_guest"):
            self._add_roles(rows, parts, flaws)
        if wanted.any_of(*ATTRIBUTES.values()):
            nameless = [row["id"] for row in rows if "first_name" not in row]
            found, failed = self._rows.each(self._names_of, nameless)
            for number, names in found.items():
                parts[number].update(names)
            flaws.note_all("its name", failed)
        self._add_addresses(rows, [name for name in ADDRESSES[:2] if wanted.has(name)], parts, flaws)
        return [
            flaws.record(row["id"], partial(records.customer, row, wanted=wanted), parts[row["id"]])
            for row in rows
        ]

    def _add_items(self, headers: Sequence[Raw], parts: dict[int, Record], flaws: Flaws) -> None:
        lines, failed = self._rows.each(self._lines, [header["id"] for header in headers])
        flaws.note_all("its lines", failed)
        products: Mapping[int, Raw] = {}
        skus: Mapping[int, str | None] = {}
        if self._wanted.any_of("items.sku", "items.name"):
            every = [line for rows in lines.values() for line in rows]
            products = self._products_of(every, flaws)
            if self._wanted.has("items.sku"):
                skus = self._variants_of(every, products, flaws)
        for number, rows in lines.items():
            parts[number]["items"] = records.items(rows, products, skus)

    def _lines(self, order_id: int) -> Sequence[Raw]:
        rows = rows_of(self._api.read(get(f"OrderItem/GetOrderItems/{order_id}")) or [], what="order lines")
        return only_of(rows, "order_id", order_id, what="order line")

    def _products_of(self, lines: Sequence[Raw], flaws: Flaws) -> Mapping[int, Raw]:
        failed: dict[int, ShopFailure] = {}
        found = self._products.many(
            [line["product_id"] for line in lines if line.get("product_id")],
            partial(self._read_products, failed=failed),
        )
        for line in lines:
            if line.get("product_id") in failed:
                flaws.note(line["order_id"], "the product of a line", failed[line["product_id"]])
        return {number: product for number, product in found.items() if product is not None}

    def _read_products(
        self, numbers: Sequence[int], *, failed: dict[int, ShopFailure]
    ) -> Mapping[int, Raw | None]:
        found: dict[int, Raw | None] = {
            row["id"]: row for row in self._together("Product/GetProductsByIds", numbers, what="product")
        }
        # A deleted product is in no list, and its SKU still on the line.
        unlisted = [number for number in numbers if number not in found]
        single, lost = self._rows.each(partial(self._row, "Product"), unlisted)
        found.update(single)
        failed.update(lost)
        return {
            number: row and {name: row.get(name) for name in _OF_PRODUCT} for number, row in found.items()
        }

    def _together(self, path: str, numbers: Sequence[int], *, what: str) -> Iterator[Raw]:
        """Read rows in groups; of a group that fails none comes, and each may be asked for alone."""
        for ids in chunks(numbers, self._ids_per_request):
            try:
                document = self._api.read(get(f"{path}/{joined(ids)}"))
            except ShopFailure as error:
                self._rows.bear(error)
                continue
            yield from asked_for(rows_of(document, what=f"{what}s"), ids, what=what)

    def _variants_of(
        self, lines: Sequence[Raw], products: Mapping[int, Raw], flaws: Flaws
    ) -> Mapping[int, str | None]:
        variants = {
            line["id"]: (line["product_id"], line["attributes_xml"])
            for line in lines
            if line.get("attributes_xml")
            and products.get(line["product_id"], {}).get("manage_inventory_method_id") == VARIANTS_HAVE_STOCK
        }
        failed: dict[tuple[int, str], ShopFailure] = {}
        skus = self._skus.many(variants.values(), partial(self._rows.found, self._variant_sku, failed=failed))
        for line in lines:
            variant = variants.get(line["id"])
            if variant in failed:
                flaws.note(line["order_id"], "the SKU of a line", failed[variant])
        return {line: skus[variant] for line, variant in variants.items() if variant in skus}

    def _variant_sku(self, variant: tuple[int, str]) -> str | None:
        product_id, attributes = variant
        # A POST that changes nothing: the attributes are too long for an address.
        sku = self._api.read(Request("POST", f"{BASE}/Product/FormatSku/{product_id}", body=attributes))
        return sku if isinstance(sku, str) else None

    def _add_addresses(
        self, rows: Sequence[Raw], names: Sequence[str], parts: dict[int, Record], flaws: Flaws
    ) -> None:
        numbers = sorted({row[f"{name}_id"] for row in rows for name in names if row.get(f"{name}_id")})
        found, failed = self._rows.each(partial(self._row, "Address"), numbers)
        for row in rows:
            for name in names:
                number = row.get(f"{name}_id") or 0
                if number in failed:
                    flaws.note(row["id"], f"its {name.replace('_', ' ')}", failed[number])
                parts[row["id"]][name] = self._places.address(found.get(number))

    def _row(self, controller: str, number: int) -> Raw | None:
        row = row_of(self._api.read(get(f"{controller}/GetById/{number}")), what=controller.lower())
        if row is not None:
            only_of([row], "id", number, what=controller.lower())
        return row

    def _add_customers(self, headers: Sequence[Raw], parts: dict[int, Record], flaws: Flaws) -> None:
        failed: dict[int, object] = {}
        found = self._customers.many(
            (header["customer_id"] for header in headers if header.get("customer_id")),
            partial(self._read_customers, failed=failed),
        )
        for header in headers:
            number = header.get("customer_id") or 0
            if number in failed:
                flaws.note(header["id"], "its customer", failed[number])
            parts[header["id"]]["customer"] = found.get(number)

    def _read_customers(
        self, numbers: Sequence[int], *, failed: dict[int, object]
    ) -> Mapping[int, Record | None]:
        rows = list(self._together("Customer/GetCustomersByIds", numbers, what="customer"))
        known = {row["id"] for row in rows}
        unlisted = [number for number in numbers if number not in known]
        single, lost = self._rows.each(partial(self._row, "Customer"), unlisted)
        failed.update(lost)
        rows.extend(row for row in single.values() if row)
        made = {
            record["id"]: record for record in self.customers(rows, wanted=self._wanted.under("customer"))
        }
        failed.update({number: record[UNREADABLE] for number, record in made.items() if UNREADABLE in record})
        return {number: made.get(number) for number in numbers if number not in failed}

    def _add_roles(self, rows: Sequence[Raw], parts: dict[int, Record], flaws: Flaws) -> None:
        # A visitor who never registered has neither, and there are very many of them.
        registered = [row["id"] for row in rows if row.get("email") or row.get("username")]
        answers, failed = self._rows.each(self._role_ids, registered)
        flaws.note_all("its roles", failed)
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

    def _names_of(self, customer_id: int) -> Record:
        request = get(f"GenericAttribute/GetAttributesForEntity/{customer_id}", ("keyGroup", "Customer"))
        rows = rows_of(self._api.read(request), what="attributes")
        return {ATTRIBUTES[held["key"]]: held.get("value") for held in rows if held.get("key") in ATTRIBUTES}

    def _add_coupon_codes(self, order_ids: Sequence[int], parts: dict[int, Record], flaws: Flaws) -> None:
        used, lost = self._rows.each(self._discounts_of, order_ids)
        flaws.note_all("its discounts", lost)
        failed: dict[int, ShopFailure] = {}
        codes = self._codes.many(
            (number for numbers in used.values() for number in numbers),
            partial(self._rows.found, self._coupon_code, failed=failed),
        )
        for order_id, numbers in used.items():
            for number in numbers:
                if number in failed:
                    flaws.note(order_id, "its coupon", failed[number])
            parts[order_id]["coupon_codes"] = sorted(
                {code for number in numbers if (code := codes.get(number))}
            )

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
    parts = [part.get("id") if isinstance(part, dict) else part for part in answer]
    return [
        int(text) for text in map(str, parts) if text.isascii() and text.isdigit() and len(text) <= _DIGITS
    ]
