"""Balances each day: what the shop sold against what M3 has, with a reason for every difference."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

from m3nop.app.reconcile import order_lines
from m3nop.app.reconcile.bench import Bench
from m3nop.app.reconcile.documents import day_in
from m3nop.app.reconcile.findings import Tally
from m3nop.app.reconcile.orders import IN_SHOP, Orders
from m3nop.app.reconcile.registry import pipelines_of
from m3nop.app.reconcile.standing import NEVER_READ
from m3nop.core.records import CallState, RecordState
from m3nop.mapping.values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from m3nop.app.reconcile.bench import Case
    from m3nop.app.reconcile.documents import Document
    from m3nop.app.reconcile.findings import Window
    from m3nop.app.session import Session
    from m3nop.core.state import State

ENTERED, DOUBLED, LOST, IN_DOUBT, UNDER_WAY = "entered", "doubled", "lost", "in doubt", "under way"
COLUMNS = (
    ENTERED, "waiting", "review", "dead", "baselined", "ignored", IN_DOUBT, UNDER_WAY, NEVER_READ, LOST,
    DOUBLED,
)  # fmt: skip
"""Where the orders of a day are; each is in exactly one."""
_OUTSIDE = frozenset({"waiting", "baselined", "ignored"})
"""Not to be in M3 by us, so a day balances with them."""
_UNDER_WAY = (RecordState.READY, RecordState.IN_FLIGHT, RecordState.BLOCKED, RecordState.PENDING)
_EXAMPLES = 3


class Day(Struct):
    """One day of orders. Amounts are those that the mapping gives M3, in M3's currency."""

    date: str
    """Day of the order, in M3's time zone (2026-11-23)."""
    counts: Counter[str] = field(default_factory=Counter)
    eligible: int = 0
    """Orders that should be in M3 by us."""
    shop_total: Decimal = Decimal(0)
    m3_total: Decimal = Decimal(0)
    allowed: Decimal = Decimal(0)
    """By how much the totals may differ by rounding."""
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal:
        """What M3 has more than the shop."""
        return self.m3_total - self.shop_total

    @property
    def reasons(self) -> list[str]:
        """Why it does not balance; none where it does."""
        texts = []
        for name in (*COLUMNS, "other amounts"):
            number = self.counts[name]
            if not number or name == ENTERED or name in _OUTSIDE:
                continue
            keys = self.examples.get(name, [])
            more = f" and {number - len(keys)} more" if number > len(keys) else ""
            texts.append(f"{number} {name}: {', '.join(keys)}{more}")
        if not texts and abs(self.difference) > self.allowed:
            texts.append(f"the totals differ by {text_of(self.difference)}")
        return texts

    def count(self, name: str, key: str) -> None:
        """Count an order, and keep the first few as examples."""
        self.counts[name] += 1
        examples = self.examples.setdefault(name, [])
        if len(examples) < _EXAMPLES:
            examples.append(key)


class Balance(Struct):
    """Every day of a window that had orders, and what could not be counted."""

    days: list[Day]
    tally: Tally

    @property
    def balances(self) -> bool:
        """Whether every day does."""
        return not any(day.reasons for day in self.days)


def balance_orders(session: Session, *, window: Window, stores: Sequence[str]) -> Balance:
    """Balance the days of a window; both systems are only read.

    Raises:
        UsageError: the project enters no orders.
        AccessError, SourceError: a system cannot be read.
    """
    days: dict[str, Day] = {}
    tally = Tally()
    for name in pipelines_of(session, "orders"):
        bench = Bench(session, name, window=window, stores=stores)
        if bench.stores:
            _count(bench, days, tally)
    return Balance([days[date] for date in sorted(days)], tally)


def _count(bench: Bench, days: dict[str, Day], tally: Tally) -> None:
    orders = Orders(bench, tally)
    if not orders.can_look_up():
        return
    for arrivals in bench.pages(tally, IN_SHOP):
        for case, real, _ in orders.looked_up(arrivals):
            digits = str(day_in(case.arrival.created_at or bench.now, bench.tools.zone))
            date = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
            _add(days.setdefault(date, Day(date)), bench, orders, case, real)


def _add(day: Day, bench: Bench, orders: Orders, case: Case, real: Sequence[Document]) -> None:
    alive = [one for one in real if not one.is_ended]
    where = _where(bench.state, case, alive)
    day.count(where, f"{bench.name}/{case.key}")
    if where in _OUTSIDE:
        return
    day.eligible += 1
    wanted = _wanted(case)
    day.shop_total += wanted
    found = sum((orders.total(one.number) for one in alive), Decimal(0))
    day.m3_total += found
    tolerance = order_lines.tolerance_of(case)
    day.allowed += tolerance
    if where == ENTERED and abs(found - wanted) > tolerance:
        day.count("other amounts", f"{bench.name}/{case.key}")


def _where(state: State | None, case: Case, alive: Sequence[Document]) -> str:
    record = case.record
    if len(alive) > 1:
        return DOUBLED
    if alive:
        return ENTERED
    if case.delivered:
        return LOST
    if record is None:
        state_of = case.arrival.state
        return NEVER_READ if state_of in (*_UNDER_WAY, RecordState.REVIEW) else str(state_of)
    if state is not None and record.attempt_id and _in_doubt(state, record.attempt_id):
        return IN_DOUBT
    paid_meanwhile = record.state is RecordState.WAITING and case.arrival.state is RecordState.READY
    return UNDER_WAY if record.state in _UNDER_WAY or paid_meanwhile else str(record.state)


def _in_doubt(state: State, attempt: int) -> bool:
    last = {call.step: call.state for call in state.calls(attempt)}
    return any(one in (CallState.SENT, CallState.IN_DOUBT) for one in last.values())


def _wanted(case: Case) -> Decimal:
    """Return what M3 should have: by the mapping, else by the shop where M3 has its own prices."""
    if case.work is None:
        return Decimal(0)
    wanted = order_lines.expected(case.work.pipeline, case.planned)
    goods = wanted.goods
    if goods is None:
        goods = order_lines.number(case.arrival.snapshot.get("order_subtotal_excl_tax"))
    return goods + wanted.charges


def totals(days: Iterable[Day]) -> Day:
    """Add days up."""
    whole = Day("total")
    for day in days:
        whole.counts.update(day.counts)
        whole.eligible += day.eligible
        whole.shop_total += day.shop_total
        whole.m3_total += day.m3_total
    return whole
