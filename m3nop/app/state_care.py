"""Looks after a state database: puts a backup back, moves it between databases, gives space back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.actor import current_user
from m3nop.app.state_facts import file_of
from m3nop.core.clock import SECOND
from m3nop.core.errors import UsageError

_YOUNGEST = 7 * 86_400
"""Seconds: sweeps look again after a day, and missing ids are asked for as long."""

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from m3nop.app.session import Session
    from m3nop.state.exporting import Exported
    from m3nop.state.importing import Imported
    from m3nop.state.restoring import Restored


class Sizes(Struct, frozen=True):
    """Bytes before and after; None where the database is a server's."""

    before: int | None
    after: int | None


def restore(session: Session, file: Path, *, command: str, wait: float = 0.0) -> Restored:
    """Put a backup in place of the environment's state, which is kept beside it.

    Raises:
        BusyError: a run owns the state.
        StateError: the file cannot take its place.
    """
    from m3nop.state.restoring import Who, restore_state

    return restore_state(
        session.state_url, file, scope=session.scope(), clock=session.clock,
        who=Who(command, current_user()), wait=wait,
    )  # fmt: skip


def export(session: Session, target: Path) -> Exported:
    """Write the environment's state to a new file; runs may go on meanwhile.

    Raises:
        StateError: there is no state, or the file cannot be written.
    """
    return session.state(read_only=True).export(target, now=session.clock.now())


def import_(session: Session, file: Path, *, command: str, wait: float = 0.0) -> Imported:
    """Fill the environment's state, which must be new or empty.

    Raises:
        BusyError: another process owns it.
        StateError: it holds something, or the file does not fit.
    """
    from m3nop.state.importing import import_state
    from m3nop.state.restoring import Who

    state, found = import_state(
        session.state_url, file, scope=session.scope(), clock=session.clock,
        who=Who(command, current_user()), wait=wait,
    )  # fmt: skip
    state.close()
    return found


def vacuum(session: Session, *, wait: float = 0.0) -> Sizes:
    """Give the space of deleted rows back to the system.

    Raises:
        BusyError: a run goes on.
        StateError: there is no room for it.
    """
    file, state = file_of(session.state_url), session.state(wait=wait)
    before = file.stat().st_size if file is not None else None
    state.vacuum()
    return Sizes(before, file.stat().st_size if file is not None else None)


def prune(
    session: Session, *, older_than: float, wait: float = 0.0, dry_run: bool = False
) -> Mapping[str, int]:
    """Delete what is older than so many seconds and needed by nobody; return how many rows of each table.

    Raises:
        UsageError: what is so young may still be needed.
        BusyError: a run goes on.
    """
    if older_than < _YOUNGEST:
        msg = (
            f"--older-than has to be {_YOUNGEST // 86_400}d at least; what is younger may still be looked at"
        )
        raise UsageError(msg)
    now = session.clock.now()
    return session.state(wait=wait).prune(
        before=now - int(older_than * SECOND), now=now, actor=current_user(), dry_run=dry_run
    )


def begin_epoch(session: Session, *, reason: str, wait: float = 0.0) -> int:
    """Say that the state may be older than the truth; return the number of its new epoch.

    Raises:
        UsageError: no reason is given.
        BusyError: a run goes on.
    """
    if not reason.strip():
        raise UsageError("--reason is blank; say why in a few words")
    state = session.state(wait=wait)
    return state.begin_epoch(now=session.clock.now(), actor=current_user(), reason=reason.strip())
