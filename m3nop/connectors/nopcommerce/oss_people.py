"""Updates customers in the open-source dialect, whose PUT takes the keys that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.columns import OSS_CUSTOMER
from m3nop.connectors.nopcommerce.config import LARGEST_OSS_PAGE
from m3nop.connectors.nopcommerce.official_people import NOT_MADE, same_email
from m3nop.connectors.nopcommerce.oss_records import BASE, get
from m3nop.connectors.nopcommerce.refusals import refused, unfit
from m3nop.connectors.nopcommerce.rewriting import differing
from m3nop.connectors.nopcommerce.rows import asked_for, rows_of
from m3nop.connectors.nopcommerce.wishes import ambiguous, missing, names_of, read_wish, upserted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.connectors.nopcommerce.convergent import Converger, Requests
    from m3nop.connectors.nopcommerce.fields import Fields
    from m3nop.connectors.nopcommerce.records import Raw, Record
    from m3nop.core.json import Json


class OssPeople:
    """The upsert ``customers``. Safe to use from several threads."""

    def __init__(self, converger: Converger) -> None:
        self._converger = converger

    def upsert(self, values: Mapping[str, Json]) -> Sequence[Record]:
        """Find a customer and write what differs.

        Raises:
            ShopFailure: it failed, or there is none and it was to be made.
        """
        wish = read_wish(values)
        wanted = wish.columns(OSS_CUSTOMER)
        about = wish.match.text("id" if wish.match.given("id") else "email")

        def work(requests: Requests) -> Sequence[Record]:
            row = _find(requests, wish.match)
            if row is None and wish.creates:
                raise refused(NOT_MADE, code="missing")
            return missing() if row is None else _update(requests, row, wanted)

        return self._converger.call(work, about=f"customer {about}")


def _find(requests: Requests, match: Fields) -> Raw | None:
    if match.given("id"):
        return _row(requests, match.number("id"))
    email = match.text("email").strip()
    # The search finds parts of addresses, too.
    query = (("Query", f"email:{email}"), ("Limit", str(LARGEST_OSS_PAGE)), ("Page", "1"))
    rows = rows_of(requests.read(get("customers/search", *query)), what="customers")
    found = [row["id"] for row in rows if same_email(row, email)]
    if len(found) > 1:
        msg = f"e-mail address {email}"
        raise ambiguous(msg, found)
    return _row(requests, found[0]) if found else None


def _row(requests: Requests, number: int) -> Raw | None:
    document = requests.read(get(f"customers/{number}"))
    if document is None:
        return None
    rows = asked_for(rows_of(document, what="customers"), [number], what="customer")
    return rows[0] if rows else None


def _update(requests: Requests, row: Raw, wanted: Mapping[str, Json]) -> Sequence[Record]:
    number = row["id"]
    unknown = sorted(set(wanted) - set(row))
    if unknown:
        raise unfit(unknown[0], f"the API of this shop has no column `{unknown[0]}` of a customer")
    changed = differing(row, wanted)
    if not changed:
        return upserted(number, changed=[], lost=[])
    sent = {name: wanted[name] for name in changed}
    body = {"customer": {"id": number, **sent}}
    requests.act(Request("PUT", f"{BASE}/customers/{number}", body=body))
    after = _row(requests, number)
    if after is None:
        msg = f"customer {number} was deleted in the shop meanwhile"
        raise refused(msg, code="gone")
    lost = names_of(differing(after, sent), OSS_CUSTOMER)
    return upserted(number, changed=names_of(changed, OSS_CUSTOMER), lost=lost)
