"""Writes metrics in the text form of Prometheus: for a scrape, or into a file that goes on run by run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from m3nop.app.monitoring.catalogue import BUILD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SUMS = ("counter", "histogram")
_READABLE = 0o644
"""Whoever collects the file is another user."""
_LARGEST = 16 * 1024 * 1024

Key = tuple[str, tuple[tuple[str, str], ...]]


class Exposition:
    """The metrics of some collectors as text."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        self._collectors = tuple(collectors)

    def samples(self) -> list[Sample]:
        """Return the values themselves."""
        return [one for family in self._families() for one in family.samples]

    def text(self, earlier: str = "") -> bytes:
        """Return the text; sums go on from those of ``earlier``, an earlier text of the same environment."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Continued(self._families(), earlier))
        return generate_latest(registry)

    def write(self, path: Path) -> None:
        """Write the text into a file, whole or not at all; sums go on from what the file holds.

        Raises:
            OSError: it cannot be written.
        """
        data = self.text(_earlier(path))
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(name).chmod(_READABLE)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _families(self) -> list[Family]:
        return [family for collector in self._collectors for family in collector.collect()]


class _Continued(Collector):
    def __init__(self, families: Iterable[Family], earlier: str) -> None:
        self._families = list(families)
        self._before = _sums(earlier, self._environment())

    def collect(self) -> Iterator[Family]:
        for family in self._families:
            # When a series was made says nothing where it goes on in a file.
            samples = [one for one in family.samples if not one.name.endswith("_created")]
            whole = Family(family.name, family.documentation, family.type)
            whole.samples = self._continued(family, samples) if family.type in _SUMS else samples
            yield whole

    def _continued(self, family: Family, samples: list[Sample]) -> list[Sample]:
        found = {_key(one): one.value for one in samples}
        before = {key: value for key, value in self._before.items() if _belongs(family, key[0])}
        keys = sorted({**before, **found}, key=_order)
        return [Sample(name, dict(labels), before.get((name, labels), 0.0) + found.get((name, labels), 0.0))
                for name, labels in keys]  # fmt: skip

    def _environment(self) -> str:
        build = next((family for family in self._families if family.name == BUILD.name), None)
        return build.samples[0].labels["environment"] if build is not None else ""


def _sums(text: str, environment: str) -> Mapping[Key, float]:
    """Read the sums of an earlier text; one that is damaged or of another environment has none."""
    try:
        families = list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError):
        return {}
    samples = [one for family in families for one in family.samples]
    of = next((one.labels.get("environment") for one in samples if one.name == BUILD.name), None)
    if of != environment:
        return {}
    return {_key(one): one.value for family in families if family.type in _SUMS for one in family.samples}


def _key(sample: Sample) -> Key:
    return sample.name, tuple(sorted(sample.labels.items()))


def _belongs(family: Family, name: str) -> bool:
    return name in {f"{family.name}{end}" for end in ("_total", "_bucket", "_count", "_sum")}


def _order(key: Key) -> tuple[object, ...]:
    """Put the buckets of a histogram in the order of their ends, as its readers expect."""
    name, labels = key
    others = tuple(pair for pair in labels if pair[0] != "le")
    return others, name, float(dict(labels).get("le", "0"))


def _earlier(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
