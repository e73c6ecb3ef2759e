"""Lets a system be used again that was left alone, because somebody says that it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from m3nop.app.actor import current_user
from m3nop.app.session import unknown
from m3nop.core.errors import UsageError
from m3nop.core.records import Phase

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.core.records import Circuit


def close_circuit(session: Session, name: str, *, wait: float = 0.0) -> Circuit:
    """Let the next run use a system again, carefully; what it does about it is noted in the audit trail.

    Raises:
        UsageError: the project has no such connection, or it is not left alone.
        BusyError: another process runs on this state.
    """
    if name not in session.project.connections:
        raise UsageError(unknown("connection", name, session.project.connections))
    state, now = session.state(wait=wait), session.clock.now()
    found = {one.connection: one for one in state.circuits()}.get(name)
    if found is None or found.phase is not Phase.OPEN:
        msg = f"{name} is not left alone: runs use it"
        raise UsageError(msg)
    # Recovering, not closed: if it does not work after all, few requests show it.
    closed = replace(found, phase=Phase.RECOVERING, tries=0, ended_at=now)
    with state.transaction() as tx:
        tx.put_circuit(closed)
        detail = {"cause": found.cause, "since": found.since, "due_at": found.due_at}
        tx.audit(now=now, actor=current_user(), action="close circuit", subject=name, detail=detail)
    return closed
