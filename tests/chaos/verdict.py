"""The verdict on a chaos run: what the sandbox's own books hold, compared with what its shoppers ordered."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from m3nop.core import json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from m3nop.sandbox.world import World
    from tests.chaos.shoppers import Lines, Placed


@dataclass(frozen=True)
class Verdict:
    """What is wrong, by name; all empty is as it should be."""

    missing: list[str]
    """Eligible and not entered in M3."""
    doubled: list[str]
    """References of more than one real order."""
    uncalled: list[str]
    """References of real orders that should not have been entered."""
    orphans: list[str]
    """Temporary orders that nobody will ever confirm or delete."""
    wrong_lines: list[str]
    """Orders whose lines are those of no content that the shop's order ever had."""
    wrong_customers: list[str]
    """Customers that were made twice, and orders of somebody else's customer."""
    unrecorded: list[str]
    """Orders of the shop below the watermark that the state does not know."""
    unfinished: list[str]
    """Records of eligible orders that did not come to their end, with the reason."""

    @property
    def wrong(self) -> Mapping[str, list[str]]:
        """Return what is not empty."""
        return {name: found for name, found in vars(self).items() if found}


def judge(world: World, placed: Iterable[Placed], state: Path, *, prefixes: tuple[str, ...]) -> Verdict:
    """Read the books of both systems after everything has landed, and the records of the state."""
    world.settle()
    orders = {one.reference: one for one in placed}
    real = [row for row in _rows(world, "m3.orders") if row["CUOR"].startswith(prefixes)]
    counts = Counter(row["CUOR"] for row in real)
    eligible = {reference for reference, one in orders.items() if one.eligible}
    return Verdict(
        missing=sorted(eligible - counts.keys()),
        doubled=sorted(reference for reference, count in counts.items() if count > 1),
        uncalled=sorted(counts.keys() - eligible),
        orphans=[f"{row['ORNO']} of {row['CUOR']}" for row in _rows(world, "m3.batch_orders")
                 if row["CUOR"].startswith(prefixes) and not str(row.get("ORNR") or "").strip()],
        wrong_lines=_wrong_lines(world, real, orders),
        wrong_customers=_wrong_customers(world, real, orders),
        unrecorded=unrecorded(state, orders.values()),
        unfinished=_unfinished(state, orders.values()),
    )  # fmt: skip


def unrecorded(state: Path, placed: Iterable[Placed]) -> list[str]:
    """Name the orders that the watermark has passed and that are neither a record nor an id to ask for again."""
    with reading(state) as db:
        marks = db.execute(
            "select partition, watermark from watermarks where pipeline = 'orders' and watermark like '{%'"
        ).fetchall()
        known = {key for (key,) in db.execute("select key from records where pipeline = 'orders'")}
        known |= {str(number) for (number,) in db.execute("select id from missing where pipeline = 'orders'")}
    reached = {partition: json.loads(mark)["id"] for partition, mark in marks}
    return [
        one.reference
        for one in placed
        if one.id <= reached.get("", reached.get(one.reference[:3].lower(), 0)) and str(one.id) not in known
    ]


def reading(state: Path) -> closing[sqlite3.Connection]:
    """Open the state for reading, beside its owner."""
    return closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True))


def _wrong_lines(world: World, real: list[dict[str, Any]], orders: Mapping[str, Placed]) -> list[str]:
    entered: dict[str, Lines] = {}
    for row in _rows(world, "m3.order_lines"):
        line = (row["ITNO"], Decimal(row["ORQT"]), Decimal(row["SAPR"]).normalize())
        entered.setdefault(row["ORNO"], Counter()).update([line])
    return [
        f"{row['CUOR']} ({row['ORNO']})"
        for row in real
        if row["CUOR"] in orders and entered.get(row["ORNO"]) not in orders[row["CUOR"]].contents
    ]


def _wrong_customers(world: World, real: list[dict[str, Any]], orders: Mapping[str, Placed]) -> list[str]:
    customers = {row["CUNO"]: row for row in _rows(world, "m3.customers")}
    ours = Counter(row["YREF"] for row in customers.values() if row["YREF"].startswith(("b2", "GUEST-")))
    doubled = [f"{reference} {count} times" for reference, count in ours.items() if count > 1]
    strange = [
        f"{row['CUOR']} of {row['CUNO']}"
        for row in real
        if row["CUOR"] in orders and not _is_whose(customers[row["CUNO"]], orders[row["CUOR"]])
    ]
    return doubled + strange


def _is_whose(customer: Mapping[str, Any], placed: Placed) -> bool:
    if placed.kind == "guest":
        return customer["YREF"].startswith("GUEST-") or customer["CUNO"] == "W9999"
    return bool(customer["YREF"].endswith(f"-{placed.customer}"))


def _unfinished(state: Path, placed: Iterable[Placed]) -> list[str]:
    with reading(state) as db:
        rows = db.execute("select key, state, reason from records where pipeline = 'orders'").fetchall()
    stands = {key: (where, reason) for key, where, reason in rows}
    return [
        f"{one.reference} is {where}: {reason}"
        for one in placed
        if one.eligible
        for where, reason in [stands.get(str(one.id), ("not there", ""))]
        if where != "done" and not (one.kind == "edited" and where == "review")
    ]


def _rows(world: World, table: str) -> list[dict[str, Any]]:
    return list(world.books.table(table).values())
