"""What people do with a project's sandbox: serve it, place orders in it, begin again."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from m3nop.app.opening import SANDBOX
from m3nop.app.registry import CONNECTORS
from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.core.errors import BusyError, StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from m3nop.sandbox.server import Running
    from m3nop.spec.project import LoadedProject

DEFAULT_SKU = "LAMP-HEAD"
_IONAPI = "sandbox.ionapi"
_GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "email": "kari.nordmann@example.com",
    "address1": "Bakkegata 2", "city": "Oslo", "zip_postal_code": "0150", "country": "NO",
    "phone_number": "+47 22 00 00 00",
}  # fmt: skip


def books_folder(project: Path) -> Path:
    """Return where the sandbox of a project keeps its books."""
    return project / ".m3nop" / "sandbox"


def start(folder: Path, *, port: int = 0) -> Running:
    """Start the sandbox whose books are in ``folder``, on a free port unless one is given.

    Raises:
        BusyError: it runs already.
        UsageError: the port is taken.
        StateError: its files cannot be used.
    """
    from m3nop.sandbox.embedded import attach_or_start

    if port:
        _refuse_taken(port)
    running = attach_or_start(folder, port=port)
    if running.world is None:
        msg = f"the sandbox of {folder} runs already, at {running.url}; use that one, or end it first"
        raise BusyError(msg)
    try:
        (folder / _IONAPI).write_text(json.dumps(running.ionapi, indent=2), encoding="utf-8")
    except OSError as error:
        running.close()
        msg = f"the sandbox cannot write {folder / _IONAPI}: {error.strerror or error}"
        raise StateError(msg) from error
    return running


def access_to(running: Running, folder: Path) -> dict[str, Any]:
    """Tell what another project needs to use a running sandbox."""
    from m3nop.sandbox import access
    from m3nop.sandbox.m3.session import COMPANY, DIVISION

    return {
        "url": running.url, "books": str(folder), "shop_url": running.shop_url, "shop_user": access.SHOP_USER,
        "shop_password": access.SHOP_PASSWORD, "m3_url": running.m3_url, "company": int(COMPANY),
        "division": DIVISION, "ionapi_file": str(folder / _IONAPI),
    }  # fmt: skip


def lines_of(skus: Sequence[str], quantities: Sequence[int], prices: Sequence[str]) -> list[dict[str, Any]]:
    """Describe the lines of an order; without SKUs it has one.

    Raises:
        UsageError: quantities or prices do not go with the SKUs.
    """
    lines: list[dict[str, Any]] = [{"sku": sku, "quantity": 1} for sku in skus or [DEFAULT_SKU]]
    given = {"quantity": ("--quantity", quantities), "unit_price": ("--price", prices)}
    for member, (option, values) in given.items():
        if values and len(values) != len(lines):
            msg = f"give one {option} for each --sku, or none"
            raise UsageError(msg)
        for line, value in zip(lines, values, strict=False):
            line[member] = value
    return lines


def order_of(
    lines: list[dict[str, Any]], *, store: int, customer: int | None, guest: bool, pending: bool,
    coupon: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Describe an order as the sandbox's shop takes it.

    Raises:
        UsageError: it has two buyers.
    """
    if guest and customer is not None:
        msg = "an order is of a --customer or of a --guest"
        raise UsageError(msg)
    order: dict[str, Any] = {
        "lines": lines, "store_id": store, "payment_status": "pending" if pending else "paid",
    }  # fmt: skip
    if customer is not None:
        order["customer_id"] = customer
    if guest:
        order["guest"] = _GUEST
    if coupon is not None:
        order["coupon"] = coupon
    return order


def shown_order(row: dict[str, Any]) -> dict[str, Any]:
    """Pick from an order's row what its buyer would see."""
    words = {
        10: "pending",
        20: "authorized",
        30: "paid",
        35: "partially refunded",
        40: "refunded",
        50: "voided",
    }
    return {
        "id": row["id"], "store_id": row["store_id"], "customer_id": row["customer_id"],
        "created_on_utc": row["created_on_utc"],
        "payment_status": words.get(row["payment_status_id"], str(row["payment_status_id"])),
        "order_total": row["order_total"], "currency": row["customer_currency_code"],
        "lines": [
            {"product_id": item["product_id"], "quantity": item["quantity"], "price": item["price_excl_tax"]}
            for item in row["items"]
        ],
    }  # fmt: skip


def forget_states(books: Path) -> list[str]:
    """Delete the state of the project's environments that know nothing but the sandbox, and name them.

    Books that begin again number their orders anew: a state that remembered the old ones would mix them up.
    Books outside a project have no state to forget.

    Raises:
        BusyError: a run uses one of them.
    """
    from m3nop.spec.project import load_project

    project = books.parent.parent
    if books != books_folder(project) or not (project / "m3nop.yaml").is_file():
        return []
    whole = load_project(project, environment=None, registry=CONNECTORS, environ=os.environ)
    names = [name for name in whole.environments if _only_sandbox(whole.in_environment(name, lenient=True))]
    return [name for name in names if _forget(project / ".m3nop" / name / "state.db")]


def _only_sandbox(project: LoadedProject) -> bool:
    urls = {config.url for config in project.connections.values()}
    return urls == {SANDBOX} and project.state_url is None


def _forget(database: Path) -> bool:
    from m3nop.state.ownership import Ownership

    if not database.exists():
        return False
    owner = Ownership(database)
    owner.acquire(command="sandbox reset", clock=SystemClock())
    try:
        for ending in ("", "-wal", "-shm", ".owner"):
            database.with_name(f"{database.name}{ending}").unlink(missing_ok=True)
    finally:
        owner.release(clean=False)
    return True


def _refuse_taken(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        msg = f"port {port} cannot be used: {error.strerror or error}; leave --port out for a free one"
        raise UsageError(msg) from error
