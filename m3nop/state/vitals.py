"""Reads how pipelines fare: a few queries over all of them, each led by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select

from m3nop.core.records import CallState, RecordState
from m3nop.core.vitals import ComparisonNews, LetterGroup, PipelineVitals, RunNews, Vitals
from m3nop.state import rows
from m3nop.state.schema import (
    calls,
    circuits,
    comparisons,
    dead_letters,
    records,
    runs,
    scope,
    watermarks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from m3nop.core.clock import Instant

_GOOD = ("ok", "problems")
_BAD = ("failed", "killed")
_RUNS = 1000
"""A pipeline that did not end well in so many runs is one that never did."""
_UNFINISHED = (
    RecordState.READY, RecordState.IN_FLIGHT, RecordState.BLOCKED, RecordState.PENDING, RecordState.REVIEW,
)  # fmt: skip


def read_vitals(connection: Connection, names: Sequence[str], *, now: Instant) -> Vitals:
    """Read how the named pipelines fare at ``now``, and everything else that concerns all of them."""
    counts = _grouped(connection, _counts(names), lambda row: (RecordState(row.state), row.number))
    reviews = _grouped(connection, _reviews(names), lambda row: (row.reason, row.number))
    moved = _grouped(connection, _moved(names), lambda row: (row.partition, row.updated_at))
    due = _single(connection, _due(names, now))
    received = _single(connection, _received(names))
    in_doubt = _single(connection, _in_doubt(names))
    pipelines = {}
    for name in names:
        last, last_good, failed = _runs_of(connection, name)
        pipelines[name] = PipelineVitals(
            counts.get(name, {}), due.get(name), received.get(name), moved.get(name, {}),
            in_doubt.get(name, 0), reviews.get(name, {}), last, last_good, failed,
        )  # fmt: skip
    return Vitals(
        since=connection.execute(select(scope.c.created_at)).scalar_one(),
        pipelines=pipelines,
        letters=[LetterGroup(*row) for row in connection.execute(_letters(names))],
        circuits=[rows.circuit_from(row) for row in rows.each(connection.execute(select(circuits)))],
        comparisons=[ComparisonNews(**row) for row in rows.each(connection.execute(select(comparisons)))],
    )


def _counts(names: Sequence[str]) -> Select[Any]:
    columns = (records.c.pipeline, records.c.state)
    number = func.count().label("number")
    return select(*columns, number).where(records.c.pipeline.in_(names)).group_by(*columns)


def _reviews(names: Sequence[str]) -> Select[Any]:
    columns = (records.c.pipeline, records.c.reason)
    number = func.count().label("number")
    return select(*columns, number).where(*_standing(names, [RecordState.REVIEW])).group_by(*columns)


def _moved(names: Sequence[str]) -> Select[Any]:
    # A name with a colon is a mark that the engine keeps beside them.
    part = ~watermarks.c.partition.contains(":")
    return select(watermarks).where(watermarks.c.pipeline.in_(names), part)


def _due(names: Sequence[str], now: Instant) -> Select[Any]:
    since = func.coalesce(records.c.not_before, records.c.seen_at)
    due = (*_standing(names, [RecordState.READY]), since <= now)
    return select(records.c.pipeline, func.min(since)).where(*due).group_by(records.c.pipeline)


def _received(names: Sequence[str]) -> Select[Any]:
    here = records.c.pipeline.in_(names)
    return select(records.c.pipeline, func.max(records.c.seen_at)).where(here).group_by(records.c.pipeline)


def _in_doubt(names: Sequence[str]) -> Select[Any]:
    number = func.count(records.c.id.distinct())
    unclear = calls.c.state == str(CallState.IN_DOUBT)
    joined = select(records.c.pipeline, number).join_from(
        records, calls, calls.c.attempt_id == records.c.attempt_id
    )
    return joined.where(*_standing(names, _UNFINISHED), unclear).group_by(records.c.pipeline)


def _letters(names: Sequence[str]) -> Select[Any]:
    columns = (dead_letters.c.pipeline, dead_letters.c.remedy, dead_letters.c.signature)
    number, since = func.count().label("number"), func.min(dead_letters.c.created_at)
    is_open = (dead_letters.c.pipeline.in_(names), dead_letters.c.settled_at.is_(None))
    return (
        select(*columns, number, since).where(*is_open).group_by(*columns).order_by(number.desc(), *columns)
    )


def _standing(names: Sequence[str], states: Iterable[RecordState]) -> tuple[ColumnElement[bool], ...]:
    return records.c.pipeline.in_(names), records.c.state.in_([str(state) for state in states])


def _runs_of(connection: Connection, name: str) -> tuple[RunNews | None, RunNews | None, int]:
    """Return the latest run of a pipeline, the latest that ended well, and how many failed since."""
    named = (literal(",") + runs.c.pipeline + literal(",")).contains(f",{name},", autoescape=True)
    over = (named, runs.c.result.in_((*_GOOD, *_BAD)), runs.c.ended_at.is_not(None))
    columns = (runs.c.started_at, runs.c.ended_at, runs.c.result, runs.c.message, runs.c.failures)
    found = connection.execute(select(*columns).where(*over).order_by(runs.c.id.desc()).limit(_RUNS))
    last: RunNews | None = None
    for failed, row in enumerate(found):
        news = _news(name, row)
        last = last or news
        if not news.failed:
            found.close()
            return last, news, failed
    return last, None, 0 if last is None else failed + 1


def _news(name: str, row: Any) -> RunNews:  # noqa: ANN401 - a row of columns chosen above
    failed, message = row.result in _BAD, row.message
    if failed and row.failures:
        # Others stopped; this one may have gone on.
        failed, message = name in row.failures, row.failures.get(name, "")
    return RunNews(row.started_at, row.ended_at, failed, message if failed else "")


def _grouped(
    connection: Connection, statement: Select[Any], pair: Callable[[Any], tuple[Any, Any]]
) -> dict[str, dict[Any, Any]]:
    found: dict[str, dict[Any, Any]] = {}
    for row in connection.execute(statement):
        name, value = pair(row)
        found.setdefault(row.pipeline, {})[name] = value
    return found


def _single(connection: Connection, statement: Select[Any]) -> dict[str, Any]:
    return {row[0]: row[1] for row in connection.execute(statement)}
