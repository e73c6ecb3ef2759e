"""One process at a time tells people of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.state.store import SqlState, open_state
from tests.contract.state.conftest import SCOPE, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Databases


@pytest.fixture
def both(postgres: Databases, clock) -> Iterator[tuple[SqlState, SqlState]]:
    """Two processes on one database of a server."""
    url = postgres.copy("tables", set_up)
    made = [open_state(url, scope=SCOPE, clock=clock, command="m3nop run") for _ in range(2)]
    yield made[0], made[1]
    for state in made:
        state.close()
    postgres.drop(url)


def test_whoever_is_alone_tells(desk):
    for _ in range(2):
        with desk.state.telling() as mine:
            assert mine


def test_of_two_processes_one_tells_and_the_other_leaves_it_to_that(both):
    here, there = both
    with here.telling() as mine, there.telling() as theirs:
        assert (mine, theirs) == (True, False)
        with there.telling() as still:
            assert not still
    with there.telling() as now:
        assert now


def test_who_fails_while_it_tells_leaves_the_turn_to_others(both):
    here, there = both
    with pytest.raises(LookupError), here.telling():
        raise LookupError
    with there.telling() as mine:
        assert mine
