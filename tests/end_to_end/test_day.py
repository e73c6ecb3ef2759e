"""A day in the life of both systems, by the command that shows it."""

from __future__ import annotations

import pytest

from m3nop.core import json
from tests.end_to_end.shops import NewProject


@pytest.mark.timeout(900)
def test_a_day_in_which_everything_goes_both_ways_ends_in_step(tmp_path):
    outside = NewProject(tmp_path, tmp_path / "scratch")
    ended = outside.run("demo", "--full", "--json", "--keep", "kept")

    assert ended.code == 0, ended.out + ended.err
    day = json.loads(ended.out)
    assert (day["differences"], day["moved"], day["well"]) == ({}, [], True)
    first, guest, company = day["orders"]
    assert [one["store"] for one in day["orders"]] == ["b2c", "b2c", "b2b"]
    assert (len(first["tracking"]), len(guest["tracking"]), len(company["tracking"])) == (2, 1, 1)
    assert {one["status"] for one in day["orders"]} == {"complete"}
    assert all(one["invoices"] for one in day["orders"])
    assert first["refunded"] == 10
