"""Checks a connection to a shop: sign-in, stores, orders, and that it does not answer strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.app.doctor.findings import Finding, failed, ok, skipped, warning
from m3nop.core.errors import ConfigurationError, M3nopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.mapping.pipeline import Pipeline

_MODE = "switch the developer mode of the Web API plugin off in the shop's configuration"


def check_shop(session: Session, name: str, _pipelines: list[Pipeline]) -> Iterator[Finding]:
    """Check one connection."""
    try:
        shop: Any = session.connection(name)
        stores = shop.stores()
    except ConfigurationError as error:
        # It names its own remedy: a secret that is missing.
        yield failed("sign-in", name, str(error), "", access=True)
        yield skipped("everything else", name, "nobody could sign in")
        return
    except M3nopError as error:
        remedy = f"check connections.{name}: address, dialect, user name, password, and the user's rights"
        yield failed("sign-in", name, str(error), remedy, access=True)
        yield skipped("everything else", name, "nobody could sign in")
        return
    config = session.project.connections[name]
    yield ok("sign-in", name, f"{shop.facts().identity['url']}, dialect {config.dialect}")
    yield from _check_stores(session, name, stores)
    yield _check_orders(name, shop)
    yield _check_mode(name, shop)


def _check_stores(session: Session, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    known = {int(row["id"]): row for row in rows}
    for code in _stores_of(session, name):
        store = session.project.stores[code]
        row = known.get(store.store_id)
        if row is None:
            there = ", ".join(f"{number} {found.get('name')}" for number, found in sorted(known.items()))
            remedy = f"correct `store_id` of stores.{code}"
            yield failed("store", code, f"the shop has no store {store.store_id}; it has {there}", remedy)
        elif store.host and store.host not in str(row.get("hosts") or "").split(","):
            detail = f"store {store.store_id} is {row.get('name')}, whose hosts are {row.get('hosts')}"
            yield warning("store", code, detail, f"correct `store_id` or `host` of stores.{code}")
        else:
            yield ok("store", code, f"{store.store_id} {row.get('name')}")


def _stores_of(session: Session, name: str) -> list[str]:
    spec = session.project.spec
    stores = spec.stores if spec else {}
    if not stores:
        return list(session.project.stores)
    return [code for code, store in stores.items() if store.connection in (name, None)]


def _check_orders(name: str, shop: Any) -> Finding:  # noqa: ANN401  what only a shop can do is in no port
    try:
        newest = shop.get("orders", limit=1)
    except M3nopError as error:
        return failed("orders", name, str(error), "give the API user the rights to read orders and customers")
    return ok("orders", name, f"the newest is {newest[0]['id']}" if newest else "there are none yet")


def _check_mode(name: str, shop: Any) -> Finding:  # noqa: ANN401  as above
    try:
        anybody = shop.answers_anybody()
    except M3nopError as error:
        return warning("strangers", name, str(error), "try again")
    if anybody:
        return failed(
            "strangers", name, "the API answers without a sign-in: everybody can read orders", _MODE
        )
    return ok("strangers", name, "the API refuses whoever does not sign in")
