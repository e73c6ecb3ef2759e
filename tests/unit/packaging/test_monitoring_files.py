"""The dashboard and the alert rules speak of metrics that exist, by labels that they have."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from m3nop.app.monitoring.catalogue import METRICS
from m3nop.core import json

PACKAGING = Path(__file__).parents[3] / "packaging"
RULES = PACKAGING / "prometheus" / "m3nop.rules.yml"
DASHBOARD = PACKAGING / "grafana" / "m3nop.json"
PROMTOOL = shutil.which("promtool")
SAMPLES = {name: {*metric.labels, "le", "instance", "job"} for metric in METRICS for name in metric.samples}


def rules() -> list[dict]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def queries() -> list[str]:
    panels = dashboard()["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [*shown, *(rule["expr"] for rule in rules())]


@pytest.mark.parametrize("query", queries())
def test_a_query_names_metrics_that_exist_and_labels_that_they_have(query: str):
    names = re.findall(r"\bm3nop_[a-z_]+", query)
    assert names
    assert set(names) <= set(SAMPLES)
    known = set().union(*(SAMPLES[name] for name in names))
    grouped = {label.strip() for found in re.findall(r"by \(([^)]*)\)", query) for label in found.split(",")}
    matched = set(re.findall(r"([a-z_]+)=~?\"|([a-z_]+)!~\"", query.replace(" ", "")))
    assert grouped | {one or other for one, other in matched} <= known


def test_every_rule_says_how_bad_it_is_and_how_to_look_closer():
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "command"}
        used = set(re.findall(r"\$labels\.([a-z_]+)", " ".join(rule["annotations"].values())))
        names = re.findall(r"\bm3nop_[a-z_]+", rule["expr"])
        assert used <= set().union(*(SAMPLES[name] for name in names)), rule["alert"]
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_the_panels_of_the_dashboard_do_not_lie_on_each_other():
    taken: dict[tuple[int, int], int] = {}
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert x < 24
                assert taken.setdefault((x, y), panel["id"]) == panel["id"]
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])


def test_the_dashboard_shows_every_metric_that_is_worth_a_panel():
    shown = set(re.findall(r"\bm3nop_[a-z_]+", " ".join(queries())))
    left_out = {metric.name for metric in METRICS if not shown & set(metric.samples)}
    assert left_out == {
        "m3nop_build_info", "m3nop_watermark_timestamp_seconds", "m3nop_last_received_timestamp_seconds",
        "m3nop_last_run_timestamp_seconds", "m3nop_reconcile_timestamp_seconds",
    }  # fmt: skip


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed here")
def test_promtool_finds_nothing_wrong_with_the_rules():
    command = [PROMTOOL, "check", "rules", str(RULES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
