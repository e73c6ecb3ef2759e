"""Stock of many items: a run reads and writes what changed, and needs the same memory however many there are."""

from __future__ import annotations

import sys

import pytest

from benchmarks.inventory import measure


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked of the kernel of a Unix")
@pytest.mark.timeout(600)
def test_what_changed_is_read_and_written_and_memory_stays_flat():
    few, many = measure(100), measure(500)

    for one in (few, many):
        assert (one.incremental.read, one.incremental.shop_writes) == (one.changed, one.changed)
        assert one.full.read > one.items
        assert (one.full.shop_writes, one.first.shop_writes > 0) == (0, True)
    # Calls follow what changed, not how much there is.
    assert many.incremental.m3_calls < many.full.m3_calls / 10
    for name in ("first", "incremental", "full"):
        assert getattr(many, name).peak_mb / getattr(few, name).peak_mb < 1.3
