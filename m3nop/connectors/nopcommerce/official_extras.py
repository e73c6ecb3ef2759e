"""What belongs to a product and has tables of its own: tier prices, translations, the address of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.cache import Cache
from m3nop.connectors.nopcommerce.columns import Column, Kind, same
from m3nop.connectors.nopcommerce.official_records import BASE, get, role_word
from m3nop.connectors.nopcommerce.places import REFERENCE_SECONDS
from m3nop.connectors.nopcommerce.refusals import unfit
from m3nop.connectors.nopcommerce.rewriting import insert
from m3nop.connectors.nopcommerce.rows import only_of, rows_of
from m3nop.core.clock import DAY, parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

EVERYBODY = "everybody"
"""The role of a tier price that holds for every customer."""

_PRICE = Column("price", Kind.MONEY)
_QUANTITY = Column("quantity", Kind.WHOLE)
_TRANSLATED = {
    "name": ("Name", 400), "short_description": ("ShortDescription", None),
    "full_description": ("FullDescription", None), "meta_title": ("MetaTitle", 400),
    "meta_keywords": ("MetaKeywords", 400), "meta_description": ("MetaDescription", None),
}  # fmt: skip
"""Columns that a language may have a text of its own for, with their keys and lengths."""

Tier = tuple[int | None, int]
"""A customer role (None for everybody) and a quantity."""


class Extras(Struct, frozen=True):
    """Tier prices and texts that a product should have; None leaves the tier prices alone."""

    tiers: Mapping[Tier, Json] | None = None
    texts: Mapping[tuple[int, str], str] = field(default_factory=dict)
    """By the language's id and the key of the column."""

    @property
    def owned(self) -> frozenset[str]:
        """The columns of a product that follow from these."""
        return frozenset({"has_tier_prices"} if self.tiers is not None else ())

    def columns(self, product: Raw) -> dict[str, Json]:
        """Return the columns of the product that tell that there are tier prices, where it has one."""
        if self.tiers is None or "has_tier_prices" not in product:
            return {}
        return {"has_tier_prices": bool(self.tiers) or bool(product["has_tier_prices"])}

    def write(self, requests: Requests, product_id: int) -> list[str]:
        """Write what differs and return which of the two that was.

        Raises:
            ShopFailure: a request failed.
            SourceError: something else came.
        """
        changed = []
        if self.tiers is not None and _write_tiers(requests, product_id, self.tiers):
            changed.append("tier_prices")
        # A text is asked for and written one by one: the API has no list of them.
        if [key for key, text in self.texts.items() if _write_text(requests, product_id, *key, text)]:
            changed.append("localized")
        return changed


class ProductExtras:
    """Reads what a call wants of them, with the shop's roles and languages. Safe for several threads."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._roles: Cache[str, Mapping[str, int]] = Cache(1, seconds=REFERENCE_SECONDS, clock=clock)
        self._languages: Cache[str, Mapping[str, int]] = Cache(1, seconds=REFERENCE_SECONDS, clock=clock)

    def wanted(self, requests: Requests, values: Mapping[str, Json]) -> Extras:
        """Read ``tier_prices`` and ``localized`` of a call.

        Raises:
            ShopFailure: they do not fit, or name a role or language that the shop does not have.
            SourceError: something else came.
        """
        tiers = values.get("tier_prices")
        localized = values.get("localized") or {}
        if not isinstance(localized, dict) or not all(isinstance(part, dict) for part in localized.values()):
            raise unfit("localized", f"`localized` must be texts by language and column, it is {localized!r}")
        return Extras(
            tiers=None if tiers is None else self._tiers(requests, tiers),
            texts={
                (self._language(requests, code), key): text
                for code, part in localized.items()
                for key, text in _texts(part).items()
            },
        )

    def is_new(self, product: Raw) -> bool:
        """Tell whether a product was made within the last day."""
        try:
            return parse_instant(str(product.get("created_on_utc"))) > self._clock.now() - DAY
        except ValueError:
            return False

    def give_address(self, requests: Requests, product: Raw) -> None:
        """Give a product the address of its page, which a row that the API inserts does not get by itself.

        Raises:
            ShopFailure: a request failed.
        """
        number, entity = product["id"], ("entityName", "Product")
        if requests.read(get(f"UrlRecord/GetActiveSlug/{number}/0", entity)):
            return
        query = (
            ("entityId", str(number)),
            entity,
            ("seName", str(product["name"])),
            ("name", str(product["name"])),
        )
        checked = (*query, ("ensureNotEmpty", "true"))
        # A POST that changes nothing: it makes an address of the name that nothing else has.
        slug = requests.read(Request("POST", f"{BASE}/UrlRecord/ValidateSeName/entityId", checked))
        saved = (("entityTypeName", "Product"), ("slug", str(slug)))
        requests.act(Request("POST", f"{BASE}/UrlRecord/SaveSlug/0/{number}", saved))

    def _tiers(self, requests: Requests, tiers: Json) -> dict[Tier, Json]:
        if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
            raise unfit("tier_prices", f"`tier_prices` must be a list of prices, it is {tiers!r}")
        found: dict[Tier, Json] = {}
        for tier in tiers:
            key = (self._role(requests, tier.get("role")), _QUANTITY.written(tier.get("quantity", 1)))
            if key in found:
                raise unfit("tier_prices", f"`tier_prices` has two prices for quantity {key[1]} of one role")
            found[key] = _PRICE.written(tier.get("price"))
        return found

    def _role(self, requests: Requests, role: Json) -> int | None:
        if role in (None, "", EVERYBODY):
            return None
        roles = self._roles.one("roles", lambda: _roles(requests))
        word = "_".join(str(role).lower().split())
        if word not in roles:
            known = ", ".join(sorted(roles))
            raise unfit("tier_prices", f"the shop has no customer role {role!r}; it has {known}")
        return roles[word]

    def _language(self, requests: Requests, code: str) -> int:
        languages = self._languages.one("languages", lambda: _languages(requests))
        if code.lower() not in languages:
            known = ", ".join(sorted(languages))
            raise unfit("localized", f"the shop has no language {code!r}; it has {known}")
        return languages[code.lower()]


def _texts(part: Mapping[str, Json]) -> dict[str, str]:
    found = {}
    for name, value in part.items():
        if name not in _TRANSLATED:
            raise unfit("localized", f"`{name}` has no translation; {', '.join(_TRANSLATED)} have")
        key, length = _TRANSLATED[name]
        found[key] = Column(name, Kind.TEXT, length).written(value) or ""
    return found


def _roles(requests: Requests) -> dict[str, int]:
    rows = rows_of(requests.read(get("CustomerRole/GetAll", ("showHidden", "true"))), what="customer roles")
    return {role_word(row): row["id"] for row in rows}


def _languages(requests: Requests) -> dict[str, int]:
    rows = rows_of(requests.read(get("Language/GetAll", ("showHidden", "true"))), what="languages")
    codes = {str(row.get("language_culture") or "").lower(): row["id"] for row in rows}
    # Of several languages with one short code the first counts.
    codes.update({str(row.get("unique_seo_code") or "").lower(): row["id"] for row in reversed(rows)})
    return {code: number for code, number in codes.items() if code}


def _write_tiers(requests: Requests, product_id: int, wanted: Mapping[Tier, Json]) -> bool:
    rows = rows_of(requests.read(get(f"TierPrices/GetTierPricesByProduct/{product_id}")), what="tier prices")
    # Those of one store, or for a time, are the shop's own campaigns.
    own = [row for row in only_of(rows, "product_id", product_id, what="tier price") if _is_plain(row)]
    held = {(row.get("customer_role_id"), row["quantity"]): row for row in own}
    surplus = [row for row in own if held.get(_tier(row)) is not row or _tier(row) not in wanted]
    acted = bool(surplus)
    for tier, price in wanted.items():
        acted = _write_tier(requests, product_id, tier, price, held.get(tier)) or acted
    for row in surplus:
        requests.act(Request("DELETE", f"{BASE}/TierPrices/Delete/{row['id']}"))
    return acted


def _write_tier(requests: Requests, product_id: int, tier: Tier, price: Json, held: Raw | None) -> bool:
    if held is None:
        row = {
            "product_id": product_id, "store_id": 0, "customer_role_id": tier[0], "quantity": tier[1],
            "price": price, "start_date_time_utc": None, "end_date_time_utc": None,
        }  # fmt: skip
        insert(requests, "TierPrices", row)
        return True
    if same("price", held.get("price"), price):
        return False
    requests.act(Request("PUT", f"{BASE}/TierPrices/Update", body={**held, "price": price}))
    return True


def _is_plain(row: Raw) -> bool:
    return not (row.get("store_id") or row.get("start_date_time_utc") or row.get("end_date_time_utc"))


def _tier(row: Raw) -> Tier:
    return row.get("customer_role_id"), row["quantity"]


def _write_text(requests: Requests, product_id: int, language: int, key: str, text: str) -> bool:
    query = (("localeKeyGroup", "Product"), ("localeKey", key))
    held = requests.read(get(f"LocalizedEntity/GetLocalizedValue/{language}/{product_id}", *query))
    if same(key, held, text):
        return False
    where = f"{BASE}/LocalizedEntity/SaveLocalizedValue/{language}/{product_id}"
    requests.act(Request("POST", where, query, body=text))
    return True
