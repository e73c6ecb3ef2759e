"""Memory does not grow with the number of orders of a run."""

from __future__ import annotations

import sys

import pytest

from benchmarks.memory import measure


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="the peak memory of a child is told by wait4 only")
def test_a_run_of_many_orders_needs_hardly_more_memory_than_one_of_few() -> None:
    few, many = measure(100), measure(600)
    assert (few.entered >= 100, many.entered >= 600) == (True, True)
    assert many.peak_mb / few.peak_mb < 1.3
