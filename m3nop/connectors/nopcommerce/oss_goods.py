"""Finds products and their variants in the open-source dialect, which has no filter by SKU.

An index of all SKUs is read once, and kept in step by what is new or was edited since. It says only where to
look: the product is then read as it is, and an index that proves wrong is read again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.oss_records import get
from m3nop.connectors.nopcommerce.positions import utc_text
from m3nop.connectors.nopcommerce.records import identity
from m3nop.connectors.nopcommerce.rows import asked_for, rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous
from m3nop.core.clock import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.clock import Clock, Instant

_LIFE = HOUR
_OVERLAP = HOUR
"""The shop's clock need not agree with ours."""
_RECENT = 200
"""Rows looked at again below the highest id: one may have been in the making when the index was read."""
_FIELDS = ("Fields", "id,sku,product_attribute_combinations")
_EMPTY_PAGES = 2
_KNOWN_ABSENT = MINUTE
"""For so long a SKU that was not there is taken for absent, where nothing is made of it."""

Place = tuple[int, int | None]
"""The id of a product, and that of its attribute combination where a variant has the SKU."""


@dataclass(frozen=True, slots=True)
class OssGoods:
    """A product as it is, and the attribute combination of it that a SKU names."""

    product: Raw
    combination: Raw | None = None


class SkuIndex:
    """Where the SKUs of a shop are. Safe to use from several threads."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._skus: dict[int, frozenset[tuple[str, Place]]] = {}
        self._places: dict[str, set[Place]] = defaultdict(set)
        self._read_at: Instant | None = None
        self._looked_at: Instant = 0

    def places(self, requests: Requests, sku: str, *, surely: bool = False) -> set[Place]:
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

    def _read(self, requests: Requests, now: Instant) -> None:
        self._skus.clear()
        self._places.clear()
        self._add(_every(requests))
        self._read_at = self._looked_at = now

    def _look(self, requests: Requests, now: Instant) -> None:
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


def _every(requests: Requests, *query: tuple[str, str]) -> Iterator[Raw]:
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


def read_product(requests: Requests, number: int) -> Raw | None:
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
) -> OssGoods | None:
    """Find by id or by SKU; a product goes before a variant.

    Raises:
        ShopFailure: a request failed, or several have the SKU.
        SourceError: something else came.
    """
    if fields.given(id_field):
        row = read_product(requests, fields.number(id_field))
        return None if row is None else OssGoods(row)
    sku = fields.text("sku").strip()
    places = index.places(requests, sku, surely=surely)
    found = _at(requests, sku, places)
    if found is None and places:
        index.forget()
        found = _at(requests, sku, index.places(requests, sku))
    return found


def _at(requests: Requests, sku: str, places: set[Place]) -> OssGoods | None:
    """Return what is at the places of a SKU, if it still has it."""
    own = {place for place in places if place[1] is None}
    chosen = own or places
    if len(chosen) > 1:
        msg = f"SKU {sku}"
        raise ambiguous(msg, [number for number, _ in chosen])
    for number, variant in chosen:
        product = read_product(requests, number)
        if product is None:
            return None
        combination = combination_of(product, variant)
        holder = product if variant is None else combination
        if holder is not None and str(holder.get("sku") or "").strip().casefold() == sku.casefold():
            return OssGoods(product, combination)
    return None


def combination_of(product: Raw, number: int | None) -> Raw | None:
    """Return an attribute combination of a product by its id."""
    held: Sequence[Raw] = product.get("product_attribute_combinations") or ()
    return next((row for row in held if row["id"] == number), None)
