"""Money: what the shop captured and refunded is entered, and M3 has a voucher of everything that was posted.

What moved since it was entered last, and by what M3 knows a movement, is worked out by the pipeline itself:
`skip_when`, `remember`, and the probe of the commit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.app.reconcile.asking import TABLE, Question
from m3nop.app.reconcile.bench import Bench, Case, work_of
from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.app.reconcile.order_lines import number, shown
from m3nop.app.reconcile.standing import standing_of
from m3nop.core.records import CallState, RecordState
from m3nop.engine.compare import comparable
from m3nop.engine.work import Work, matching_rows
from m3nop.mapping.errors import EvaluationError, FieldRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.reconcile.findings import Tally
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.core.records import Attempt, LoggedCall
    from m3nop.core.state import State
    from m3nop.mapping.pipeline import Pipeline, Probe, Step

_LEDGER = f"{TABLE}FGLEDG"
_AMOUNT = "EGCUAM"
_LEFT = "GLS840MI/CtrlBatch"
"""The last call where an accountant posts: the voucher comes when that is done."""
_MADE = (CallState.DONE, CallState.FOUND)


class Movement:
    """One movement that was entered: the attempt that did, and how M3 knows it."""

    def __init__(self, work: Work, step: Step, probe: Probe, lines: Mapping[str, LoggedCall]) -> None:
        self.work, self.step, self.probe = work, step, probe
        self.root = {
            **work.root(),
            "steps": {path: {"fields": line.fields} for path, line in lines.items() if "/" not in path},
        }
        self.debit = sum((_debit(line.fields) for line in lines.values()), Decimal(0))

    @property
    def is_left(self) -> bool:
        """Whether an accountant posts it."""
        return self.step.request.target.operation.name == _LEFT

    def question(self) -> Question:
        """Ask for its vouchers.

        Raises:
            EvaluationError, FieldRefusal: how M3 knows it cannot be worked out.
        """
        read = self.probe.read
        columns = (
            (*read.outputs.names.values(), _AMOUNT) if read.target.operation.name == _LEDGER else ()
        )  # fmt: skip
        return Question(read.target, self.work.map(read, self.root).fields, tuple(dict.fromkeys(columns)))

    def vouchers(self, rows: Sequence[Row]) -> list[Row]:
        """Keep the rows that are of this movement."""
        return [row for row in rows if matching_rows(self.work, self.probe, [row], self.root)]


def _debit(fields: Mapping[str, Json]) -> Decimal:
    return max(number(fields.get("CUAM")), Decimal(0))


class Payments:
    """Compares the movements of one pipeline."""

    def __init__(self, bench: Bench, tally: Tally) -> None:
        self._bench = bench
        self._tally = tally

    def differences(self) -> Iterator[Difference]:
        """Yield what differs, in the order of the shop.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        for arrivals in self._bench.pages(self._tally, "orders in the shop"):
            cases = self._bench.cases(arrivals)
            for case in cases:
                self._bench.work_out(case, frozen=False)
                if case.arrival.state is RecordState.READY:
                    yield from self._moved(case)
            yield from self._posted(cases)

    # -- money that moved

    def _moved(self, case: Case) -> Iterator[Difference]:
        if case.work is None:
            message = f"it cannot be worked out what moved: {case.problem}"
            yield self._difference(case, Kind.UNCLEAR, message)
            return
        work = case.work
        try:
            if _nothing_moved(case, work):
                return
            details = _details(work)
        except EvaluationError as error:
            yield self._difference(case, Kind.UNCLEAR, f"it cannot be worked out what moved: {error}")
            return
        yield self._difference(
            case, Kind.UNPOSTED, "money moved in the shop and is not entered in M3", details
        )

    # -- money that was entered

    def _posted(self, cases: Sequence[Case]) -> Iterator[Difference]:
        found = [(case, one) for case in cases for one in self._movements(case)]
        questions = []
        for case, one in found:
            try:
                questions.append(one.question())
            except (EvaluationError, FieldRefusal) as error:
                self._tally.note(f"{self._bench.name}/{case.key}: its voucher cannot be asked for: {error}")
        if len(questions) != len(found):
            return
        for (case, one), rows in zip(found, self._bench.ask(questions), strict=True):
            yield from self._judge(case, one, rows)

    def _movements(self, case: Case) -> list[Movement]:
        """Go through the movements that were entered, each with what was remembered before it."""
        state, record = self._bench.state, case.record
        if state is None or record is None:
            return []
        remembered: Json = None
        found = []
        for attempt in state.attempts(record.id):
            if not attempt.committed:
                continue
            lines = {line.step: line for line in state.calls(attempt.id) if line.state in _MADE}
            work = self._work(state, case, attempt, lines, remembered)
            step = next((one for one in work.pipeline.steps if one.commit and one.id in lines), None)
            if step is not None and step.probe is not None:
                found.append(Movement(work, step, work.pipeline.probes[step.probe], lines))
            elif step is not None:
                self._tally.note(
                    f"{self._bench.name}: {step.id} has no probe, so its vouchers are not looked for"
                )
            remembered = work.to_remember()
        return found

    def _work(
        self, state: State, case: Case, attempt: Attempt, lines: Mapping[str, LoggedCall], remembered: Json
    ) -> Work:
        pipeline: Pipeline = self._bench.job.by_store[case.arrival.store]
        text = None if attempt.definition == pipeline.digest else state.definition(attempt.definition)
        if text is not None:
            pipeline = self._bench.tools.recompile(text)
        record = case.record
        if record is None:
            raise LookupError(case.key)
        before = replace(record, remembered=remembered)
        return Work(
            pipeline, before, attempt, lines=lines.values(), link=case.link, zone=self._bench.tools.zone
        )

    def _judge(self, case: Case, one: Movement, rows: Sequence[Row]) -> Iterator[Difference]:
        vouchers = one.vouchers(rows)
        if not vouchers:
            if one.is_left:
                self._tally.compared["batches left to an accountant"] += 1
                return
            message = f"M3 has no voucher of what {one.step.id} posted"
            yield self._difference(case, Kind.VOUCHER, message, _details(one.work))
            return
        self._tally.compared["movements with a voucher"] += 1
        if _AMOUNT in vouchers[0] and one.debit:
            posted = sum((max(number(row[_AMOUNT]), Decimal(0)) for row in vouchers), Decimal(0))
            if posted != one.debit:
                message = f"the voucher has {posted:.2f}, and {one.debit:.2f} was sent"
                yield self._difference(case, Kind.AMOUNT, message)

    def _difference(self, case: Case, kind: Kind, message: str, details: Sequence[str] = ()) -> Difference:
        standing = standing_of(self._bench.name, case.key, case.record)
        if kind is Kind.UNPOSTED and case.record is not None and case.record.state is RecordState.DONE:
            remedy = f"m3nop sync {self._bench.name}: it is looked at again at its time"
            standing = replace(standing, remedy=remedy, fix=Fix.SYNC)
        return Difference(
            kind, self._bench.name, case.key, case.arrival.store, message, tuple(details),
            reference=work_of(case).attempt.reference if case.work is not None else "",
            state=standing.state, reason=standing.reason, remedy=standing.remedy, fix=standing.fix,
        )  # fmt: skip


def _nothing_moved(case: Case, work: Work) -> bool:
    skip = work.pipeline.skip_when
    if skip is None:
        # It is entered once, whatever moves later.
        return case.link is not None
    return skip.condition(work.root(), work.context)


def _details(work: Work) -> list[str]:
    """Say what moved, by the totals that the pipeline remembers."""
    before: Mapping[str, Json] = work.record.remembered or {}
    now = work.to_remember() or {}
    return [
        f"{name}: {shown(value)} now, {shown(before.get(name, 0))} before"
        for name, value in now.items()
        if comparable(value) != comparable(before.get(name, 0)) and name != "attempt"
    ]
