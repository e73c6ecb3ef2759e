"""What a chaos run did, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos.verdict import reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DOUBTS = """
    select calls.operation, calls.state, count(*) from calls
    where calls.state in ('found', 'absent') group by calls.operation, calls.state
"""
_GIVEN_UP = "select count(*) from attempts where state = 'undone'"
_SURPLUS = "select count(*) from calls where step like 'surplus:%' and state in ('done', 'found')"
_SWEPT = "select coalesce(sum(sweeps), 0) from attempts"


@dataclass
class Figures:
    """Counts by name; two runs can be added up."""

    counts: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a figure."""
        self.counts[name] += number

    def take(self, prefix: str, counts: Counter[str]) -> None:
        """Add a group of figures."""
        self.counts.update({f"{prefix}: {name}": number for name, number in counts.items()})

    def take_from_state(self, state: Path) -> None:
        """Add what the call log tells: doubts and how they ended, attempts given up, orphans."""
        with reading(state) as db:
            for operation, ended, number in db.execute(_DOUBTS):
                words = "it had happened" if ended == "found" else "it had not happened"
                self.count(f"in doubt, settled: {operation}, {words}", number)
            for name, query in (
                ("attempts given up and begun again", _GIVEN_UP),
                ("surplus and late temporary orders deleted", _SURPLUS),
                ("looks for late temporary orders", _SWEPT),
            ):
                self.count(name, db.execute(query).fetchone()[0])

    def lines(self) -> list[str]:
        """Return a table, sorted by name within each group."""
        width = max(len(name) for name in self.counts)
        return [f"{name:<{width}}  {number:>8}" for name, number in sorted(self.counts.items())]


def together(documents: Iterable[dict[str, Any]]) -> Figures:
    """Add up the figures of several runs."""
    total = Figures()
    for document in documents:
        total.counts.update(document)
    return total
