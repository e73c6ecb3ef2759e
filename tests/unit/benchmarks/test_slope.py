"""What grows in a soak is told from what goes up and down."""

from __future__ import annotations

import math

import pytest

from benchmarks.slope import compare

HOUR = 3600


def measured(value):
    return [(at, value(at)) for at in range(0, 2 * HOUR, 10)]


def test_a_leak_shows_in_the_line_and_in_the_medians():
    growth = compare(measured(lambda at: 100 + at / HOUR * 6), warm=900, early=2700, late=HOUR)

    assert growth.risen == pytest.approx(6, abs=0.1)
    assert growth.by == pytest.approx(6, abs=0.1)
    assert growth.early < growth.most_early < growth.late < growth.most_late


def test_what_is_there_after_the_warm_up_and_goes_up_and_down_has_not_grown():
    growth = compare(
        measured(lambda at: 60 if at < 900 else 100 + 3 * math.sin(at / 50)), warm=900, early=2700, late=HOUR
    )

    assert abs(growth.by) < 0.5
    assert growth.most_late == pytest.approx(103, abs=0.1)


def test_a_step_between_the_parts_shows_in_the_medians_though_both_are_flat():
    growth = compare(measured(lambda at: 100 if at < HOUR else 110), warm=900, early=2700, late=HOUR)

    assert (growth.risen, growth.by) == (pytest.approx(0), pytest.approx(10))


def test_a_single_sample_has_no_line():
    growth = compare([(1, 5.0), (2, 6.0)], warm=0, early=1, late=2)

    assert (growth.risen, growth.by) == (0, 1)
