"""Forgets personal data when its time is over, once a day, as part of the runs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from m3nop.core.clock import DAY, SECOND
from m3nop.core.errors import BusyError

if TYPE_CHECKING:
    from m3nop.app.session import Session


def prune_what_is_old(session: Session, *, actor: str) -> None:
    """Delete what is older than the project keeps and needed by nobody; without a limit all is kept.

    Raises:
        StateError: the state does not work.
    """
    keep, now = session.project.state_keep, session.clock.now()
    if keep is not None:
        # Where others work on the state, tomorrow is soon enough.
        with suppress(BusyError):
            session.state().prune(before=now - int(keep * SECOND), now=now, actor=actor)


def forget_what_is_old(session: Session) -> None:
    """Forget the personal data of records that have rested for longer than the project keeps it.

    Raises:
        StateError: the state does not work.
    """
    state, now = session.state(), session.clock.now()
    last = state.forgot_at()
    if last is not None and last <= now < last + DAY:
        return
    # Another process that works on the state does it at the end of its own run.
    with suppress(BusyError):
        state.forget(before=now - int(session.project.keep_personal_data * SECOND), now=now)
