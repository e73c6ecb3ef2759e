from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from m3nop.app.monitoring import catalogue
from m3nop.app.monitoring.exposition import Exposition
from m3nop.app.monitoring.meters import Meters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Built:
    """Says which environment it is, as the metrics of a state do."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(catalogue.BUILD.name, "", labels=catalogue.BUILD.labels)
        family.add_metric(("1.0", self._environment), 1.0)
        yield family


def counted(environment: str = "prod", **counts: int) -> Exposition:
    meters = Meters()
    for pipeline, count in counts.items():
        meters.count(catalogue.READS, pipeline, by=count)
        meters.observe(catalogue.REQUEST_SECONDS, 0.2, "erp", "OIS100MI")
    return Exposition((Built(environment), meters.registry))


def samples(text: str) -> dict[str, float]:
    return {
        f"{one.name}{sorted(one.labels.items())}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


READ = f"{catalogue.READS.name}[('pipeline', '{{}}')]"


def test_sums_go_on_from_run_to_run_also_of_what_this_run_did_not_touch(tmp_path: Path):
    file = tmp_path / "m3nop.prom"

    counted(orders=3).write(file)
    counted(orders=2, products=5).write(file)
    counted(products=1).write(file)

    found = samples(file.read_text())
    assert found[READ.format("orders")] == 5
    assert found[READ.format("products")] == 6
    count = "m3nop_request_duration_seconds_count[('connection', 'erp'), ('program', 'OIS100MI')]"
    assert found[count] == 4


def test_buckets_stay_in_the_order_of_their_ends_and_add_up(tmp_path: Path):
    file = tmp_path / "m3nop.prom"
    for _ in range(2):
        counted(orders=1).write(file)

    ends = re.findall(r'seconds_bucket\{connection="erp",le="([^"]+)".*\} (\S+)', file.read_text())

    assert [float(end) for end, _ in ends] == [*catalogue.BUCKETS, float("inf")]
    assert [float(count) for _, count in ends] == [0.0, 0.0, *[2.0] * 10]


@pytest.mark.parametrize("before", ["", "no metrics {{{", "m3nop_records_read_total{pipeline=", "\x00\xff"])
def test_a_damaged_file_is_begun_anew(before: str, tmp_path: Path):
    file = tmp_path / "m3nop.prom"
    file.write_text(before, encoding="latin-1")

    counted(orders=3).write(file)

    assert samples(file.read_text())[READ.format("orders")] == 3


def test_the_sums_of_another_environment_do_not_go_on(tmp_path: Path):
    file = tmp_path / "m3nop.prom"

    counted("qa", orders=3).write(file)
    counted("prod", orders=1).write(file)

    assert samples(file.read_text())[READ.format("orders")] == 1


def test_a_file_that_cannot_be_replaced_stays_whole_and_leaves_no_litter(tmp_path: Path):
    folder = tmp_path / "m3nop.prom"
    (folder / "something").mkdir(parents=True)

    with pytest.raises(OSError, match=r"m3nop\.prom"):
        counted(orders=3).write(folder)

    assert [one.name for one in tmp_path.iterdir()] == ["m3nop.prom"]


def test_whoever_collects_the_file_may_read_it(tmp_path: Path):
    file = tmp_path / "m3nop.prom"
    counted(orders=3).write(file)

    assert file.stat().st_mode & 0o444 == 0o444


def test_a_label_with_very_many_values_is_cut_and_its_sum_kept():
    meters = Meters()
    for number in range(500):
        meters.observe(catalogue.REQUEST_SECONDS, 1.0, "erp", f"ABC{number}MI")

    found = samples(Exposition((meters.registry,)).text().decode())

    name = "m3nop_request_duration_seconds_count[('connection', 'erp'), ('program', '{}')]"
    mine = {name for name in found if name.startswith("m3nop_request_duration_seconds_count")}
    most = catalogue.REQUEST_SECONDS.most
    assert len(mine) == most + 1
    assert found[name.format("ABC0MI")] == 1
    assert found[name.format("other")] == 500 - most
