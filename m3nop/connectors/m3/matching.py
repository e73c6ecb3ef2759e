"""Which result of a bulk answers which call. A wrong match would enter an order twice, so doubt wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.connectors.m3.results import NOT_THERE, Reply, Result
from m3nop.core.connector import Failure, Outcome, Remedy

if TYPE_CHECKING:
    from m3nop.connectors.m3.results import Record

Sent = tuple[str, Mapping[str, str]]
"""A transaction's name and the record that was sent."""

_Input = tuple[str, tuple[tuple[str, str], ...]]


def match(
    sent: Sequence[Sent],
    results: Sequence[Result],
    *,
    counted: Sequence[int | None],
    terminated: Failure | None,
) -> list[Reply]:
    """Give each call its result, by position where everything adds up, else by the repeated input.

    ``counted`` are M3's own counts of what succeeded, failed and was not processed, None where it gave none.
    """
    if terminated is not None and NOT_THERE.match(terminated.code):
        failure = replace(terminated, remedy=Remedy.CONFIGURATION)
        return [Reply(None, Outcome.NOT_SENT, failure)] * len(sent)
    if terminated is None and _adds_up(sent, results, counted):
        return [Reply(result) for result in results]
    lost = Failure(
        Remedy.IN_DOUBT,
        f"M3 answered {len(results)} of {len(sent)} calls and its counts do not tell which were made",
    )
    unknown = Reply(None, Outcome.IN_DOUBT, terminated or lost, clean=False)
    named = _by_input(sent, results)
    return [Reply(named[n], clean=False) if n in named else unknown for n in range(len(sent))]


def _adds_up(sent: Sequence[Sent], results: Sequence[Result], counted: Sequence[int | None]) -> bool:
    if len(results) != len(sent):
        return False
    unprocessed = sum(not result.processed for result in results)
    failed = sum(result.processed and result.refusal is not None for result in results)
    found = (len(results) - failed - unprocessed, failed, unprocessed)
    if any(said is not None and said != own for said, own in zip(counted, found, strict=True)):
        return False
    return all(
        result.transaction in {"", name} and not _is_about_another(result, record, sent)
        for result, (name, record) in zip(results, sent, strict=True)
    )


def _is_about_another(result: Result, record: Mapping[str, str], sent: Sequence[Sent]) -> bool:
    """Tell whether the repeated input is another call's; M3 may write the same input in other words."""
    parameters = result.parameters
    if not parameters or _repeats(parameters, record):
        return False
    return any(_repeats(parameters, other) for _, other in sent)


def _repeats(parameters: Record, record: Mapping[str, str]) -> bool:
    if record.items() <= parameters.items():
        return True
    return all(parameters.get(name, "").strip() == value.strip() for name, value in record.items())


def _by_input(sent: Sequence[Sent], results: Sequence[Result]) -> dict[int, Result]:
    """Match results that repeat their input; of equal calls either all have a result or none is trusted."""
    alike: dict[_Input, list[int]] = defaultdict(list)
    for n, (name, record) in enumerate(sent):
        alike[name, tuple(sorted(record.items()))].append(n)
    found: dict[_Input, list[Result]] = defaultdict(list)
    for result in results:
        meant = _meant(result, alike)
        if meant is not None:
            found[meant].append(result)
    return {
        n: result
        for one, numbers in alike.items()
        if len(found[one]) == len(numbers)
        for n, result in zip(numbers, found[one], strict=True)
    }


def _meant(result: Result, inputs: Iterable[_Input]) -> _Input | None:
    """Return the one input that the result repeats.

    A call without an optional field fits what a call with it would repeat, so the fullest is meant.
    """
    parameters = result.parameters
    if not parameters:
        return None
    fitting = [
        one for one in inputs if result.transaction in {"", one[0]} and _repeats(parameters, dict(one[1]))
    ]
    fullest = max((len(one[1]) for one in fitting), default=0)
    meant = [one for one in fitting if len(one[1]) == fullest]
    return meant[0] if len(meant) == 1 else None
