"""Puts what a channel is told into words: one message for everything that there is to tell at a time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop import __version__
from m3nop.app.alerts.book import CRITICAL, Kind
from m3nop.core.clock import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.alerts.book import Notice
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json

MOST = 20
"""So many things are told one by one; of more only how many they are."""
_ORDER = (Kind.NEW, Kind.AGAIN, Kind.OVER, Kind.TEST)
_WORDS = {Kind.NEW: "new", Kind.AGAIN: "still", Kind.OVER: "over", Kind.TEST: "test"}


class Bulletin(Struct, frozen=True):
    """What a channel is told at one time."""

    environment: str
    notices: Sequence[Notice]
    at: Instant

    @property
    def is_good_news(self) -> bool:
        """Whether everything in it is over."""
        return all(notice.kind is Kind.OVER for notice in self.notices)

    @property
    def is_critical(self) -> bool:
        """Whether something in it is critical and not over."""
        return any(n.alert.severity == CRITICAL and n.kind is not Kind.OVER for n in self.notices)

    @property
    def title(self) -> str:
        """One line that says what it is about."""
        if len(self.notices) == 1:
            (notice,) = self.notices
            return f"m3nop {self.environment}: {_WORDS[notice.kind]}: {_short(notice.alert.text)}"
        counts = Counter(notice.kind for notice in self.notices)
        parts = [f"{counts[kind]} {_WORDS[kind]}" for kind in _ORDER if counts[kind]]
        return f"m3nop {self.environment}: {', '.join(parts)}"

    @property
    def shown(self) -> list[Notice]:
        """What is told one by one, what is new first."""
        ordered = sorted(self.notices, key=lambda n: (_ORDER.index(n.kind), n.alert.severity != CRITICAL))
        return ordered[:MOST]

    @property
    def rest(self) -> str:
        """What is not told one by one, or ``""``."""
        more = len(self.notices) - MOST
        return f"and {more} more: `{self.command('m3nop alerts list')}`" if more > 0 else ""

    def command(self, text: str) -> str:
        """Return a command for this environment."""
        return f"{text} --env {self.environment}"

    def headline(self, notice: Notice) -> str:
        """Say what is the matter."""
        return f"{_WORDS[notice.kind]} ({notice.alert.severity}): {notice.alert.text}"

    def details(self, notice: Notice) -> list[tuple[str, str]]:
        """Say since when, what helps and how to look closer, each with its name."""
        alert, found = notice.alert, notice.finding
        if alert.closed_at is not None:
            return [("from", to_text(alert.opened_at)), ("until", to_text(alert.closed_at))]
        facts = [("since", to_text(alert.opened_at))]
        if found is not None:
            facts += [("what helps", found.remedy), ("look closer", self.command(found.command))]
        return facts

    def text(self) -> str:
        """Return everything as plain text."""
        lines: list[str] = []
        for notice in self.shown:
            lines += [self.headline(notice)]
            lines += [f"  {name}: {value}" for name, value in self.details(notice)]
            lines += [f"  rule: {notice.alert.rule}", ""]
        lines += [self.rest] if self.rest else []
        return "\n".join(lines).rstrip() + "\n"

    def document(self) -> dict[str, Json]:
        """Return everything as JSON, for programs; nothing is left out."""
        return {
            "source": "m3nop", "version": __version__, "environment": self.environment,
            "at": to_text(self.at), "title": self.title,
            "alerts": [self._entry(notice) for notice in self.notices],
        }  # fmt: skip

    def _entry(self, notice: Notice) -> dict[str, Json]:
        alert, found = notice.alert, notice.finding
        closed = None if alert.closed_at is None else to_text(alert.closed_at)
        return {
            "status": str(notice.kind), "rule": alert.rule, "when": None if found is None else found.when,
            "severity": alert.severity, "subject": alert.subject, "text": alert.text,
            "remedy": None if found is None else found.remedy,
            "command": None if found is None else self.command(found.command),
            "since": to_text(alert.opened_at), "until": closed,
        }  # fmt: skip


def _short(text: str, longest: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
