"""Stock of many items: a run reads and writes what changed, and needs the same memory however many there are."""

from __future__ import annotations

import sys

import pytest

from benchmarks.inventory import measure


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked of the kernel of a Unix")
@pytest.mark.timeout(600)
def test_what_changed_is_read_and_written_and_memory_stays_flat():
    found = measure(600)

    changed, first, full = found.incremental, found.first, found.full
    assert (changed.read, changed.shop_writes) == (found.changed, found.changed)
    # Calls follow what changed, not how much there is: the list, and two of each item.
    assert changed.m3_calls <= 1 + 2 * found.changed
    assert min(first.read, first.m3_calls, full.read, full.m3_calls) > found.items
    # Many items share a request, in both systems; what is looked at is not asked for one by one.
    assert max(full.m3_requests, full.shop_reads) < found.items / 10
    assert (full.shop_writes, first.shop_writes > 0) == (0, True)
    for many in (first, full):
        assert many.peak_mb / changed.peak_mb < 1.2
