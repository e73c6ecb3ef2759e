"""Customers of the bench: what they and M3's staff do, and what was written because of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from m3nop.sandbox.m3.happenings import HAPPENINGS as IN_M3
from m3nop.sandbox.shop.happenings import HAPPENINGS as IN_THE_SHOP

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

DAY = 86_400
PERSON = {
    "email": "Anna.Nowak@example.com", "first_name": "Anna", "last_name": "Nowak",
    "address": {
        "address1": "ul. Prosta 1", "city": "Warszawa", "zip_postal_code": "00-850", "country": "PL",
        "phone_number": "+48 22 000 00 09",
    },
}  # fmt: skip
_ACTS = ("Add", "Chg", "Dlt", "Del")


def register(bench: Bench, **changes: Any) -> int:
    """Let somebody register in the shop; return the id."""
    return int(IN_THE_SHOP["/shop/customers"](bench.world, {}, {**PERSON, **changes})["id"])


def edit(bench: Bench, customer: int, **changes: Any) -> None:
    """Change a customer in the shop."""
    IN_THE_SHOP["/shop/customers/{number:int}"](bench.world, {"number": customer}, changes)


def change_in_m3(bench: Bench, number: str, **columns: str) -> None:
    """Change a customer at M3's screens."""
    IN_M3["/m3/customers/{number}"](bench.world, {"number": number}, columns)


def in_m3(bench: Bench, number: str) -> dict[str, Any]:
    """Return a customer of M3."""
    (row,) = bench.rows("m3.customers", CUNO=number)
    return row


def in_the_shop(bench: Bench, customer: int) -> dict[str, Any]:
    """Return a customer of the shop."""
    (row,) = bench.rows("shop.customers", id=customer)
    return row


def made_in_m3(bench: Bench, **fields: str) -> list[str]:
    """Return the numbers of the customers that M3 has with these values, templates left out."""
    return [row["CUNO"] for row in bench.rows("m3.customers", **fields) if row["CUTP"] != "9"]


def writes(bench: Bench) -> Counter[str]:
    """Count what acted on customers, by transaction or by method and path; then begin to count anew."""
    found: Counter[str] = Counter()
    for request in bench.world.requests:
        if request.system == "m3":
            names = [name for name in request.operations if name.startswith("CRS610MI/")]
            found.update(name for name in names if name.split("/")[1].startswith(_ACTS))
        elif request.method in ("PUT", "POST", "DELETE") and "oken" not in request.path:
            found[f"{request.method} {request.path}"] += 1
    bench.world.requests.clear()
    return found


def both_ways(bench: Bench, days: int = 1) -> Counter[str]:
    """Let days pass, in which both pipelines run; return what acted on customers."""
    for _ in range(days):
        bench.clock.wait(DAY + 60)
        bench.run("customers")
        bench.clock.wait(60)
        bench.run("customers_from_m3")
    return writes(bench)
