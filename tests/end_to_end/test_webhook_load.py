"""The benchmark of webhooks in small: a kill in the middle loses nothing, and what is forged stays out."""

from __future__ import annotations

import sys

import pytest

from benchmarks.webhooks import measure

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals that a process handles"
)


def test_of_many_webhooks_none_is_lost_in_a_kill_and_each_order_is_entered_once() -> None:
    found = measure(400, 3)
    assert found.is_clean, found
    assert found.accepted == 380
    assert {status for kind, status in found.statuses if kind == "forged"} == {401}
    assert found.statuses["again", 200] >= 30
