"""Whether something grows: a later part of what was measured beside an earlier one, and a line through it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Growth:
    """How a later part of a run compares with an earlier one."""

    early: float
    """The median of the earlier part."""
    late: float
    """The median of the later part."""
    most_early: float
    most_late: float
    risen: float
    """What the fitted line rises by over the whole of the later part."""

    @property
    def by(self) -> float:
        """How much more there is, by the medians or by the line, whichever is more."""
        return max(self.late - self.early, self.risen)

    def __str__(self) -> str:
        return (
            f"median {self.early:.1f}, at most {self.most_early:.1f} early; median {self.late:.1f}, at most"
            f" {self.most_late:.1f} late, {self.risen:+.2f} by the line through these"
        )


def compare(points: Sequence[tuple[float, float]], *, warm: float, early: float, late: float) -> Growth:
    """Compare what was measured from ``warm`` to ``early`` seconds with what was from ``late`` on.

    Raises:
        statistics.StatisticsError: nothing was measured in one of them.
    """
    first = [value for at, value in points if warm <= at <= early]
    rest = [(at, value) for at, value in points if at >= late]
    last = [value for _, value in rest]
    medians = statistics.median(first), statistics.median(last)
    return Growth(*medians, max(first), max(last), _rise(rest))


def _rise(points: Sequence[tuple[float, float]]) -> float:
    if len(points) < 2:
        return 0.0
    times = [at for at, _ in points]
    line = statistics.linear_regression(times, [value for _, value in points])
    return line.slope * (times[-1] - times[0])
