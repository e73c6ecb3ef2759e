from __future__ import annotations

import re

import pytest

from m3nop.app.monitoring.catalogue import METRICS, Kind, Metric
from tests.unit.docs import metrics_reference

FAMILIES = [metric.name.removesuffix("_total") for metric in METRICS]


def test_the_reference_page_is_the_table():
    assert metrics_reference.PAGE.read_text(encoding="utf-8") == metrics_reference.render()


def test_no_two_metrics_are_one_family():
    assert len(set(FAMILIES)) == len(FAMILIES)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_follows_the_conventions_of_prometheus(metric: Metric):
    assert re.fullmatch(r"m3nop_[a-z][a-z_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not re.search(r"_(milliseconds|minutes|hours|bytes_total)$", metric.name)
    assert set(metric.labels).isdisjoint({"le", "job", "instance", "key", "store_id"})
    assert metric.help.endswith(".")
