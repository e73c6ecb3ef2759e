"""The inbox: messages are written before their senders hear that they were received, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from m3nop.core.inbox import Message, Received, Reception
from m3nop.core.records import RecordState
from m3nop.state.schema import inbox, records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Table

    from m3nop.core.clock import Instant

_NEXT = (
    select(inbox)
    .where(inbox.c.state == str(Reception.ACCEPTED), inbox.c.id > bindparam("after"))
    .order_by(inbox.c.id)
    .limit(bindparam("most"))
)
_SETTLE = update(inbox).where(inbox.c.id == bindparam("row_id"), inbox.c.state == str(Reception.ACCEPTED))
_HASTEN = (
    update(records)
    .where(
        records.c.pipeline == bindparam("of_pipeline"),
        records.c.key == bindparam("of_key"),
        # Not by IN, which cannot be run for many rows at once.
        or_(records.c.state == str(RecordState.WAITING), records.c.state == str(RecordState.DONE)),
    )
    .values(version=records.c.version + 1)
)
_NEWEST = select(func.max(inbox.c.variation)).where(
    inbox.c.source == bindparam("of_source"),
    inbox.c.topic == bindparam("of_topic"),
    inbox.c.document == bindparam("of_document"),
    inbox.c.variation.is_not(None),
)
_MEMBERS = ("source", "message", "part", "topic", "key", "digest", "document", "variation")


class InboxWrites:
    """What a transaction writes to the inbox."""

    _connection: Connection
    _insert: Callable[[Table], Any]

    def receive(self, messages: Sequence[Message], *, now: Instant) -> list[bool]:
        """Keep messages; tell of each whether it is new: one that came before leaves no trace.

        One whose document has come in a later variation already is kept as superseded: nothing comes of it.
        """
        if not messages:
            return []
        late = self._late(messages)
        new = [
            {
                **{name: getattr(one, name) for name in _MEMBERS},
                "received_at": now,
                "state": str(Reception.SUPERSEDED if number in late else Reception.ACCEPTED),
                "handled_at": now if number in late else None,
            }
            for number, one in enumerate(messages)
        ]
        statement = self._insert(inbox).on_conflict_do_nothing().returning(
            inbox.c.source, inbox.c.message, inbox.c.part
        )  # fmt: skip
        added = {tuple(row) for row in self._connection.execute(statement, new)}
        told = []
        for one in messages:
            told.append((one.source, one.message, one.part) in added)
            # A second one in the same group is the duplicate of the first.
            added.discard((one.source, one.message, one.part))
        return told

    def _late(self, messages: Sequence[Message]) -> set[int]:
        """Return the numbers of those of which a later variation came before, be it in the same group."""
        newest: dict[tuple[str, str, str], int] = {}
        late = set()
        for number, one in enumerate(messages):
            if one.variation is None:
                continue
            known = (one.source, one.topic, one.document)
            if known not in newest:
                asked = dict(zip(("of_source", "of_topic", "of_document"), known, strict=True))
                newest[known] = self._connection.execute(_NEWEST, asked).scalar() or 0
            if one.variation < newest[known]:
                late.add(number)
            newest[known] = max(newest[known], one.variation)
        return late

    def settle_messages(self, ids: Iterable[int], state: Reception, *, now: Instant) -> None:
        """Note what became of messages."""
        rows = [{"row_id": number} for number in ids]
        if rows:
            self._connection.execute(_SETTLE.values(state=str(state), handled_at=now), rows)

    def forget_messages(self, *, before: Instant) -> int:
        """Delete messages that were settled before an instant; return how many."""
        return self._connection.execute(delete(inbox).where(inbox.c.handled_at < before)).rowcount

    def hasten(self, pipeline: str, keys: Iterable[str], *, now: Instant) -> None:
        """Let known records that wait, or were delivered, be looked at again by the next run."""
        rows = [{"of_pipeline": pipeline, "of_key": key} for key in keys]
        if rows:
            self._connection.execute(_HASTEN.values(not_before=now), rows)


class InboxReads:
    """What is read of the inbox."""

    _connect: Callable[[], AbstractContextManager[Connection]]

    def next_messages(self, *, after: int = 0, limit: int) -> list[Received]:
        """List messages of which nothing came yet, as they came in."""
        with self._connect() as connection:
            found = connection.execute(_NEXT, {"after": after, "most": limit}).mappings().all()
        return [_received(row) for row in found]

    def messages_of(self, key: str) -> list[Received]:
        """List the messages that name a record, as they came in."""
        statement = select(inbox).where(inbox.c.key == key).order_by(inbox.c.id)
        with self._connect() as connection:
            return [_received(row) for row in connection.execute(statement).mappings()]

    def count_messages(self) -> Mapping[tuple[str, Reception], int]:
        """Count messages by source and by where they stand."""
        statement = select(inbox.c.source, inbox.c.state, func.count()).group_by(
            inbox.c.source, inbox.c.state
        )
        with self._connect() as connection:
            return {(row[0], Reception(row[1])): row[2] for row in connection.execute(statement)}

    def oldest_message(self) -> Instant | None:
        """Say when the message came in of which nothing has come for longest."""
        statement = select(func.min(inbox.c.received_at)).where(inbox.c.state == str(Reception.ACCEPTED))
        with self._connect() as connection:
            return connection.execute(statement).scalar()


def _received(row: Mapping[Any, Any]) -> Received:
    message = Message(**{name: row[name] for name in _MEMBERS})
    return Received(row["id"], message, row["received_at"], Reception(row["state"]), row["handled_at"])
