"""Comparisons of a project with its sandbox, made in this process."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from m3nop.app.reconcile.findings import Window
from m3nop.app.reconcile.registry import Options
from m3nop.app.reconcile.running import Comparison, apply_plan, plan_of, reconcile
from m3nop.app.session import Place, Session, open_session
from m3nop.core.clock import HOUR, SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.app.reconcile.findings import Difference
    from tests.end_to_end.conftest import Project


@dataclass
class Reconciler:
    """Compares, and remembers what it found."""

    project: Project
    found: list[Comparison] = field(default_factory=list)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open the project as a command does."""
        with (
            patch.dict(os.environ, self.project.environ),
            open_session(Place(self.project.folder, "sandbox"), command="test") as session,
        ):
            yield session

    def compare(
        self, subject: str, *, start: int | None = None, end: int | None = None, **options: Any
    ) -> list[Difference]:
        """Return what differs."""
        window = Window(start, end if end is not None else SystemClock().now() + HOUR)
        with self.session() as session:
            told = Options(stuck_after=options.pop("stuck_after", 1800.0))
            stores = options.pop("stores", ())
            found = reconcile(session, subject, window=window, stores=stores, options=told, **options)
        self.found.append(found)
        return found.differences

    def kinds(self, subject: str, **options: Any) -> list[str]:
        """Return the kinds of what differs."""
        return [str(one.kind) for one in self.compare(subject, **options)]

    def apply(self) -> int:
        """Turn what was found last back to work."""
        with self.session() as session:
            return apply_plan(session, plan_of(self.found[-1].differences))
