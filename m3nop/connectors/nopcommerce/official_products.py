"""Upserts products in the official dialect, and variants as far as they have columns of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.columns import PRODUCT, VARIANT
from m3nop.connectors.nopcommerce.new_product import new_product
from m3nop.connectors.nopcommerce.official_goods import find_goods, sku_of
from m3nop.connectors.nopcommerce.positions import utc_text
from m3nop.connectors.nopcommerce.refusals import refused
from m3nop.connectors.nopcommerce.rewriting import differing, insert, rewrite
from m3nop.connectors.nopcommerce.wishes import created, missing, names_of, read_wish, upserted, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.official_extras import Extras, ProductExtras
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.connectors.nopcommerce.wishes import Wish
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

EXTRAS = ("localized", "tier_prices")
"""Fields of a product that are rows of their own."""


class OfficialProducts:
    """The upsert ``products``. Safe to use from several threads."""

    def __init__(self, converger: Converger, extras: ProductExtras, *, clock: Clock) -> None:
        self._converger = converger
        self._extras = extras
        self._clock = clock

    def upsert(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Find a product and write what differs, or make it.

        Raises:
            ShopFailure: it failed.
        """
        wish = read_wish(values)
        # Whatever does not fit is said before anything is asked or written.
        wanted = wish.columns(PRODUCT, besides=EXTRAS)
        about = wish.match.text("id") if wish.match.given("id") else sku_of(wish.match)
        return self._converger.call(lambda requests: self._upsert(requests, wish, wanted), about=about)

    def _upsert(self, requests: Requests, wish: Wish, wanted: Mapping[str, Json]) -> Sequence[Record]:
        found = find_goods(requests, wish.match)
        extras = self._extras.wanted(requests, wish.fields)
        if found is None:
            if not wish.creates:
                return missing()
            return self._create(requests, wish)
        with self._converger.alone(found.product["id"]):
            if found.combination is not None:
                return _update_variant(requests, wish.of(VARIANT), found.combination)
            return self._update(requests, found.product, wanted, extras)

    def _update(
        self, requests: Requests, product: Raw, wanted: Mapping[str, Json], extras: Extras
    ) -> Sequence[Record]:
        number = product["id"]
        columns = {**wanted, **extras.columns(product)}
        touched = {"updated_on_utc": utc_text(self._clock.now())}
        done = rewrite(requests, "Product", product, columns, besides=touched)
        changed = [*names_of(done.changed - extras.owned, PRODUCT), *extras.write(requests, number)]
        if self._extras.is_new(product):
            # The call that made it may have ended before it got its address.
            self._extras.give_address(requests, done.row)
        lost = names_of(done.lost, PRODUCT)
        return upserted(number, changed=changed, lost=lost, combination_id=None)

    def _create(self, requests: Requests, wish: Wish) -> Sequence[Record]:
        if wish.match.given("id"):
            raise refused("a product that is looked for by `id` cannot be created", code="missing")
        given = {"sku": sku_of(wish.match), **wish.fields, **wish.on_create}
        columns = written(given, PRODUCT, besides=EXTRAS)
        if not columns.get("name"):
            raise refused("a new product needs a `name`", field="name")
        extras = self._extras.wanted(requests, given)
        sent = {**new_product(self._clock.now()), **columns}
        sent.update(extras.columns(sent))
        row = insert(requests, "Product", sent)
        self._extras.give_address(requests, row)
        changed = [*names_of(columns, PRODUCT), *extras.write(requests, row["id"])]
        lost = names_of(differing(row, columns), PRODUCT)
        return created(row["id"], changed=changed, lost=lost, combination_id=None)


def _update_variant(requests: Requests, wish: Wish, combination: Raw) -> Sequence[Record]:
    foreign = sorted(set(wish.fields) - set(VARIANT))
    if foreign:
        message = (
            f"SKU {combination['sku']} is a variant of product {combination['product_id']}; a variant has no "
            f"`{'`, no `'.join(foreign)}` of its own; it has {', '.join(sorted(VARIANT))}"
        )
        raise refused(message, code="variant", field=foreign[0])
    done = rewrite(requests, "ProductAttributeCombination", combination, wish.columns(VARIANT))
    return upserted(
        combination["product_id"], changed=names_of(done.changed, VARIANT), lost=names_of(done.lost, VARIANT),
        combination_id=combination["id"],
    )  # fmt: skip
