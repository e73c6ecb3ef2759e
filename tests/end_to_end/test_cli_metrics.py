from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import MakeProject, Project

WRONG = {"SHOP_PASSWORD": "wrong"}
CONFIGURED = '\nmetrics: {textfile: "m3nop.prom"}\n'


def value(file: Path, name: str, **labels: str) -> float | None:
    families = text_string_to_metric_families(file.read_text(encoding="utf-8"))
    found = [
        one.value
        for family in families
        for one in family.samples
        if one.name == name and one.labels == labels
    ]
    return found[0] if found else None


def sync(project: Project, *options: str, **environ: str) -> tuple[int, str]:
    ended = project.run("sync", "orders", "--quiet", *options, **environ)
    return ended.code, ended.err


def test_a_run_leaves_its_metrics_where_the_project_says_also_when_it_fails(make_project: MakeProject):
    project = make_project(change=lambda text: text + CONFIGURED)
    file = project.folder / "m3nop.prom"

    assert sync(project) == (0, "")
    assert value(file, "m3nop_runs_total", pipeline="orders", result="ok") == 1
    assert value(file, "m3nop_failed_runs", pipeline="orders") == 0
    well = value(file, "m3nop_last_success_timestamp_seconds", pipeline="orders")
    assert well is not None

    code, said = sync(project, **WRONG)
    assert code == 4
    assert "metrics" not in said
    assert value(file, "m3nop_runs_total", pipeline="orders", result="failed") == 1
    assert value(file, "m3nop_failed_runs", pipeline="orders") == 1
    assert value(file, "m3nop_last_success_timestamp_seconds", pipeline="orders") == well

    # The shop is left alone for a while: that is no further failure.
    assert sync(project, **WRONG)[0] == 7
    assert value(file, "m3nop_failed_runs", pipeline="orders") == 1
    assert value(file, "m3nop_runs_total", pipeline="orders", result="paused") == 1
    assert value(file, "m3nop_circuit_open", connection="shop") == 1


def test_a_file_that_cannot_be_written_is_named_and_changes_no_exit_code(make_project: MakeProject):
    project = make_project()
    nowhere = project.folder / "nowhere" / "m3nop.prom"

    code, said = sync(project, "--metrics-file", str(nowhere))

    assert code == 0
    assert said == f"m3nop: the metrics cannot be written to {nowhere}: No such file or directory\n"


def test_a_collector_of_opentelemetry_that_is_away_is_named_and_changes_no_exit_code(
    make_project: MakeProject,
):
    project = make_project()

    code, said = sync(
        project, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_TIMEOUT="1"
    )

    assert (code, said) == (0, "m3nop: traces or metrics were not taken by the collector of OpenTelemetry\n")
