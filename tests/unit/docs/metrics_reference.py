"""Writes docs/reference/metrics.md from the table of metrics: ``python tests/unit/docs/metrics_reference.py``."""

from __future__ import annotations

from pathlib import Path

from m3nop.app.monitoring.catalogue import reference_rows

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
HEAD = """# Metrics

What `/metrics` of the service tells, and the file that `m3nop sync --metrics-file PATH` or `metrics: {textfile: PATH}`
names. How to collect them, and what to watch, is in [monitor](../how-to/monitor.md).

Instants are seconds since 1970, so an age is `time() - NAME`. Sums (`counter`, `histogram`) start at nought with each
process of the service, and go on from run to run in a file. Where a label could have very many values (groups of dead
letters), the rest is summed up as `other`. No metric holds personal data.

"""


def render() -> str:
    """Return the page."""
    return HEAD + "\n".join(reference_rows()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
