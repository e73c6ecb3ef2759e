"""Orders: each paid shop order is in M3 once, with its lines and amounts, and M3 has no others of ours.

How orders are found in M3 comes from the pipeline: its `reference`, the probes of its `double_check`, the
step that enters lines and what it verifies. An order that m3nop entered is compared by the mapping of then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.app.reconcile import order_lines
from m3nop.app.reconcile.asking import TABLE, rows_of
from m3nop.app.reconcile.bench import GROUP, UNTOUCHED, Bench, Case, work_of
from m3nop.app.reconcile.documents import (
    DELIVERED,
    ENDED,
    Document,
    day_in,
    documents,
    numbers,
    probe_of,
    question,
    root_of,
)
from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.app.reconcile.references import Reading, SeenKeys
from m3nop.app.reconcile.standing import standing_of
from m3nop.core.clock import SECOND
from m3nop.core.connector import Call
from m3nop.core.records import RecordState
from m3nop.engine.work import disagreement
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.pipeline import Target, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.reconcile.asking import Question
    from m3nop.app.reconcile.findings import Tally
    from m3nop.core.connector import Row
    from m3nop.core.records import Arrival

IN_SHOP, IN_M3 = "orders in the shop", "orders in M3"
STUCK_AFTER = 1800.0
"""Seconds that an order may be temporary."""
_LAST_TIME = 235959


class Orders:
    """Compares the orders of one pipeline."""

    def __init__(self, bench: Bench, tally: Tally, *, stuck_after: float = STUCK_AFTER) -> None:
        self._bench = bench
        self._tally = tally
        self._stuck_after = int(stuck_after * SECOND)
        self._ships = _brings_shipments(bench)
        self._seen = SeenKeys()
        self._orders: dict[str, order_lines.Order] = {}
        self._pipelines = {store: bench.job.by_store[store] for store in bench.stores}

    def differences(self) -> Iterator[Difference]:
        """Yield what differs, in the order of the shop, then what only M3 has.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        if not self._pipelines:
            return
        if not self.can_look_up():
            return
        for arrivals in self._bench.pages(self._tally, IN_SHOP):
            for case, real, temporary in self.looked_up(arrivals):
                yield from self._judge(case, real, temporary)
        yield from self._only_in_m3()

    def can_look_up(self) -> bool:
        """Tell whether the pipeline says how its orders are found in M3; what it lacks is noted."""
        if all(one.double_check is not None for one in self._pipelines.values()):
            return True
        why = "the pipeline has no `double_check` that says how"
        self._tally.note(f"{self._bench.name}: orders cannot be looked up in M3: {why}")
        return False

    def total(self, number: str) -> Decimal:
        """Return what an order of the group that was looked up last comes to in M3: lines and charges."""
        order = self._orders.get(number)
        return Decimal(0) if order is None else (order.goods or Decimal(0)) + order.charges

    # -- from the shop to M3

    def looked_up(self, arrivals: Sequence[Arrival]) -> list[tuple[Case, list[Document], list[Document]]]:
        """Find the real and the temporary orders of a group of shop orders."""
        cases = self._bench.cases(arrivals)
        for case in cases:
            self._seen.add(case.key)
            self._bench.work_out(case, frozen=case.delivered)
        ready = [case for case in cases if case.work is not None]
        real = dict(zip(map(_key, ready), self._probe(ready, real=True), strict=True))
        temporary = dict(zip(map(_key, ready), self._probe(ready, real=False), strict=True))
        found = [(case, real.get(case.key, []), temporary.get(case.key, [])) for case in cases]
        self._tally.compared[IN_M3] += sum(len(some) for some in real.values())
        self._load_lines(found)
        return found

    def _probe(self, cases: Sequence[Case], *, real: bool) -> list[list[Document]]:
        questions: list[Question] = []
        asked: list[int] = []
        for number, case in enumerate(cases):
            try:
                questions.append(question(case, real=real))
                asked.append(number)
            except (EvaluationError, FieldRefusal) as error:
                case.problem = case.problem or str(error)
        found: list[list[Document]] = [[] for _ in cases]
        for number, rows in zip(asked, self._bench.ask(questions), strict=True):
            found[number] = documents(cases[number], rows, real=real)
        return found

    def _load_lines(self, found: Sequence[tuple[Case, list[Document], list[Document]]]) -> None:
        self._orders = {}
        groups: dict[tuple[str, bool], list[str]] = {}
        for case, real, _ in found:
            alive = [one.number for one in real if not one.is_ended]
            if not alive:
                continue
            connection = probe_of(work_of(case).pipeline, real=True).read.target.connection
            charges = any("CRAM" in call.fields for call in case.planned)
            groups.setdefault((connection, charges), []).extend(alive)
        for (connection, charges), some in groups.items():
            self._orders |= order_lines.actual(self._bench, connection, some, charges=charges)

    def _judge(self, case: Case, real: list[Document], temporary: list[Document]) -> Iterator[Difference]:
        alive = [one for one in real if not one.is_ended]
        if case.problem and not (case.work and real) and case.arrival.state is RecordState.READY:
            yield self._difference(
                case, Kind.UNCLEAR, f"it cannot be worked out what M3 should have: {case.problem}", real
            )
            return
        if not real and self._is_due(case):
            yield self._difference(case, Kind.MISSING, "M3 has no order of it", temporary)
        if len(alive) > 1:
            message = f"M3 has {len(alive)} orders of it: {numbers(alive)}"
            remedy = "look at them in OIS300, delete what is too much there, then reconcile again"
            yield replace(
                self._difference(case, Kind.DUPLICATED, message, alive), remedy=remedy, fix=Fix.DECIDE
            )
        yield from self._stuck(case, real, temporary)
        if real:
            yield from self._status(case, real, alive)
        if len(alive) == 1 and not case.problem:
            yield from self._content(case, alive[0])

    def _is_due(self, case: Case) -> bool:
        """Tell whether M3 should have an order: the shop's is eligible, or m3nop says that it entered it."""
        if case.arrival.state is RecordState.BASELINED:
            # Older than the start of the pipeline: looked at only where somebody asks for that time.
            return self._bench.window.start is not None and not case.delivered
        return case.arrival.state not in (RecordState.WAITING, *UNTOUCHED) or case.delivered

    def _stuck(self, case: Case, real: list[Document], temporary: list[Document]) -> Iterator[Difference]:
        for one in temporary:
            if one.text("ORNR") or not self._is_old(one):
                continue
            status = one.text("STAT") or "unknown"
            beside = f" beside the real one {numbers(real)}" if real else ""
            message = (
                f"the temporary order {one.number} does not become real{beside}: status {status} (OIS275)"
            )
            found = self._difference(case, Kind.STUCK, message, [one])
            if found.fix in (Fix.DECIDE, Fix.NONE) and case.record is None:
                found = replace(found, remedy="look at its errors in OIS275 and delete it there")
            yield found

    def _is_old(self, one: Document) -> bool:
        changed = one.text("LMTS").partition(".")[0]
        if not changed.isdecimal() or not int(changed):
            return True
        return self._bench.now - int(changed) * 1000 >= self._stuck_after

    def _status(self, case: Case, real: list[Document], alive: list[Document]) -> Iterator[Difference]:
        order = case.arrival.snapshot
        cancelled = order.get("order_status") == "cancelled"
        message = ""
        if cancelled and alive and alive[0].text("ORST"):
            message = f"cancelled in the shop, and M3 goes on with it: {alive[0].status}"
        elif not alive and real and not cancelled and real[0].text("ORST"):
            message = f"deleted or closed in M3 ({real[0].status}), and the shop goes on with it"
        if message:
            found = self._difference(case, Kind.STATUS, message, alive or real)
            yield replace(
                found, remedy="decide which side is right, and put the other one right", fix=Fix.DECIDE
            )
        elif alive and not cancelled:
            yield from self._shipping(case, alive[0])

    def _shipping(self, case: Case, one: Document) -> Iterator[Difference]:
        if not one.text("ORSL"):
            self._tally.note(
                f"{self._bench.name}: M3's status is not read by the probe, so it is not compared"
            )
            return
        if not self._ships:
            why = "the project has no pipeline that brings shipments to the shop"
            self._tally.note(f"{self._bench.name}: what was delivered is not compared: {why}")
            return
        shipping = str(case.arrival.snapshot.get("shipping_status") or "")
        delivered = one.text("ORSL") >= DELIVERED
        if delivered and shipping in ("not_yet_shipped", "partially_shipped"):
            message = f"M3 delivered all of it ({one.status}), and the shop says {shipping}"
        elif not delivered and shipping in ("shipped", "delivered"):
            message = f"the shop says {shipping}, and M3 has not delivered all of it ({one.status})"
        else:
            return
        found = self._difference(case, Kind.STATUS, message, [one])
        yield replace(found, remedy="m3nop sync shipments", fix=Fix.SYNC) if delivered else found

    def _content(self, case: Case, one: Document) -> Iterator[Difference]:
        work, found = work_of(case), self._orders.get(one.number)
        differs = disagreement(work, probe_of(work.pipeline, real=True), one.named, root_of(case))
        if differs:
            yield self._difference(case, Kind.FIELDS, f"the head of {one.number}: {differs}", [one])
        step = order_lines.line_step(work.pipeline)
        if step is None or found is None:
            self._tally.note(
                f"{self._bench.name}: no step enters lines, so lines and amounts are not compared"
            )
            return
        wanted = order_lines.expected(work.pipeline, case.planned)
        lines = order_lines.compare_lines(order_lines.compared_fields(step), wanted, found)
        amounts = order_lines.compare_amounts(case, wanted, found)
        if lines:
            yield self._difference(case, Kind.LINES, f"the lines of {one.number} differ", [one], lines)
        if amounts:
            yield self._difference(case, Kind.AMOUNT, f"the totals of {one.number} differ", [one], amounts)

    def _difference(
        self, case: Case, kind: Kind, message: str, documents: Sequence[Document], details: Sequence[str] = ()
    ) -> Difference:
        standing = standing_of(self._bench.name, case.key, case.record)
        if case.arrival.state is RecordState.BASELINED and case.record is None:
            standing = replace(
                standing, state="baselined", fix=Fix.DECIDE, remedy="m3nop links import, or by hand"
            )
        return Difference(
            kind, self._bench.name, case.key, case.arrival.store, message, tuple(details),
            reference=case.work.attempt.reference if case.work else "",
            m3=tuple(one.number for one in documents), state=standing.state, reason=standing.reason,
            remedy=standing.remedy, fix=standing.fix,
        )  # fmt: skip

    # -- from M3 to the shop

    def _only_in_m3(self) -> Iterator[Difference]:
        reading = Reading(self._pipelines)
        probe = probe_of(next(iter(self._pipelines.values())), real=True)
        operation = self._bench.operation(probe.read.target.connection, f"{TABLE}OOHEAD")
        unread = sorted(set(self._pipelines) - set(reading.stores))
        if operation is None or unread:
            why = (
                "the connection allows no table reads (`table_reads: false`)" if operation is None
                else f"references of {', '.join(unread)} are made of more than the order's id"
            )  # fmt: skip
            self._tally.note(
                f"{self._bench.name}: M3 orders that the shop does not know are not looked for: {why}"
            )
            return
        target = Target(probe.read.target.connection, operation)
        for rows in self._m3_orders(target):
            strange: dict[str, list[tuple[str, Row]]] = {}
            for row in rows:
                found = reading.of(str(row.get("OACUOR") or ""))
                if found is not None and found[1] not in self._seen and str(row["OAORST"]) < ENDED:
                    strange.setdefault(found[1], []).append((found[0], row))
            for start in range(0, len(strange), GROUP):
                yield from self._unknown(dict(list(strange.items())[start : start + GROUP]))

    def _m3_orders(self, target: Target) -> Iterator[tuple[Row, ...]]:
        """Yield the orders that M3 made within the window, a part at a time."""
        start, zone = self._bench.start or 0, self._bench.tools.zone
        days = [day_in(start, zone), day_in(self._bench.window.end, zone)]
        columns = ("OACUOR", "OAORNO", "OACUNO", "OAORST")
        call = Call("orders", target.operation, {"OARGDT": days, "OARGTM": [0, _LAST_TIME]}, columns)
        for answer in self._bench.tools.connections[target.connection].scan(call):
            rows = rows_of(target.operation, answer, f"{target.connection}/")
            self._tally.compared["M3 orders of that time"] += len(rows)
            yield rows

    def _unknown(self, strange: Mapping[str, list[tuple[str, Row]]]) -> Iterator[Difference]:
        known = self._bench.fetch(list(strange))
        for key, found in strange.items():
            if key in known:
                continue
            store, row = found[0]
            numbers = tuple(str(one["OAORNO"]).strip() for _, one in found)
            reference = str(row["OACUOR"]).strip()
            record = self._bench.state.record(self._bench.name, key) if self._bench.state else None
            standing = standing_of(self._bench.name, key, record)
            yield Difference(
                Kind.UNKNOWN, self._bench.name, key, store,
                f"M3 has {', '.join(numbers)} with the reference {reference}, and the shop has no such order",
                reference=reference, m3=numbers, state=standing.state, reason=standing.reason,
                remedy="ask who entered it; delete it in OIS300 if nobody wants it", fix=Fix.DECIDE,
            )  # fmt: skip


def _brings_shipments(bench: Bench) -> bool:
    project = bench.session.project
    compiled = (
        project.pipeline(name, store) for name in project.pipelines for store in project.stores_of(name)
    )
    return any(
        step.upsert is not None and step.upsert.target.operation.name == "shipments"
        for pipeline in compiled
        if pipeline.enabled
        for step in walk(pipeline.steps)
    )


def _key(case: Case) -> str:
    return case.key
