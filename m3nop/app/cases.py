"""What a person needs to decide about a record: its life, and what the mapping makes of it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.previewing import MappedRecord, Subject, map_record, subject_of, time_zone
from m3nop.app.tracing import Life, tell
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.session import Session
    from m3nop.core.records import Record


class Case(Struct, frozen=True):
    """A record that needs a person."""

    life: Life
    mapping: tuple[Subject, MappedRecord] | None
    """What would be sent now; None where that cannot be worked out."""
    note: str
    """Why it cannot, or what is not certain in it."""


def open_case(session: Session, record: Record) -> Case:
    """Put together what is known of a record and what would be sent for it.

    Raises:
        StateError: the state cannot be read.
    """
    state = session.state(read_only=True)
    life = tell(session, state, record)
    if record.snapshot is None:
        return Case(life, None, "it is read again by the next run")
    try:
        subject = subject_of(session, state, record)
    except UsageError as error:
        return Case(life, None, str(error))
    zone, unsure = time_zone(session, subject.pipeline)
    return Case(life, (subject, map_record(subject, now=session.clock.now(), zone=zone)), unsure)
