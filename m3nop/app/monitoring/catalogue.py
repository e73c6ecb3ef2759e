"""Every metric, in one table: code, the reference page, the dashboard and the alert rules agree on it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

OTHER = "other"
"""The label that stands for all that would be too many."""


class Kind(StrEnum):
    """How a metric is to be read."""

    GAUGE = "gauge"
    """A value as it is now."""
    COUNTER = "counter"
    """A sum that only grows."""
    HISTOGRAM = "histogram"
    """How many observations were at most so large."""


class Metric(Struct, frozen=True):
    """One metric: its name as Prometheus shows it, and what it means."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    most: int = 0
    """So many values of the last label are told for each combination of the others; more are ``other``."""

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its samples, as queries use them."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.name,)


# -- told by the state, whoever asks

BUILD = Metric(
    "m3nop_build_info",
    Kind.GAUGE,
    ("version", "environment"),
    "1, with the version of m3nop and the environment.",
)
RECORDS = Metric("m3nop_records", Kind.GAUGE, ("pipeline", "state"), "Records by where they stand.")
LETTERS = Metric(
    "m3nop_dead_letters", Kind.GAUGE, ("pipeline", "remedy", "group"),
    "Open dead letters by what they have in common.", most=30,
)  # fmt: skip
REVIEWS = Metric(
    "m3nop_reviews", Kind.GAUGE, ("pipeline", "group"),
    "Records that wait for a person, by the reason without its values.", most=30,
)  # fmt: skip
IN_DOUBT = Metric(
    "m3nop_records_in_doubt", Kind.GAUGE, ("pipeline",), "Records with a call whose effect is not known."
)
READ_AT = Metric(
    "m3nop_source_read_timestamp_seconds", Kind.GAUGE, ("pipeline",),
    "When the latest run began that ended well: what was there before is read. The lag is `time()` less it.",
)  # fmt: skip
MOVED_AT = Metric(
    "m3nop_watermark_timestamp_seconds", Kind.GAUGE, ("pipeline", "partition"),
    "When the watermark was last moved; it stays where nothing is new.",
)  # fmt: skip
DUE_SINCE = Metric(
    "m3nop_oldest_due_timestamp_seconds", Kind.GAUGE, ("pipeline",),
    "Since when the oldest record that is ready and due waits; absent where none does.",
)  # fmt: skip
RECEIVED_AT = Metric(
    "m3nop_last_received_timestamp_seconds", Kind.GAUGE, ("pipeline",), "When the latest record was read."
)
SUCCESS_AT = Metric(
    "m3nop_last_success_timestamp_seconds",
    Kind.GAUGE,
    ("pipeline",),
    "When the latest run ended that ended well.",
)
RUN_AT = Metric(
    "m3nop_last_run_timestamp_seconds", Kind.GAUGE, ("pipeline",), "When the latest run ended, well or not."
)
RUN_SECONDS = Metric(
    "m3nop_last_run_duration_seconds", Kind.GAUGE, ("pipeline",), "How long the latest run took."
)
FAILED_RUNS = Metric(
    "m3nop_failed_runs", Kind.GAUGE, ("pipeline",), "Runs that failed since the latest that ended well."
)
CIRCUIT_OPEN = Metric(
    "m3nop_circuit_open",
    Kind.GAUGE,
    ("connection",),
    "1 while a system is left alone because it does not work.",
)
DIFFERENCES = Metric(
    "m3nop_reconcile_differences",
    Kind.GAUGE,
    ("subject",),
    "Records that differed when both systems were last compared.",
)
COMPARED_AT = Metric(
    "m3nop_reconcile_timestamp_seconds", Kind.GAUGE, ("subject",), "When both systems were last compared."
)
ALERTS = Metric(
    "m3nop_alerts_open", Kind.GAUGE, ("rule", "severity"), "Alerts that are open, by the rule in `alerts:`."
)

# -- counted by the process

READS = Metric("m3nop_records_read_total", Kind.COUNTER, ("pipeline",), "Records that sources told.")
RESULTS = Metric(
    "m3nop_records_processed_total",
    Kind.COUNTER,
    ("pipeline", "result"),
    "Records that came to rest, by the state they rest in.",
)
UNANNOUNCED = Metric(
    "m3nop_records_unannounced_total", Kind.COUNTER, (), "Records that a poll found and no event had named."
)
RETRIES = Metric(
    "m3nop_retries_total",
    Kind.COUNTER,
    ("pipeline",),
    "Records that are tried again after a failure that passes.",
)
CALLS = Metric(
    "m3nop_calls_total", Kind.COUNTER, ("connection", "operation", "outcome"),
    "Calls of steps, by what became of them: done, refused, not_sent or in_doubt.", most=4,
)  # fmt: skip
REQUEST_SECONDS = Metric(
    "m3nop_request_duration_seconds", Kind.HISTOGRAM, ("connection", "program"),
    "How long requests of steps took; one request may carry several calls.", most=100,
)  # fmt: skip
RATE_WAITS = Metric(
    "m3nop_rate_limit_wait_seconds_total", Kind.COUNTER, ("connection",),
    "How long requests have waited for the rate limit, all together.",
)  # fmt: skip
RUNS = Metric("m3nop_runs_total", Kind.COUNTER, ("pipeline", "result"), "Runs by how they ended.")
WEBHOOKS = Metric(
    "m3nop_webhooks_total", Kind.COUNTER, ("source", "status"),
    "Messages of each source, by the status of the answer: 202 new, 200 known already, else refused.",
)  # fmt: skip
DELIVERIES = Metric(
    "m3nop_alert_deliveries_total",
    Kind.COUNTER,
    ("channel", "result"),
    "Messages to alert channels: sent or failed.",
)

STATE = (
    BUILD, RECORDS, LETTERS, REVIEWS, IN_DOUBT, READ_AT, MOVED_AT, DUE_SINCE, RECEIVED_AT, SUCCESS_AT, RUN_AT,
    RUN_SECONDS, FAILED_RUNS, CIRCUIT_OPEN, DIFFERENCES, COMPARED_AT, ALERTS,
)  # fmt: skip
"""Metrics that are read in the state when somebody asks."""
PROCESS = (READS, RESULTS, UNANNOUNCED, RETRIES, CALLS, REQUEST_SECONDS, RUNS, DELIVERIES)
"""Metrics that a process counts."""
METRICS = (*STATE, *PROCESS, RATE_WAITS, WEBHOOKS)

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper ends of the histogram's buckets, in seconds: M3 answers within tenths, or takes a while."""


def reference_rows() -> list[str]:
    """Return the lines of the table in ``docs/reference/metrics.md``."""
    lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return lines
