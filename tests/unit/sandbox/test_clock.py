from __future__ import annotations

from contextlib import closing

import pytest

from m3nop.core.clock import DAY, SECOND, parse_instant
from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock

NOON = parse_instant("2026-11-23T12:00:00Z")


def test_the_clock_is_the_machines_plus_what_it_was_moved():
    with closing(Books()) as books:
        clock = SandboxClock(books, source=lambda: NOON)
        assert clock.now() == NOON

        assert clock.advance(3 * 86400) == NOON + 3 * DAY

        assert clock.datetime().isoformat() == "2026-11-26T12:00:00+00:00"
        assert clock.offset == 3 * DAY


def test_a_move_outlives_the_process(tmp_path):
    with closing(Books(tmp_path / "b.db")) as books:
        SandboxClock(books).advance(0.5)

    with closing(Books(tmp_path / "b.db")) as books:
        assert SandboxClock(books, source=lambda: NOON).now() == NOON + SECOND // 2


def test_time_does_not_go_back():
    with closing(Books()) as books, pytest.raises(ValueError, match="does not go back"):
        SandboxClock(books).advance(-1)


def test_without_a_source_it_runs_with_the_machine():
    with closing(Books()) as books:
        clock = SandboxClock(books)
        first = clock.now()

        assert first > NOON - 365 * DAY
        assert clock.now() >= first
