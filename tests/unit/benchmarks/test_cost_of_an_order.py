"""What an order costs in numbers that do not depend on the machine does not rise unnoticed.

A change that lowers one lowers its limit here; one that raises it says why. How groups form depends a little
on time, so what follows from groups has some room.
"""

from __future__ import annotations

import sys

import pytest

from benchmarks import counts

LIMITS = {
    # One query of each table, temporary and real orders, for some 35 references.
    "reads": 0.15,
    "requests": 0.5,
    "sent_bytes": 850,
    # A record, its attempt, seven calls and their answers, its number, its link, its claim, and where it stands.
    "statements": 28.5,
    "commits": 0.6,
}


@pytest.mark.skipif(sys.platform == "win32", reason="a child's usage is told by wait4 only")
def test_an_order_costs_no_more_calls_bytes_statements_and_commits_than_it_did():
    found = counts.measure(few=100, many=500)

    # Head, three lines, Confirm: not one more, not one less.
    assert found.transactions == 5
    costs = {name: getattr(found, name) for name in LIMITS}
    assert {name: cost for name, cost in costs.items() if cost > LIMITS[name]} == {}
    # They were counted.
    assert min(costs.values()) > 0
