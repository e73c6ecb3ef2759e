"""The benchmarks of webhooks and of ION in small: a kill loses nothing, what is forged stays out, events suffice."""

from __future__ import annotations

import sys

import pytest

from benchmarks import ion
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


def test_stock_changes_reach_the_shop_by_their_documents_alone_and_no_message_that_was_kept_is_lost() -> None:
    found = ion.measure(3, 60)
    assert (len(found.waited), found.missing) == (3, 0)
    assert (found.kept, found.lost) == (60, 0)
