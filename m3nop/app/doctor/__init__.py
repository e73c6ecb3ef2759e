"""Examines a project in one environment: this machine, then each system; every check has its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.doctor.findings import Finding, Result
from m3nop.app.doctor.local import check_files, check_secrets, check_start, check_state
from m3nop.app.doctor.m3 import check_m3
from m3nop.app.doctor.shop import check_shop
from m3nop.app.doctor.writing import check_by_writing, refuse_in_production
from m3nop.app.usage import pipelines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from m3nop.app.session import Session
    from m3nop.mapping.pipeline import Pipeline

__all__ = ["Finding", "Result", "examine", "exit_code"]

_SYSTEMS: Mapping[str, Callable[[Session, str, list[Pipeline]], Iterator[Finding]]] = {
    "m3": check_m3,
    "nopcommerce": check_shop,
}


def examine(session: Session, *, write_test: bool = False) -> Iterator[Finding]:
    """Yield findings as they are made; with ``write_test`` one temporary order is made and deleted.

    Raises:
        UsageError: a write test was asked for in production.
        ConfigurationError: a pipeline cannot be compiled.
    """
    if write_test:
        refuse_in_production(session)
    pipelines = pipelines_of(session)
    yield from check_secrets(session)
    yield from check_files(session)
    reached: set[str] = set()
    for name, kind in sorted(session.project.connection_types.items()):
        findings = _SYSTEMS[kind.name](session, name, pipelines) if kind.name in _SYSTEMS else iter(())
        for finding in findings:
            yield finding
            if finding.check == "sign-in" and finding.result is Result.OK:
                reached.add(name)
    # What the state belongs to is told by the systems, so it comes after them.
    if reached == set(session.project.connections):
        yield from check_state(session)
        yield from check_start(session, pipelines)
        if write_test:
            yield from check_by_writing(session, pipelines)


def exit_code(findings: list[Finding]) -> int:
    """Return 4 where a system cannot be reached, 1 where something else failed, else 0."""
    if any(finding.access for finding in findings):
        return 4
    return 1 if any(finding.result is Result.FAILED for finding in findings) else 0
