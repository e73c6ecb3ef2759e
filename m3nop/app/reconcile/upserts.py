"""Rows of the shop that a pipeline makes equal to M3: each is there, with the values that it would write now.

What should be there is worked out by the pipeline itself, with its reads of M3: its filter, conditions and
mapped fields, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.reconcile.asking import Question
from m3nop.app.reconcile.bench import UNTOUCHED, Bench, Case, work_of
from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.app.reconcile.order_lines import shown
from m3nop.app.reconcile.references import SeenKeys
from m3nop.app.reconcile.standing import only_makes_equal, standing_of
from m3nop.core.json import canonical
from m3nop.core.records import RecordState
from m3nop.engine.compare import comparable
from m3nop.mapping.pipeline import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.app.reconcile.findings import Tally
    from m3nop.core.connector import Row
    from m3nop.core.json import Json
    from m3nop.engine.preview import Planned

_MATCH, _ON_CREATE = "match.", "on_create."
_WITHOUT_VARIANTS = "oss"
"""The dialect that takes no values of a variant alone."""
_READS_BY: Mapping[str, tuple[str, ...]] = {"products": ("id", "sku"), "customers": ("id",)}
"""Fields by which a row of the shop can be read (`RESOURCE/get`)."""


class Upserts:
    """Compares the rows that one pipeline makes equal."""

    def __init__(self, bench: Bench, tally: Tally, *, resource: str) -> None:
        self._bench = bench
        self._tally = tally
        self._resource = resource
        self._seen = SeenKeys()

    def differences(self) -> Iterator[Difference]:
        """Yield what differs, in the order of M3's list.

        Raises:
            AccessError, SourceError: a system cannot be read.
        """
        for arrivals in self._bench.pages(self._tally, "rows in M3"):
            fresh = [arrival for arrival in arrivals if arrival.key not in self._seen]
            for arrival in fresh:
                self._seen.add(arrival.key)
            single = {arrival.key: arrival for arrival in fresh if arrival.state not in UNTOUCHED}
            cases = self._bench.cases(list(single.values()))
            self._bench.work_out_by_reading(cases)
            yield from self._compare([case for case in cases if not _left_alone(case)])

    def _compare(self, cases: Sequence[Case]) -> Iterator[Difference]:
        about: list[tuple[Case, Planned]] = []
        questions: list[Question] = []
        for case in cases:
            if case.problem:
                message = f"it cannot be worked out what the shop should have: {case.problem}"
                yield self._difference(case, Kind.UNCLEAR, message)
                continue
            for call in case.planned:
                question = self._question(call)
                if question is not None:
                    about.append((case, call))
                    questions.append(question)
        self._tally.compared[f"{self._resource} in the shop"] += len(questions)
        for (case, call), rows in zip(about, self._bench.ask(questions), strict=True):
            yield from self._judge(case, call, rows)

    def _question(self, call: Planned) -> Question | None:
        connection, _, name = call.target.partition("/")
        if call.skipped or name != self._resource:
            return None
        match = {by: call.fields.get(f"{_MATCH}{by}") for by in _READS_BY[self._resource]}
        given = {by: value for by, value in match.items() if value is not None}
        operation = self._bench.operation(connection, f"{self._resource}/get")
        if not given or operation is None:
            self._tally.note(f"{self._bench.name}: {call.path} matches by what the shop cannot be read by")
            return None
        return Question(Target(connection, operation), given)

    def _judge(self, case: Case, call: Planned, rows: Sequence[Row]) -> Iterator[Difference]:
        upsert = work_of(case).step_at(call.path).upsert
        if not rows:
            if upsert is not None and upsert.missing != "skip":
                yield self._difference(case, Kind.MISSING, f"the shop has no {self._resource} row of it")
            return
        row = _variant(rows[0], call) or rows[0]
        if row is not rows[0] and not self._writes_variants(call):
            self._tally.note(f"{self._bench.name}: values of variants are not compared: the shop takes none")
            return
        details = self._differing(call, row, all_known=row is rows[0])
        if details:
            message = f"the shop's row {rows[0].get('id')} has other values"
            yield self._difference(case, Kind.FIELDS, message, details)

    def _writes_variants(self, call: Planned) -> bool:
        config = self._bench.session.project.connections[call.target.partition("/")[0]]
        return getattr(config, "dialect", "") != _WITHOUT_VARIANTS

    def _differing(self, call: Planned, row: Row, *, all_known: bool) -> list[str]:
        texts: list[str] = []
        for name, value in call.fields.items():
            if name.startswith((_MATCH, _ON_CREATE)):
                continue
            if name not in row and not all_known:
                # The values of the product as a whole are not those of a variant.
                continue
            if name not in row:
                self._tally.note(
                    f"{self._bench.name}: {name} is not compared: the shop's reading does not tell it"
                )
            elif not same(value, row[name]):
                texts.append(f"{name}: {_shown(value)} from M3, {_shown(row[name])} in the shop")
        return texts

    def _difference(self, case: Case, kind: Kind, message: str, details: Sequence[str] = ()) -> Difference:
        harmless = only_makes_equal(self._bench.job.by_store[case.arrival.store])
        standing = standing_of(self._bench.name, case.key, case.record, makes_equal=harmless)
        fix = Fix.NONE if kind is Kind.UNCLEAR and standing.fix is Fix.AGAIN else standing.fix
        return Difference(
            kind, self._bench.name, case.key, case.arrival.store, message, tuple(details), m3=(case.key,),
            state=standing.state, reason=standing.reason, remedy=standing.remedy, fix=fix,
        )  # fmt: skip


def _variant(row: Row, call: Planned) -> Row | None:
    """Return the variant that has the SKU, where the product itself has another one."""
    sku = str(call.fields.get(f"{_MATCH}sku") or "").casefold()
    if not sku or str(row.get("sku") or "").casefold() == sku:
        return None
    variants = row.get("variants")
    found = variants if isinstance(variants, (list, tuple)) else ()
    own = next((one for one in found if str(one.get("sku") or "").casefold() == sku), None)
    if own is None or own.get("overridden_price") is None:
        return own
    return {**own, "price": own["overridden_price"]}


def _left_alone(case: Case) -> bool:
    return case.record is not None and case.record.state is RecordState.IGNORED


def same(wanted: Json, found: Json) -> bool:
    """Tell whether a value of the shop is what it should be; lists of parts are compared part by part."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and same(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(
            same(one, other) for one, other in zip(_sorted(wanted), _sorted(found), strict=True)
        )
    return bool(comparable(wanted) == comparable(found))


def _sorted(values: Sequence[Json]) -> list[Json]:
    return sorted(values, key=canonical)


def _shown(value: Json) -> str:
    if isinstance(value, (dict, list)):
        return canonical(value)
    return shown(value)
