"""Keeps book of what people were told, so that nobody is told twice, or never, and hears when it is over."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.app.alerts.quiet import is_quiet
from m3nop.core.alerts import Alert
from m3nop.core.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from m3nop.app.alerts.findings import Finding
    from m3nop.core.clock import Instant
    from m3nop.spec.alert_model import AlertsSpec

CRITICAL = "critical"
Key = tuple[str, str, str]


class Kind(StrEnum):
    """Why a channel is told something."""

    NEW = "new"
    """It has begun."""
    AGAIN = "again"
    """It goes on."""
    OVER = "over"
    """It is over."""
    TEST = "test"
    """Nothing is the matter: somebody tries the channel."""


class Notice(Struct, frozen=True):
    """One thing that a channel is told."""

    kind: Kind
    alert: Alert
    finding: Finding | None = None
    """What was found just now; None for what is over."""


def entries(
    findings: Sequence[Finding], known: Sequence[Alert], spec: AlertsSpec, *, now: Instant
) -> list[Alert]:
    """Return the rows that change because of what was found, and of what is found no more."""
    wanted: dict[Key, Finding] = {
        (found.rule, found.subject, channel): found
        for found in findings
        for channel in spec.rules[found.rule].to
    }
    before = {alert.key: alert for alert in known}
    changed = [_opened(key, found, before.get(key), now) for key, found in wanted.items()]
    changed += [
        _closed(alert, spec, now)
        for key, alert in before.items()
        if key not in wanted and alert.closed_at is None
    ]
    return [alert for alert in changed if alert != before.get(alert.key)]


def _opened(key: Key, found: Finding, before: Alert | None, now: Instant) -> Alert:
    if before is not None and (before.closed_at is None or before.owes_recovery):
        # One that comes back before anybody was told that it was over never was.
        return replace(before, severity=found.severity, text=found.text, closed_at=None)
    rule, subject, channel = key
    return Alert(rule, subject, channel, found.severity, found.text, opened_at=now)


def _closed(alert: Alert, spec: AlertsSpec, now: Instant) -> Alert:
    closed = replace(alert, closed_at=now)
    if alert.rule in spec.rules and alert.channel in spec.channels:
        return closed
    # What the project does not speak of any more is not talked about either.
    return replace(closed, last_sent_at=now if alert.last_sent_at is not None else None)


def notices(
    alerts: Sequence[Alert], findings: Sequence[Finding], spec: AlertsSpec, *, now: Instant
) -> Mapping[str, list[Notice]]:
    """Return what each channel is to be told now; in quiet hours what is not critical waits."""
    quiet = is_quiet(spec.quiet, now)
    found = {(one.rule, one.subject): one for one in findings}
    told: dict[str, list[Notice]] = {}
    for alert in alerts:
        kind = _kind(alert, spec, now)
        if kind is None or alert.channel not in spec.channels or (quiet and alert.severity != CRITICAL):
            continue
        notice = Notice(kind, alert, found.get((alert.rule, alert.subject)))
        told.setdefault(alert.channel, []).append(notice)
    return told


def _kind(alert: Alert, spec: AlertsSpec, now: Instant) -> Kind | None:
    if alert.closed_at is not None:
        return Kind.OVER if alert.owes_recovery else None
    if alert.last_sent_at is None:
        return Kind.NEW
    own = spec.rules[alert.rule].repeat
    repeat = spec.repeat if own is None else own
    return Kind.AGAIN if repeat and now - alert.last_sent_at >= repeat * SECOND else None


def told(notices_sent: Sequence[Notice], now: Instant) -> list[Alert]:
    """Return the rows of what a channel was told just now."""
    return [replace(notice.alert, last_sent_at=now) for notice in notices_sent]
