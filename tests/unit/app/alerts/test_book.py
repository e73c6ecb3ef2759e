from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.app.alerts.book import Kind, entries, notices, told
from m3nop.app.alerts.findings import Finding
from m3nop.app.alerts.quiet import is_quiet
from m3nop.core.clock import HOUR, MINUTE, to_instant
from m3nop.spec.alert_model import AlertsSpec, QuietSpec

if TYPE_CHECKING:
    from m3nop.core.alerts import Alert

START = to_instant(datetime(2026, 11, 23, 12, tzinfo=UTC))
Told = list[tuple[str, str, str]]


def finding(subject: str, rule: str = "late", severity: str = "warning") -> Finding:
    return Finding(rule, "lag_over", severity, subject, f"{subject} is late", "run it", "m3nop status")


@dataclass
class People:
    """Channels, and what each was told."""

    spec: AlertsSpec
    now: int = START
    alerts: dict[Any, Alert] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)

    def evaluate(self, *findings: Finding, after: int = MINUTE) -> Told:
        """Do as an evaluation does, a while later; return channel, kind and subject of what was told."""
        self.now += after
        for changed in entries(findings, list(self.alerts.values()), self.spec, now=self.now):
            self.alerts[changed.key] = changed
        heard: Told = []
        for channel, some in notices(list(self.alerts.values()), findings, self.spec, now=self.now).items():
            if channel not in self.deaf:
                heard += [(channel, str(one.kind), one.alert.subject) for one in some]
                self.alerts.update({one.key: one for one in told(some, self.now)})
        return heard


def people(to: tuple[str, ...] = ("ops",), **alerts: Any) -> People:
    channels = {
        name: {"apprise": None, "webhook": {"url": "https://a.example.com"}} for name in ("ops", "chat")
    }
    rules = {"late": {"when": "lag_over", "over": "1h", "to": list(to)}}
    return People(AlertsSpec.model_validate({"channels": channels, "rules": rules, "repeat": "4h", **alerts}))


def test_a_thing_is_told_once_and_its_end_once():
    us = people()

    assert us.evaluate(finding("orders")) == [("ops", "new", "orders")]
    assert us.evaluate(finding("orders")) == []
    assert us.evaluate(finding("orders"), finding("products")) == [("ops", "new", "products")]
    assert us.evaluate(finding("products")) == [("ops", "over", "orders")]
    assert us.evaluate(finding("products")) == []
    assert us.evaluate(finding("orders"), finding("products")) == [("ops", "new", "orders")]


def test_it_is_told_again_as_often_as_asked_while_it_lasts():
    us = people()
    us.evaluate(finding("orders"))

    assert us.evaluate(finding("orders"), after=4 * HOUR - 1) == []
    assert us.evaluate(finding("orders"), after=1) == [("ops", "again", "orders")]
    assert us.evaluate(finding("orders"), after=3 * HOUR) == []


def test_nothing_is_told_again_where_nobody_wants_it():
    us = people(repeat="0s")
    us.evaluate(finding("orders"))

    assert us.evaluate(finding("orders"), after=1000 * HOUR) == []


def test_a_channel_that_fails_is_told_by_the_next_evaluation_and_the_others_are_not_told_twice():
    us = people(to=("ops", "chat"))
    us.deaf = {"chat"}
    assert us.evaluate(finding("orders")) == [("ops", "new", "orders")]

    us.deaf = set()
    assert us.evaluate(finding("orders")) == [("chat", "new", "orders")]
    us.deaf = {"ops"}
    assert us.evaluate() == [("chat", "over", "orders")]
    us.deaf = set()
    assert us.evaluate() == [("ops", "over", "orders")]
    assert us.evaluate() == []


def test_what_is_over_before_anybody_heard_of_it_is_not_talked_about():
    us = people()
    us.deaf = {"ops"}
    us.evaluate(finding("orders"))
    us.deaf = set()

    assert us.evaluate() == []


def test_what_comes_back_before_its_end_was_told_never_ended():
    us = people()
    us.evaluate(finding("orders"))
    us.deaf = {"ops"}
    us.evaluate()
    us.deaf = set()

    assert us.evaluate(finding("orders")) == []
    assert us.evaluate() == [("ops", "over", "orders")]


def test_what_the_project_does_not_speak_of_any_more_ends_in_silence():
    us = people()
    us.evaluate(finding("orders"))
    us.spec = people(rules={}).spec

    assert us.evaluate() == []
    assert [alert.closed_at is None for alert in us.alerts.values()] == [False]


QUIET = {"from": "22:00", "until": "06:00", "time_zone": "Europe/Oslo"}


def at(text: str) -> int:
    return to_instant(datetime.fromisoformat(text))


def test_in_quiet_hours_only_what_is_critical_is_told_and_the_rest_in_the_morning():
    us = people(quiet=QUIET)
    us.now = at("2026-11-23T22:30:00+01:00")

    assert us.evaluate(finding("orders"), finding("stock", severity="critical")) == [("ops", "new", "stock")]
    assert us.evaluate(finding("orders"), finding("short")) == [("ops", "over", "stock")]
    us.now = at("2026-11-24T06:00:00+01:00")
    assert us.evaluate(finding("orders")) == [("ops", "new", "orders")]


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-11-23T21:59:59+01:00", False),
        ("2026-11-23T22:00:00+01:00", True),
        ("2026-11-24T05:59:59+01:00", True),
        ("2026-11-24T06:00:00+01:00", False),
        # The clocks are put back at three on the 25th of October: the wall counts, not the hours.
        ("2026-10-24T22:00:00+02:00", True),
        ("2026-10-25T05:59:59+01:00", True),
        ("2026-10-25T06:00:00+01:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(moment: str, *, quiet: bool):
    assert is_quiet(QuietSpec.model_validate(QUIET), at(moment)) is quiet


def test_quiet_hours_within_a_day_and_none_at_all():
    noon = QuietSpec.model_validate({"from": "12:00", "until": "13:00"})

    assert is_quiet(noon, at("2026-11-23T12:59:59+00:00"))
    assert not is_quiet(noon, at("2026-11-23T13:00:00+00:00"))
    assert not is_quiet(None, START)


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(["a", "b"])), st.booleans(), st.integers(1, 10 * HOUR)), max_size=25
    )
)
def test_whatever_happens_beginnings_and_ends_take_turns_for_each_subject(steps):
    us = people(quiet=QUIET)
    heard: dict[str, list[str]] = {"a": [], "b": []}
    for subjects, deaf, after in steps:
        us.deaf = {"ops"} if deaf else set()
        for _, kind, subject in us.evaluate(*map(finding, sorted(subjects)), after=after):
            heard[subject].append(kind)

    for kinds in heard.values():
        turns = [kind for kind in kinds if kind != Kind.AGAIN]
        assert turns == [("new", "over")[number % 2] for number in range(len(turns))]
        assert "again" not in kinds[:1]
