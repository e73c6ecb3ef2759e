"""Which records a run may work on next: oldest due first, stores in turn."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select, union_all

from m3nop.core.records import RecordState
from m3nop.state.schema import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

    from m3nop.core.clock import Instant

CLAIMABLE = (RecordState.READY, RecordState.PENDING)
"""What can be claimed. Without ``not_before`` these are due at once; other states then are not due at all."""

_KEYS_PER_QUERY = 500

_r = records.c
_claimable = _r.state.in_([str(state) for state in CLAIMABLE])
_due = or_(_r.not_before.is_(None), _r.not_before <= bindparam("now"))


def _first(state: RecordState, *, timed: bool) -> Select[Any]:
    """Select the first due records of one store and state, in an order that the index has already."""
    when = _r.not_before <= bindparam("now") if timed else _r.not_before.is_(None)
    order = (_r.not_before, _r.seen_at, _r.id) if timed else (_r.seen_at, _r.id)
    return (
        select((_r.not_before if timed else _r.seen_at).label("due"), _r.id)
        .where(
            _r.pipeline == bindparam("pipeline"), _r.state == str(state), _r.store == bindparam("store"), when
        )
        .order_by(*order)
        .limit(bindparam("most"))
    )


_IN_STORE = union_all(
    *(select(_first(state, timed=timed).subquery()) for state in CLAIMABLE for timed in (False, True))
)


def _stores_of(state: RecordState) -> Select[Any]:
    """Select the stores that have records in this state, by one step of the index for each."""
    here = (_r.pipeline == bindparam("pipeline"), _r.state == str(state))
    steps = select(func.min(_r.store).label("store")).where(*here).cte(f"{state}_stores", recursive=True)
    following = select(func.min(_r.store)).where(*here, _r.store > steps.c.store).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.store.is_not(None)))
    return select(steps.c.store).where(steps.c.store.is_not(None))


_STORES = tuple(_stores_of(state) for state in CLAIMABLE)

_by_due = (func.coalesce(_r.not_before, _r.seen_at).label("due"), _r.id, _r.store)
_BY_KEY = select(*_by_due).where(
    _r.pipeline == bindparam("pipeline"),
    _r.key.in_(bindparam("keys", expanding=True)),
    _claimable,
    _due,
)


class Turns:
    """Remembers which store was served when, so that stores take turns from one claim to the next."""

    def __init__(self) -> None:
        self._served: dict[str, int] = {}
        self._turn = 0

    def choose(
        self, connection: Connection, pipelines: Sequence[str], *, now: Instant, limit: int,
        stores: Sequence[str], keys: Sequence[str],
    ) -> list[int]:  # fmt: skip
        """Return the ids of up to ``limit`` due records, in the order in which they should be worked on."""
        if limit <= 0:
            return []
        queues: dict[str, list[tuple[int, int]]] = {}
        for pipeline in pipelines:
            if keys:
                found = _of_keys(connection, pipeline, now, keys)
            else:
                found = _first_of_stores(connection, pipeline, now, stores, limit)
            for due, record_id, store in found:
                queues.setdefault(store, []).append((due, record_id))
        if stores:
            queues = {store: queue for store, queue in queues.items() if store in stores}
        return self._in_turn({store: deque(sorted(queue)) for store, queue in queues.items()}, limit)

    def _in_turn(self, queues: dict[str, deque[tuple[int, int]]], limit: int) -> list[int]:
        chosen: list[int] = []
        while queues and len(chosen) < limit:
            store = min(queues, key=lambda name: (self._served.get(name, 0), queues[name][0]))
            chosen.append(queues[store].popleft()[1])
            self._turn += 1
            self._served[store] = self._turn
            if not queues[store]:
                del queues[store]
        return chosen


def _first_of_stores(
    connection: Connection, pipeline: str, now: Instant, stores: Sequence[str], limit: int
) -> Iterator[tuple[int, int, str]]:
    names = set(stores)
    if not names:
        for statement in _STORES:
            names.update(connection.execute(statement, {"pipeline": pipeline}).scalars())
    for store in names:
        values = {"pipeline": pipeline, "store": store, "now": now, "most": limit}
        for due, record_id in connection.execute(_IN_STORE, values):
            yield due, record_id, store


def _of_keys(
    connection: Connection, pipeline: str, now: Instant, keys: Sequence[str]
) -> Iterator[tuple[int, int, str]]:
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        values = {"pipeline": pipeline, "now": now, "keys": keys[start : start + _KEYS_PER_QUERY]}
        for row in connection.execute(_BY_KEY, values):
            yield row.due, row.id, row.store
