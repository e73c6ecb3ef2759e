"""Stock: what the shop publishes is what the pipeline would publish now.

What it would publish is worked out by the pipeline itself, with its reads of M3 and of the shop, less the
shop's orders that M3 does not know yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.reconcile.asking import Question
from m3nop.app.reconcile.bench import UNTOUCHED, Bench, Case
from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.app.reconcile.order_lines import shown
from m3nop.app.reconcile.references import SeenKeys
from m3nop.app.reconcile.standing import only_makes_equal, standing_of
from m3nop.core.records import RecordState
from m3nop.engine.compare import comparable
from m3nop.mapping.pipeline import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.reconcile.findings import Tally
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.engine.preview import Planned

SET, READ = "stock/set", "products/stock"
_BY = ("sku", "product_id", "warehouse")


class Inventory:
    """Compares the stock that one pipeline publishes."""

    def __init__(self, bench: Bench, tally: Tally) -> None:
        self._bench = bench
        self._tally = tally
        self._seen = SeenKeys()

    def differences(self) -> Iterator[Difference]:
        """Yield what drifted, in the order of M3's list.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        for arrivals in self._bench.pages(self._tally, "balances in M3"):
            fresh = {arrival.key: arrival for arrival in arrivals if arrival.key not in self._seen}
            for key in fresh:
                self._seen.add(key)
            cases = self._bench.cases([one for one in fresh.values() if one.state not in UNTOUCHED])
            cases = [case for case in cases if not _is_left_alone(case)]
            self._bench.work_out_by_reading(cases)
            yield from self._compare(cases)

    def _compare(self, cases: Sequence[Case]) -> Iterator[Difference]:
        about: list[tuple[Case, Planned]] = []
        questions: list[Question] = []
        for case in cases:
            self._tally.compared["items worked out"] += 1
            if case.problem and case.record is not None:
                message = f"it cannot be worked out what the shop should have: {case.problem}"
                yield self._difference(case, Kind.UNCLEAR, message)
                continue
            for call in case.planned:
                question = self._question(call)
                if question is not None:
                    about.append((case, call))
                    questions.append(question)
        for (case, call), rows in zip(about, self._bench.ask(questions), strict=True):
            yield from self._judge(case, call, rows)

    def _question(self, call: Planned) -> Question | None:
        connection, _, name = call.target.partition("/")
        if call.skipped or call.problem or name != SET:
            return None
        operation = self._bench.operation(connection, READ)
        if operation is None:
            return None
        by = {name: call.fields[name] for name in _BY if call.fields.get(name) is not None}
        return Question(Target(connection, operation), by)

    def _judge(self, case: Case, call: Planned, rows: Sequence[Row]) -> Iterator[Difference]:
        wanted, where = call.fields.get("quantity"), _where(call)
        if not rows:
            if call.fields.get("missing") != "skip":
                yield self._difference(case, Kind.MISSING, f"the shop does not have {where}")
            return
        found = _published(rows[0], call)
        if comparable(found) != comparable(wanted):
            message = f"{where}: {shown(found)} published, {shown(wanted)} would be now"
            yield self._difference(case, Kind.STOCK, message)

    def _difference(self, case: Case, kind: Kind, message: str) -> Difference:
        harmless = only_makes_equal(self._bench.job.by_store[case.arrival.store])
        standing = standing_of(self._bench.name, case.key, case.record, makes_equal=harmless)
        fix = Fix.NONE if kind is Kind.UNCLEAR and standing.fix is Fix.AGAIN else standing.fix
        return Difference(
            kind, self._bench.name, case.key, case.arrival.store, message, m3=(case.key,),
            state=standing.state, reason=standing.reason, remedy=standing.remedy, fix=fix,
        )  # fmt: skip


def _is_left_alone(case: Case) -> bool:
    return case.record is not None and case.record.state is RecordState.IGNORED


def _where(call: Planned) -> str:
    sku = call.fields.get("sku") or call.fields.get("product_id")
    warehouse = call.fields.get("warehouse")
    return f"{sku} in warehouse {warehouse}" if warehouse is not None else str(sku)


def _published(row: Row, call: Planned) -> Json:
    """Return the quantity that `stock/set` would bring to another one."""
    warehouse, places = call.fields.get("warehouse"), row.get("warehouses")
    if warehouse is None or not isinstance(places, list) or row.get("reserved_quantity") is None:
        return row.get("quantity")
    place: Mapping[str, Json] = next(
        (one for one in places if str(one.get("warehouse_id")) == str(warehouse)), {}
    )
    stock = place.get("stock_quantity") or 0
    if str(call.fields.get("above_reserved") or "").lower() == "true":
        return stock - (place.get("reserved_quantity") or 0)
    return stock
