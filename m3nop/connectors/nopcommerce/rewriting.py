"""Changes some columns of a row where the API takes nothing but whole rows (official dialect).

There is no version to compare: an edit of somebody else between reading and writing is lost without a
trace. So the row is read again just before it is written, when a foreign edit is merged, and just after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.connectors.nopcommerce.api import Request
from m3nop.connectors.nopcommerce.columns import same
from m3nop.connectors.nopcommerce.official_records import BASE, get
from m3nop.connectors.nopcommerce.refusals import refused, unreadable
from m3nop.connectors.nopcommerce.rows import only_of
from m3nop.connectors.nopcommerce.shape import NEVER_KEPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.connectors.nopcommerce.convergent import Requests
    from m3nop.connectors.nopcommerce.records import Raw
    from m3nop.core.json import Json

_MOVES_BY_ITSELF = NEVER_KEPT | {"updated_on_utc", "last_ip_address"}
"""Columns that change without an edit; a difference there is no loss."""


class Rewritten(Struct, frozen=True):
    """What became of a row: ``changed`` and ``lost`` are columns by the API's names."""

    row: Raw
    changed: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


def row_by_id(requests: Requests, controller: str, number: int) -> Raw | None:
    """Read a row; one that is gone, or only marked as deleted, is None.

    Raises:
        ShopFailure: the request failed.
        SourceError: another row came.
    """
    row: Raw | None = requests.read(get(f"{controller}/GetById/{number}"))
    if row is None:
        return None
    only_of([row], "id", number, what=controller)
    return None if row.get("deleted") else row


def rewrite(
    requests: Requests, controller: str, seen: Raw, wanted: Mapping[str, Json], *,
    besides: Mapping[str, Json] | None = None,
) -> Rewritten:  # fmt: skip
    """Give a row these values, if one differs; ``seen`` is the row as it was compared.

    ``besides`` are columns written along with a change that are no reason for one.

    Raises:
        ShopFailure: a request failed, or the row is gone.
        SourceError: another row came.
    """
    if not differing(seen, wanted):
        return Rewritten(seen)
    number: int = seen["id"]
    now = _there(row_by_id(requests, controller, number), controller, number)
    changed = differing(now, wanted)
    if not changed:
        return Rewritten(now)
    overwritten = {name for name in changed if not same(name, seen.get(name), now.get(name))}
    sent = {**now, **(besides or {}), **wanted}
    requests.act(Request("PUT", f"{BASE}/{controller}/Update", body=sent))
    after = _there(row_by_id(requests, controller, number), controller, number)
    return Rewritten(after, frozenset(changed), frozenset(overwritten | differing(after, sent)))


def differing(row: Raw, wanted: Mapping[str, Json]) -> set[str]:
    """Return the columns whose value is another."""
    return {
        name
        for name, value in wanted.items()
        if name not in _MOVES_BY_ITSELF and not same(name, row.get(name), value)
    }


def insert(requests: Requests, controller: str, row: Mapping[str, Json]) -> Raw:
    """Insert a row and return it as it was stored.

    Raises:
        ShopFailure: the request failed, or its answer has no row.
    """
    stored = requests.act(Request("POST", f"{BASE}/{controller}/Create", body=row))
    if not isinstance(stored, dict) or not isinstance(stored.get("id"), int) or stored["id"] <= 0:
        msg = f"POST /{controller}/Create"
        raise unreadable(msg)
    return stored


def _there(row: Raw | None, controller: str, number: int) -> Raw:
    if row is None:
        msg = f"{controller} {number} was deleted in the shop meanwhile"
        raise refused(msg, code="gone")
    return row
