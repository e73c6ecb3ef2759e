"""Customers: each eligible shop customer is linked, to an M3 customer that is in use and has equal fields.

Which fields are equal is what the pipeline itself compares before it writes (`compare`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.reconcile.asking import Question
from m3nop.app.reconcile.bench import GROUP, Bench, Case, work_of
from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.app.reconcile.order_lines import shown
from m3nop.app.reconcile.references import SeenKeys
from m3nop.app.reconcile.standing import only_makes_equal, standing_of
from m3nop.core.records import RecordState
from m3nop.engine.compare import becomes, comparable
from m3nop.mapping.errors import EvaluationError, FieldRefusal
from m3nop.mapping.pipeline import Target, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.reconcile.findings import Tally
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.core.records import Link
    from m3nop.engine.preview import Planned

IN_SHOP = "customers in the shop"
READ = "CRS610MI/GetBasicData"
_IN_USE = "20"


class Customers:
    """Compares the customers of one pipeline."""

    def __init__(self, bench: Bench, tally: Tally) -> None:
        self._bench = bench
        self._tally = tally
        self._seen = SeenKeys()
        self._pipeline = bench.job.any
        self._erp = next(
            (str(step.request.target.connection) for step in walk(self._pipeline.steps) if step.call), ""
        )

    def differences(self) -> Iterator[Difference]:
        """Yield what differs, in the order of the shop, then links to what the shop does not have any more.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        if not any(step.compare for step in walk(self._pipeline.steps)):
            why = "no step of the pipeline has `compare`, so M3's own values may stay"
            self._tally.note(f"{self._bench.name}: fields of customers are not compared: {why}")
        for arrivals in self._bench.pages(self._tally, IN_SHOP):
            cases = self._bench.cases(arrivals)
            for case in cases:
                self._seen.add(case.key)
            linked = [case for case in cases if case.link is not None]
            yield from (self._missing(case) for case in cases if case.link is None and self._is_due(case))
            yield from self._linked(linked)
        if self._bench.window.start is None and self._bench.state is not None:
            yield from self._left_over()

    def _is_due(self, case: Case) -> bool:
        if case.record is not None:
            return case.record.state not in (
                RecordState.WAITING, RecordState.IGNORED, RecordState.BASELINED
            )  # fmt: skip
        return case.arrival.state in (RecordState.READY, RecordState.REVIEW)

    def _missing(self, case: Case) -> Difference:
        return self._difference(case, Kind.MISSING, "it is linked to no M3 customer")

    def _linked(self, cases: Sequence[Case]) -> Iterator[Difference]:
        links = [case.link for case in cases if case.link is not None]
        rows = self._m3_customers(links)
        alive = [case for case, row in zip(cases, rows, strict=True) if row is not None]
        if any(step.compare for step in walk(self._pipeline.steps)):
            self._bench.work_out_by_reading(alive)
        compared = self._compared(alive)
        for case, row in zip(cases, rows, strict=True):
            number = case.link.m3 if case.link is not None else ""
            if row is None:
                yield self._difference(case, Kind.GONE, f"M3 does not have customer {number} any more")
                continue
            status = str(row.get("STAT") or "").strip()
            if status and status != _IN_USE:
                yield self._difference(case, Kind.BLOCKED, f"customer {number} has status {status} in M3")
            elif details := compared.get(case.key):
                message = f"customer {number} has other values in M3"
                yield self._difference(case, Kind.FIELDS, message, details)

    def _m3_customers(self, links: Sequence[Link]) -> list[Row | None]:
        operation = self._bench.operation(self._erp, READ)
        if operation is None:
            self._tally.note(f"{self._bench.name}: {self._erp} has no {READ}, so links are not followed")
            return [{} for _ in links]
        questions = [Question(Target(self._erp, operation), {"CUNO": link.m3}) for link in links]
        self._tally.compared["customers in M3"] += len(questions)
        return [rows[0] if rows else None for rows in self._bench.ask(questions)]

    def _compared(self, cases: Sequence[Case]) -> dict[str, list[str]]:
        """Say by key which fields differ."""
        questions: list[Question] = []
        about: list[tuple[Case, Planned]] = []
        for case in cases:
            for call in case.planned:
                question = self._question(case, call)
                if question is not None:
                    questions.append(question)
                    about.append((case, call))
        texts: dict[str, list[str]] = {}
        for (case, call), rows in zip(about, self._bench.ask(questions), strict=True):
            if len(rows) == 1:
                texts.setdefault(case.key, []).extend(differing(call.fields, rows[0]))
        return texts

    def _question(self, case: Case, call: Planned) -> Question | None:
        if call.skipped or call.problem or not call.path or "/" in call.path:
            return None
        work = work_of(case)
        compare = work.step_at(call.path).compare
        if compare is None:
            return None
        try:
            fields = work.map(compare, {**work.root(), "steps": case.results}).fields
        except (EvaluationError, FieldRefusal) as error:
            case.problem = case.problem or str(error)
            return None
        return Question(compare.target, fields)

    def _left_over(self) -> Iterator[Difference]:
        after, state = (0, ""), self._bench.state
        while state is not None and (
            links := state.links_since(self._bench.name, after=after, limit=GROUP)
        ):  # fmt: skip
            after = (links[-1].linked_at, links[-1].key)
            unseen = [link for link in links if link.key not in self._seen]
            found = self._bench.fetch([link.key for link in unseen])
            for link in unseen:
                if link.key not in found:
                    yield self._gone(link)

    def _gone(self, link: Link) -> Difference:
        return Difference(
            Kind.GONE, self._bench.name, link.key, "",
            f"the shop does not have customer {link.shop} any more; M3 has {link.m3}", m3=(link.m3,),
            state="linked", remedy="block it in M3 if nobody wants it; the link does no harm", fix=Fix.DECIDE,
        )  # fmt: skip

    def _difference(self, case: Case, kind: Kind, message: str, details: Sequence[str] = ()) -> Difference:
        harmless = kind is Kind.FIELDS and only_makes_equal_again(self._bench, case)
        standing = standing_of(self._bench.name, case.key, case.record, makes_equal=harmless)
        return Difference(
            kind, self._bench.name, case.key, case.arrival.store, message, tuple(details),
            m3=(case.link.m3,) if case.link is not None else (), state=standing.state, reason=standing.reason,
            remedy=standing.remedy, fix=standing.fix,
        )  # fmt: skip


def only_makes_equal_again(bench: Bench, case: Case) -> bool:
    """Tell whether a delivered record of a pipeline may be worked on again without entering anything."""
    pipeline = bench.job.by_store[case.arrival.store]
    if only_makes_equal(pipeline):
        return True
    if pipeline.commit_step is not None or case.link is None:
        return False
    # What makes a customer is skipped for one that is linked; the rest looks before it writes.
    acts = [call for call in case.planned if call.fields and not call.skipped and call.effect != "read"]
    return bool(acts) and all(work_of(case).step_at(call.path).compare is not None for call in acts)


def differing(fields: Mapping[str, Json], row: Row, *, ours: str = "from the shop") -> list[str]:
    """Say which fields differ from a row; what the row does not tell is left out."""
    return [
        f"{name}: {shown(becomes(value))} {ours}, {shown(row[name])} there"
        for name, value in fields.items()
        if name in row and comparable(row[name]) != becomes(value)
    ]
