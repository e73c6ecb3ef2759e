"""Writes ``docs/reference/faults.md`` from the fault catalogue that the tests enumerate.

Run ``python tests/unit/docs/fault_reference.py`` after a change of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from m3nop.core.connector import Remedy  # noqa: E402
from tests.contract.faults.catalogue import (  # noqa: E402
    BULK,
    FAULTS,
    M3_LISTS,
    SOURCES,
    TIMES,
    Body,
    Happened,
    Said,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PAGE = ROOT / "docs" / "reference" / "faults.md"
HEAD = """\
# What can go wrong, and what is known then

The fault catalogue: every fault that a connector can meet, and what it says of a call then. The page is written from the
table that the tests enumerate: each row is tried on every operation of both connectors, over live HTTP, and what is said is
compared with what the books of the system show
([M3](../../tests/contract/faults/test_m3_operations.py), [the shop](../../tests/contract/faults/test_shop_operations.py),
[lists and sources](../../tests/contract/faults/test_sources.py), [time](../../tests/contract/engine/test_time.py)).

What is **known** of a call is one of these:

| known | meaning | what the engine does |
|---|---|---|
| done | the system said that it was done | goes on |
| refused | the system said no; there is no effect | a dead letter, or what the pipeline says |
| not sent | it cannot have had an effect | sends it again, after a pause; the record loses nothing |
| in doubt | nobody knows | asks the probe, begins the attempt anew, or asks a person; never sends it blindly again |

Behind it stands the remedy, where there is one: *transient* passes by itself, *systemic* rests the whole connection after a
while ([outages](../explanation/outages.md)), *authentication* and *configuration* wait for a person. A read has no effect, so
it is never in doubt. In the column **happened** stands what the system had really done, which the connector cannot see.
"""
HAPPENED = {
    Happened.NOTHING: "nothing",
    Happened.ALL: "all of it",
    Happened.LATER: "all of it, 20 s later",
    Happened.SOME: "the first call",
}
BODIES = {
    Body.NONE: "where the answer has no body anyway: done",
    Body.NEEDLESS: "where the row is read again anyway: done",
}


def _known(said: Said) -> str:
    # That a person has to find out goes without saying.
    plain = said.remedy is None or said.remedy is Remedy.IN_DOUBT
    return str(said) if plain else f"{said} ({said.remedy})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _any_request() -> Iterator[str]:
    yield "## Any request"
    yield ""
    yield "A call to M3 is one request, or its part of one. A call to the shop may be several: it reads, compares and writes. A"
    yield "shop's reads that fail are made again, twice; the column *reads* says what is known when they fail each time. *Half"
    yield "done* is a call that is hit when an earlier request of it has acted: what was written stays, and the same call made"
    yield "again completes it. *Token* is what is known of a call when the request for its token is hit, in M3."
    yield ""
    heads = ("fault", "happened", "M3: acts", "shop: acts", "shop: half done", "reads", "token")
    rows = [
        (
            fault.what,
            HAPPENED[fault.happened],
            _known(fault.acting("m3")),
            "; ".join(
                [
                    _known(fault.acting("shop")),
                    *(BODIES[body] for body in BODIES if body in fault.nothing_to_spoil),
                ]
            ),
            _known(fault.acting("shop", acted=True)) if fault.kind else "",
            _known(fault.reads) + ("" if fault.shop is None else f"; of the shop: {_known(fault.shop)}"),
            _known(fault.token) if fault.token else "",
        )
        for fault in FAULTS
    ]
    yield from _table(heads, rows)


def _bulk() -> Iterator[str]:
    yield "## Several calls in one request of M3"
    yield ""
    yield "Of two calls, where M3 repeats their input in its results (`extended_result`) and where it does not."
    yield ""
    heads = (
        "fault",
        "happened",
        "input repeated: first, second",
        "not repeated: first, second",
        "reads: first, second",
    )
    rows = [
        (
            fault.what,
            HAPPENED[fault.happened],
            *(", ".join(map(_known, pair)) for pair in (fault.named, fault.bare, fault.reads)),
        )
        for fault in BULK
    ]
    yield from _table(heads, rows)


def render() -> str:
    """Return the page."""
    lines = [HEAD, *_any_request(), *_bulk()]
    lines += [
        "## Lists of M3",
        "",
        "In both versions of the API; a list that was cut never passes for a whole one.",
        "",
    ]
    lines += _table(
        ("fault", "known", "rows that are told"), [(f.what, _known(f.said), f.rows) for f in M3_LISTS]
    )
    lines += [
        "## Sources of the shop",
        "",
        "Orders, customers and products, in both dialects: no record is lost.",
        "",
    ]
    lines += _table(("fault", "what becomes of the records"), [(f.what, f.becomes) for f in SOURCES])
    lines += ["## Time", ""]
    lines += _table(("what happens", "what becomes of the records"), TIMES.values())
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
