"""Checks what ``alerts:`` names: channels, pipelines, and keys that go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.problems import Problem
from m3nop.http.addresses import is_loopback
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import find, locate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from m3nop.spec.alert_model import AlertsSpec, ChannelSpec, RuleSpec
    from m3nop.spec.tree import Loc, Node

_LASTING = frozenset({"lag_over", "nothing_received_for"})
"""What is nothing without a time that it may last."""
_MAY_LAST = _LASTING | {"circuit_open"}
_OF_PIPELINES = frozenset(
    {
        "pipeline_failed", "lag_over", "new_dead_letter_group", "review_waiting", "nothing_received_for",
        "record_expired", "record_in_doubt",
    }
)  # fmt: skip


def alert_problems(tree: Node, alerts: AlertsSpec, pipelines: Sequence[str]) -> Iterator[Problem]:
    """Yield what does not fit in ``alerts``, each at its place in ``tree``."""
    for name, channel in alerts.channels.items():
        yield from _channel_problems(tree, name, channel)
    for name, rule in alerts.rules.items():
        yield from _rule_problems(tree, ("alerts", "rules", name), rule, alerts, pipelines)
    for name, ping in alerts.pings.items():
        loc: Loc = ("alerts", "pings", name)
        if name not in pipelines:
            yield _unknown(tree, loc, name, pipelines, "pipeline", key=True)
        if ping.url is None and ping.success is None:
            yield Problem(locate(tree, loc, key=True), "missing-key", "the key 'url' is missing")


def _channel_problems(tree: Node, name: str, channel: ChannelSpec) -> Iterator[Problem]:
    loc: Loc = ("alerts", "channels", name)
    given = [way for way in type(channel).model_fields if getattr(channel, way) is not None]
    if len(given) != 1:
        message = f"channel '{name}' has {' and '.join(given) or 'no way to tell anybody'}"
        hint = "give it one of email, slack, teams, webhook, apprise"
        yield Problem(locate(tree, loc, key=True), "channel-form", message, hint)
    mail = channel.email
    if mail is None:
        return
    if (mail.username is None) != (mail.password is None):
        at = locate(tree, (*loc, "email"), key=True)
        yield Problem(at, "missing-key", "`username` and `password` go together")
    if mail.security == "none" and not is_loopback(mail.host):
        at = locate(tree, (*loc, "email", "security"))
        message = f"mail to {mail.host} would go in the clear"
        yield Problem(at, "address", message, "use starttls or tls; `none` is for this machine itself")


def _rule_problems(
    tree: Node, loc: Loc, rule: RuleSpec, alerts: AlertsSpec, pipelines: Sequence[str]
) -> Iterator[Problem]:
    for number, channel in enumerate(rule.to):
        if channel not in alerts.channels:
            yield _unknown(tree, (*loc, "to", number), channel, tuple(alerts.channels), "channel")
    for number, pipeline in enumerate(rule.pipelines):
        if pipeline not in pipelines:
            yield _unknown(tree, (*loc, "pipelines", number), pipeline, pipelines, "pipeline")
    if rule.over is None and rule.when in _LASTING:
        yield Problem(locate(tree, loc, key=True), "missing-key", "the key 'over' is missing")
    for key, fits in (("over", rule.when in _MAY_LAST), ("pipelines", rule.when in _OF_PIPELINES)):
        if not fits and find(tree, (*loc, key)) is not None:
            message = f"'{key}' means nothing for {rule.when}"
            yield Problem(locate(tree, (*loc, key), key=True), "misplaced-key", message)


def _unknown(
    tree: Node, loc: Loc, name: str, known: Sequence[str], what: str, *, key: bool = False
) -> Problem:
    hint = suggest(name, known) or (f"there are {', '.join(sorted(known))}" if known else "")
    return Problem(locate(tree, loc, key=key), f"unknown-{what}", f"there is no {what} '{name}'", hint)
