"""Finds products and their variants in the open-source dialect, which has no filter by SKU.

An index of all SKUs is read once, and kept in step by what is new or was edited since. It says only where to
look: the product is then read as it is, and an index that proves wrong is read again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.goods import Goods, Together, failed_or
from m3nop.connectors.nopcommerce.oss_records import get
from m3nop.connectors.nopcommerce.positions import utc_text
from m3nop.connectors.nopcommerce.records import identity
from m3nop.connectors.nopcommerce.rows import asked_for, rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous
from m3nop.core.clock import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.connectors.nopcommerce.api import ShopApi
    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.goods import Found, Name, Reader
    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.connectors.nopcommerce.refusals import ShopFailure
    from m3nop.core.clock import Clock, Instant

_LIFE = HOUR
_OVERLAP = HOUR
"""The shop's clock need not agree with ours."""
_RECENT = 200
"""Rows looked at again below the highest id: one may have been in the making when the index was read."""
_FIELDS = ("Fields", "id,sku,product_attribute_combinations")
_PROOF = get("products", ("Limit", "1"), ("Page", "1"), ("Fields", "id"))
_COLUMNS = (
    "id", "sku", "deleted", "manage_inventory_method_id", "use_multiple_warehouses", "stock_quantity",
    "product_attribute_combinations",
)  # fmt: skip
"""What is read of a product to tell its stock, which is the smaller part of it."""
_EMPTY_PAGES = 2
_KNOWN_ABSENT = MINUTE
"""For so long a SKU that was not there is taken for absent, where nothing is made of it."""

Place = tuple[int, int | None]
"""The id of a product, and that of its attribute combination where a variant has the SKU."""


class SkuIndex:
    """Where the SKUs of a shop are. Safe to use from several threads."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._skus: dict[int, frozenset[tuple[str, Place]]] = {}
        self._places: dict[str, set[Place]] = defaultdict(set)
        self._read_at: Instant | None = None
        self._looked_at: Instant = 0

    def places(self, requests: Reader, sku: str, *, surely: bool = False) -> set[Place]:
        """Return where a SKU is: what is not known is looked for among what is new or was edited.

        Who makes a product of a SKU that is not there needs to know it ``surely``, as it is now.

        Raises:
            ShopFailure: a request failed.
            SourceError: something else came.
        """
        key = sku.strip().casefold()
        with self._lock:
            now = self._clock.now()
            if self._read_at is None or now - self._read_at > _LIFE:
                self._read(requests, now)
            elif key not in self._places and (surely or now - self._looked_at > _KNOWN_ABSENT):
                self._look(requests, now)
            return set(self._places.get(key, ()))

    def forget(self) -> None:
        """Have the whole index read again."""
        with self._lock:
            self._read_at = None

    def _read(self, requests: Reader, now: Instant) -> None:
        self._skus.clear()
        self._places.clear()
        self._add(_every(requests))
        self._read_at = self._looked_at = now

    def _look(self, requests: Reader, now: Instant) -> None:
        # By id for what was made, by time for what was edited: this list takes a bound without a zone as UTC.
        highest = max(self._skus, default=0)
        self._add(_every(requests, ("SinceId", str(max(0, highest - _RECENT)))))
        edited = utc_text(self._looked_at - _OVERLAP).removesuffix("Z")
        self._add(_every(requests, ("UpdatedAtMin", edited)))
        self._looked_at = now

    def _add(self, rows: Iterator[Raw]) -> None:
        for row in rows:
            number = identity(row, what="product")
            for sku, place in self._skus.pop(number, ()):
                self._places[sku].discard(place)
            held = frozenset(_skus_of(row))
            self._skus[number] = held
            for sku, place in held:
                self._places[sku].add(place)
        for sku in [sku for sku, places in self._places.items() if not places]:
            del self._places[sku]


def _every(requests: Reader, *query: tuple[str, str]) -> Iterator[Raw]:
    # A page is cut before the rows that the store may not show are left out, so it may be short, or empty.
    page, empty = 1, 0
    while empty < _EMPTY_PAGES:
        paging = (("Limit", str(LARGEST_OSS_PAGE)), ("Page", str(page)))
        rows = rows_of(requests.read(get("products", *query, _FIELDS, *paging)), what="products")
        yield from rows
        empty = 0 if rows else empty + 1
        page += 1


def _skus_of(row: Raw) -> Iterator[tuple[str, Place]]:
    own = str(row.get("sku") or "").strip().casefold()
    if own:
        yield own, (row["id"], None)
    for combination in row.get("product_attribute_combinations") or ():
        sku = str(combination.get("sku") or "").strip().casefold()
        if sku:
            yield sku, (row["id"], combination["id"])


def read_product(requests: Reader, number: int) -> Raw | None:
    """Read a product; one that is gone is None.

    Raises:
        ShopFailure: the request failed.
        SourceError: another row came.
    """
    document = requests.read(get(f"products/{number}"))
    if document is None:
        return None
    rows = asked_for(rows_of(document, what="products"), [number], what="product")
    return rows[0] if rows else None


def find_oss_goods(
    requests: Requests, index: SkuIndex, fields: Fields, *, id_field: str = "id", surely: bool = False
) -> Goods | None:
    """Find by id or by SKU; a product goes before a variant.

    Raises:
        ShopFailure: a request failed, or several have the SKU.
        SourceError: something else came.
    """
    if fields.given(id_field):
        row = read_product(requests, fields.number(id_field))
        return None if row is None else Goods(row)
    sku = fields.text("sku").strip()
    places = index.places(requests, sku, surely=surely)
    found = _at(requests, sku, places)
    if found is None and places:
        index.forget()
        found = _at(requests, sku, index.places(requests, sku))
    return found


def _at(requests: Requests, sku: str, places: set[Place]) -> Goods | None:
    """Return what is at the places of a SKU, if it still has it."""
    place = _place(sku, places)
    product = None if place is None else read_product(requests, place[0])
    return None if place is None or product is None else _held(sku, place, product)


def _place(sku: str, places: set[Place]) -> Place | None:
    """Choose the place of a SKU: a product's own before a variant's.

    Raises:
        ShopFailure: several have it.
    """
    own = {place for place in places if place[1] is None}
    chosen = own or places
    if len(chosen) > 1:
        msg = f"SKU {sku}"
        raise ambiguous(msg, [number for number, _ in chosen])
    return next(iter(chosen), None)


def _held(sku: str, place: Place, product: Raw) -> Goods | None:
    """Return what a place holds, if it still has the SKU."""
    combination = combination_of(product, place[1])
    holder = product if place[1] is None else combination
    if holder is None or str(holder.get("sku") or "").strip().casefold() != sku.casefold():
        return None
    return Goods(product, combination)


def combination_of(product: Raw, number: int | None) -> Raw | None:
    """Return an attribute combination of a product by its id."""
    held: Sequence[Raw] = product.get("product_attribute_combinations") or ()
    return next((row for row in held if row["id"] == number), None)


class ManyGoods:
    """Finds several at once, with as much of each as its stock needs. Safe to use from several threads."""

    def __init__(self, api: ShopApi, index: SkuIndex) -> None:
        self._api = api
        self._index = index
        self.together = Together(api, proof=_PROOF)

    def find(self, names: Sequence[Name]) -> dict[Name, Found]:
        """Return what has each name, or None, or why it cannot be told."""
        skus = [name for name in names if isinstance(name, str)]
        ids = [name for name in names if isinstance(name, int)]
        found: dict[Name, Found] = {}
        for number, product in self._products(ids).items():
            found[number] = failed_or(product, Goods)
        moved = [sku for sku, gone in self._look(skus, found).items() if gone]
        if moved:
            self._index.forget()
            self._look(moved, found)
        return found

    def _look(self, skus: Sequence[str], found: dict[Name, Found]) -> dict[str, bool]:
        """Put what has each SKU into ``found``; tell which were not where the index said."""
        places = self.together.each(skus, lambda sku: _place(sku, self._index.places(self._api, sku.strip())))
        known = {sku: place for sku, place in places.items() if isinstance(place, tuple)}
        products = self._products([number for number, _ in known.values()])
        for sku, place in places.items():
            if not isinstance(place, tuple):
                found[sku] = place
                continue
            found[sku] = failed_or(products[place[0]], partial(_held, sku.strip(), place))
        return {sku: found[sku] is None for sku in known}

    def _products(self, ids: Sequence[int]) -> dict[int, Raw | ShopFailure | None]:
        found = self.together.many(ids, lambda some: _listed(self._api, some))
        # The list leaves out what the store may not show; by itself such a product is read all the same.
        hidden = [number for number, product in found.items() if product is None]
        return {**found, **self.together.each(hidden, lambda number: read_product(self._api, number))}


def _listed(reader: Reader, ids: Sequence[int]) -> dict[int, Raw | None]:
    paging = (("Limit", str(len(ids))), ("Page", "1"))
    document = reader.read(
        get("products", ("Ids", ",".join(map(str, ids))), ("Fields", ",".join(_COLUMNS)), *paging)
    )
    rows = asked_for(rows_of(document, what="products"), ids, what="product")
    return {**dict.fromkeys(ids), **{row["id"]: row for row in rows}}
