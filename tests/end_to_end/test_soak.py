"""The soak in small: with faults all the time every order is entered once, told of or not."""

from __future__ import annotations

import sys

import pytest

from benchmarks.soak import Pace, soak

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signal that lets a service read its configuration again"
)


def test_a_service_under_faults_enters_each_order_once_and_says_what_it_needs():
    found = soak(8, 5, Pace(poll=2, settle=3, delay=1))

    assert found.wrong == []
    said = "\n".join(found.lines)
    assert "orders told of by hooks are in M3" in said
    assert "forged 401" in said
    assert "signed 202" in said
    if sys.platform == "linux":
        assert "open files: median" in said
