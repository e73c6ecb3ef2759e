"""Updates customers in the official dialect, whatever its version keeps of them in which table.

Since nopCommerce 4.60 names, company, phone and VAT number are columns of a customer; before they are generic
attributes, which the row then lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.columns import CUSTOMER, same
from m3nop.connectors.nopcommerce.official_records import ATTRIBUTES, BASE, get
from m3nop.connectors.nopcommerce.refusals import refused, unfit
from m3nop.connectors.nopcommerce.rewriting import rewrite, row_by_id
from m3nop.connectors.nopcommerce.rows import rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous, missing, names_of, read_wish, upserted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.json import Json

NOT_MADE = "the shop has no such customer, and none is made here: a customer registers in the shop"

_PAGE = 100


class OfficialPeople:
    """The upsert ``customers``. Safe to use from several threads."""

    def __init__(self, converger: Converger) -> None:
        self._converger = converger

    def upsert(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Find a customer and write what differs.

        Raises:
            ShopFailure: it failed, or there is none and it was to be made.
        """
        wish = read_wish(values)
        wanted = wish.columns(CUSTOMER)
        about = wish.match.text("id" if wish.match.given("id") else "email")

        def work(requests: Requests) -> Sequence[Record]:
            row = _find(requests, wish.match)
            if row is None and wish.creates:
                raise refused(NOT_MADE, code="missing")
            return missing() if row is None else _update(requests, row, wanted)

        return self._converger.call(work, about=f"customer {about}")


def _find(requests: Requests, match: Fields) -> Raw | None:
    if match.given("id"):
        return row_by_id(requests, "Customer", match.number("id"))
    email = match.text("email").strip()
    found: dict[int, Raw] = {}
    index, more = 0, True
    while more:
        # The filter finds parts of addresses, too.
        paging = (("pageIndex", str(index)), ("pageSize", str(_PAGE)))
        document = requests.read(get("Customer/GetAll", ("email", email), *paging))
        rows = rows_of(document, what="customers")
        found.update((row["id"], row) for row in rows if same_email(row, email))
        more = bool(rows) and bool(document.get("has_next_page"))
        index += 1
    if len(found) > 1:
        msg = f"e-mail address {email}"
        raise ambiguous(msg, found)
    return next(iter(found.values()), None)


def same_email(row: Raw, email: str) -> bool:
    """Tell whether a row that is there has an e-mail address, whose case does not matter."""
    return not row.get("deleted") and str(row.get("email") or "").casefold() == email.casefold()


def _update(requests: Requests, row: Raw, wanted: Mapping[str, Json]) -> Sequence[Record]:
    columns = {name: value for name, value in wanted.items() if name in row}
    attributes = {name: value for name, value in wanted.items() if name not in row}
    unknown = sorted(set(attributes) - set(ATTRIBUTES.values()))
    if unknown:
        raise unfit(unknown[0], f"the API of this shop has no column `{unknown[0]}` of a customer")
    done = rewrite(requests, "Customer", row, columns)
    changed = [*names_of(done.changed, CUSTOMER), *_write_attributes(requests, row["id"], attributes)]
    return upserted(row["id"], changed=changed, lost=names_of(done.lost, CUSTOMER))


def _write_attributes(requests: Requests, number: int, wanted: Mapping[str, Json]) -> list[str]:
    if not wanted:
        return []
    request = get(f"GenericAttribute/GetAttributesForEntity/{number}", ("keyGroup", "Customer"))
    held = {row["key"]: row.get("value") for row in rows_of(requests.read(request), what="attributes")}
    changed = []
    for key, name in ATTRIBUTES.items():
        if name in wanted and not same(name, held.get(key), wanted[name]):
            query = (("entityTypeName", "Customer"), ("key", key), ("value", str(wanted[name] or "")))
            requests.act(Request("POST", f"{BASE}/GenericAttribute/SaveAttribute/0/{number}", query))
            changed.append(name)
    return changed
