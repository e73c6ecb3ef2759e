"""The audit trail: who did what by hand, to what, and what it changed; and whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.actor import current_user
from m3nop.core.errors import StateError, UsageError
from m3nop.core.json import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from m3nop.app.session import Session
    from m3nop.core.clock import Instant
    from m3nop.core.json import Json
    from m3nop.core.records import Record
    from m3nop.core.state import Transaction
    from m3nop.engine.wish import Wish

SEAL_START = 12
"""Digits of a seal that are enough to find it again."""


class Entries(Struct, frozen=True):
    """Which entries of the trail are wanted."""

    action: str | None = None
    actor: str | None = None
    subject: str | None = None
    """Text that the subject contains."""
    since: Instant | None = None
    until: Instant | None = None
    """Exclusive."""

    def __contains__(self, entry: Mapping[str, Any]) -> bool:
        return (
            self.action in (None, entry["action"])
            and self.actor in (None, entry["actor"])
            and (self.subject or "").casefold() in entry["subject"].casefold()
            and (self.since is None or entry["at"] >= self.since)
            and (self.until is None or entry["at"] < self.until)
        )


class Trail(Struct, frozen=True):
    """A trail that was found whole."""

    entries: int
    seal: str
    """Of its last entry; noted elsewhere, it proves later that none was cut off the end. Empty: no entry."""


def note(
    tx: Transaction, *, now: Instant, actor: str, action: str, before: Record, after: Record,
    detail: Mapping[str, Json],
) -> None:  # fmt: skip
    """Note what a person did to a record, with the digests of the record before and after it."""
    digests = {"before": digest_of(before), "after": digest_of(after)}
    tx.audit(
        now=now, actor=actor, action=action, subject=f"{before.pipeline}/{before.key}",
        detail={**detail, **digests},
    )  # fmt: skip


def note_lifted(session: Session, wish: Wish) -> None:
    """Note if somebody lifts the limit on records that come to nothing for one run."""
    if not wish.allow_to_zero:
        return
    with session.state().transaction() as tx:
        tx.audit(
            now=session.clock.now(), actor=current_user(), action="allow to zero",
            subject=", ".join(wish.pipelines), detail={},
        )  # fmt: skip


def digest_of(record: Record) -> str:
    """Return the SHA-256 of all that the state knows of a record, the snapshot included."""
    return digest({name: getattr(record, name) for name in record.__struct_fields__})


def entries(session: Session, wanted: Entries) -> Iterator[Mapping[str, Any]]:
    """Yield the entries that are wanted, oldest first.

    Raises:
        StateError: there is no state, or it cannot be read.
    """
    return (entry for entry in session.state(read_only=True).stream("audit") if entry in wanted)


def verify(session: Session, *, seal: str | None = None) -> Trail:
    """Check that no entry was changed or removed; with ``seal``, that the one of this seal is still there.

    The entries seal each other, so one that was changed or taken out breaks those after it. Entries cut off
    the end break nothing: only a seal that was noted elsewhere shows that.

    Raises:
        UsageError: the seal is too short to be one.
        StateError: an entry was changed or removed.
    """
    from m3nop.state.inspection import first_broken

    wanted = (seal or "").strip().lower()
    if seal is not None and len(wanted) < SEAL_START:
        msg = f"--seal needs the first {SEAL_START} digits of a seal at least; `m3nop audit verify` prints it"
        raise UsageError(msg)
    state, count, last, found = session.state(read_only=True), 0, "", not wanted
    broken = first_broken(state.stream("audit"))
    if broken is not None:
        msg = f"the audit trail is broken: entry {broken} was changed, or one before it was removed"
        raise StateError(msg)
    for entry in state.stream("audit"):
        count, last = count + 1, entry["chain"]
        found = found or last.startswith(wanted)
    if not found:
        msg = (
            f"the audit trail has no entry with the seal {seal}: entries were cut off its end, or it is the "
            "trail of another state"
        )
        raise StateError(msg)
    return Trail(count, last)
