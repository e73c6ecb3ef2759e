"""Finds what is the matter: the rules of ``alerts:`` over what the state tells. No personal data comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.clock import DAY, HOUR, MINUTE, SECOND
from m3nop.core.records import Phase, RecordState
from m3nop.core.secrets import redact
from m3nop.core.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from m3nop.core.clock import Instant
    from m3nop.core.vitals import PipelineVitals, Vitals
    from m3nop.spec.alert_model import RuleSpec

EXPIRED = "expired: "
"""How the reason of a record begins that waited for too long."""
_LONGEST = 300

_REMEDIES: Mapping[str, str] = {
    "configuration": "correct the mapping, a setting or a lookup, then retry",
    "authentication": "check the credentials and rights with `m3nop doctor`",
    "transient": "it may pass by itself; else put the system right",
    "waiting": "it goes on when the system takes it again (a closed period, maintenance)",
    "business": "put it right in the shop or in M3, or map it, then retry",
    "in_doubt": "look what M3 holds with `m3nop trace`, then retry: it is probed first",
    "systemic": "put the system right; it is tried again by itself",
}


class Finding(Struct, frozen=True):
    """Something that is the matter."""

    rule: str
    when: str
    severity: str
    subject: str
    text: str
    remedy: str
    command: str
    """Looks closer."""


def find(rules: Mapping[str, RuleSpec], vitals: Vitals, *, now: Instant) -> list[Finding]:
    """Return what is the matter by these rules."""
    return [
        Finding(name, rule.when, rule.severity, *found)
        for name, rule in rules.items()
        for found in _FINDERS[rule.when](rule, vitals, now)
    ]


Found = tuple[str, str, str, str]
"""Subject, text, remedy, command."""


def _pipeline_failed(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        if one.last is not None and one.failed_runs >= rule.at_least:
            runs = "the last run" if one.failed_runs == 1 else f"the last {one.failed_runs} runs"
            why = f": {_clean(one.last.message)}" if one.last.message else ""
            yield name, f"{name}: {runs} failed{why}", "see why, and put it right", "m3nop runs"


def _lag_over(rule: RuleSpec, vitals: Vitals, now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        if one.last is None and not one.counts:
            # One that was never run is not late.
            continue
        read = one.last_good.started_at if one.last_good else vitals.since
        if _lasts(rule, read, now):
            text = f"{name} is behind: it was last read to the end {_age(now - read)} ago"
        elif one.due_since is not None and _lasts(rule, one.due_since, now):
            text = f"{name} is behind: a record that is due has waited for {_age(now - one.due_since)}"
        else:
            continue
        yield name, text, "see whether it runs, and what holds it up", "m3nop status"


def _new_dead_letter_group(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for group in vitals.letters:
        if _concerns(rule, group.pipeline) and group.count >= rule.at_least:
            many = _many(group.count, "dead letter")
            signature = _clean(group.signature)
            yield (
                f"{group.pipeline}: {signature}", f"{group.pipeline}: {many} of {signature}",
                _REMEDIES.get(group.remedy, "retry"), "m3nop dead-letters list --group",
            )  # fmt: skip


def _review_waiting(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        count = one.counts.get(RecordState.REVIEW, 0)
        if count >= rule.at_least:
            verb = "waits" if count == 1 else "wait"
            text = f"{name}: {_many(count, 'record')} {verb} for a decision"
            yield name, text, "release or reject them", "m3nop reviews list"


def _circuit_open(rule: RuleSpec, vitals: Vitals, now: Instant) -> Iterator[Found]:
    for one in vitals.circuits:
        since = now if one.since is None else one.since
        if one.phase is not Phase.OPEN or (rule.over is not None and not _lasts(rule, since, now)):
            continue
        text = f"{one.connection} is left alone since {_age(now - since)}: {_clean(one.cause)}"
        remedy = _REMEDIES.get(one.remedy, "put the system right")
        yield one.connection, text, remedy, "m3nop circuits list"


def _reconcile_difference(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for one in vitals.comparisons:
        if one.differences >= rule.at_least:
            text = f"{one.subject}: {_many(one.differences, 'record')} differed between shop and M3"
            yield one.subject, text, "see what differs, and why", f"m3nop reconcile {one.subject}"


def _nothing_received_for(rule: RuleSpec, vitals: Vitals, now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        last = vitals.since if one.received_at is None else one.received_at
        if _lasts(rule, last, now):
            text = f"{name}: nothing was received for {_age(now - last)}"
            yield name, text, "see whether the source still tells something", "m3nop status"


def _record_expired(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        count = sum(number for reason, number in one.reviews.items() if reason.startswith(EXPIRED))
        if count >= rule.at_least:
            text = f"{name}: {_many(count, 'record')} waited for too long and need a decision"
            yield name, text, "release them to wait again, or reject them", "m3nop reviews list"


def _record_in_doubt(rule: RuleSpec, vitals: Vitals, _now: Instant) -> Iterator[Found]:
    for name, one in _of(rule, vitals):
        if one.in_doubt >= rule.at_least:
            text = f"{name}: {_many(one.in_doubt, 'record')} with a call whose effect is not known"
            yield name, text, _REMEDIES["in_doubt"], "m3nop status"


_FINDERS: Mapping[str, Callable[[RuleSpec, Vitals, Instant], Iterator[Found]]] = {
    "pipeline_failed": _pipeline_failed,
    "lag_over": _lag_over,
    "new_dead_letter_group": _new_dead_letter_group,
    "review_waiting": _review_waiting,
    "circuit_open": _circuit_open,
    "reconcile_difference": _reconcile_difference,
    "nothing_received_for": _nothing_received_for,
    "record_expired": _record_expired,
    "record_in_doubt": _record_in_doubt,
}
"""How each ``when`` is found out."""


def _of(rule: RuleSpec, vitals: Vitals) -> Iterator[tuple[str, PipelineVitals]]:
    return ((name, one) for name, one in vitals.pipelines.items() if _concerns(rule, name))


def _concerns(rule: RuleSpec, pipeline: str) -> bool:
    """Tell whether a rule is about a pipeline; one that is named stands for all its instances."""
    return not rule.pipelines or not {pipeline, pipeline.partition("@")[0]}.isdisjoint(rule.pipelines)


def _lasts(rule: RuleSpec, since: Instant, now: Instant) -> bool:
    return rule.over is not None and now - since > rule.over * SECOND


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _age(span: int) -> str:
    """Say a time in the two largest units that it has."""
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        number, span = divmod(max(span, 0), size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _clean(text: str) -> str:
    """Return a text from outside as one line without credentials and commands for terminals."""
    line = " ".join(printable(redact(text)).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
