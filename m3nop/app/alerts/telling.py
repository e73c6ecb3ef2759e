"""Looks at the state, and tells the channels what they do not know yet. What fails there is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.alerts.book import Kind, Notice, entries, notices, told
from m3nop.app.alerts.channels import open_channel
from m3nop.app.alerts.findings import find
from m3nop.app.alerts.messages import Bulletin
from m3nop.app.session import unknown
from m3nop.core.alerts import Alert
from m3nop.core.errors import M3nopError, UsageError
from m3nop.spec.alert_model import AlertsSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.app.session import Session
    from m3nop.core.state import State


class Alerts:
    """The alerts of one environment; ``warn`` is told what failed, ``count`` each message and its result."""

    def __init__(
        self, session: Session, *, warn: Callable[[str], None],
        count: Callable[[str, str], None] = lambda _channel, _result: None,
    ) -> None:  # fmt: skip
        self._session = session
        self._warn = warn
        self._count = count
        spec = session.project.spec
        self.spec = AlertsSpec() if spec is None else spec.alerts

    def evaluate(self, state: State) -> None:
        """Find out what is the matter, and tell it to whom it concerns, unless another process does so now.

        Raises:
            M3nopError: the state cannot be used.
        """
        with state.telling() as mine:
            if mine:
                self._evaluate(state)

    def _evaluate(self, state: State) -> None:
        now = self._session.clock.now()
        known = state.alerts()
        if not self.spec.rules and not any(alert.closed_at is None for alert in known):
            return
        findings = find(self.spec.rules, state.vitals(self._session.project.pipelines, now=now), now=now)
        changed = entries(findings, known, self.spec, now=now)
        if changed:
            with state.transaction() as tx:
                tx.put_alerts(changed)
        alerts = {alert.key: alert for alert in (*known, *changed)}
        self._tell(state, notices(list(alerts.values()), findings, self.spec, now=now))

    def _tell(self, state: State, by_channel: Mapping[str, Sequence[Notice]]) -> None:
        for name, some in by_channel.items():
            now = self._session.clock.now()
            try:
                self.send(name, some)
            except M3nopError as error:
                self._count(name, "failed")
                self._warn(f"an alert was not sent and will be tried again: {error}")
                continue
            self._count(name, "sent")
            with state.transaction() as tx:
                tx.put_alerts(told(some, now))

    def send(self, name: str, some: Sequence[Notice]) -> None:
        """Send notices to one channel.

        Raises:
            M3nopError: it was not told.
        """
        session = self._session
        channel = open_channel(
            name, self.spec.channels[name], secrets=session.secrets, folder=session.place.folder
        )
        trouble = channel.send(Bulletin(session.place.environment, some, session.clock.now()))
        if trouble:
            self._warn(trouble)

    def test(self, name: str | None) -> dict[str, M3nopError | None]:
        """Send channels, or one, a message that is only a test; return what went wrong with each.

        Raises:
            UsageError: there is no such channel, or none at all.
        """
        if name is not None and name not in self.spec.channels:
            raise UsageError(unknown("channel", name, self.spec.channels))
        if not self.spec.channels:
            raise UsageError("there are no channels; name some under `alerts: {channels: …}` in m3nop.yaml")
        return {one: self._try(one) for one in ([name] if name is not None else self.spec.channels)}

    def _try(self, name: str) -> M3nopError | None:
        now, text = self._session.clock.now(), "this is only a test, nothing is the matter"
        try:
            self.send(name, [Notice(Kind.TEST, Alert("test", name, name, "info", text, opened_at=now))])
        except M3nopError as error:
            return error
        return None
