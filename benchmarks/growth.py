"""What an order costs with few and with many rows in the state database.

A first run leaves rows; for the large state they are copied, with keys and numbers of their own. Then both
states get new orders in turn. Counted is processor time, less that of a run that finds nothing to do.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import M3NOP, NO_WAIT
from benchmarks.running import ask, check, double, environ, project_in, spend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROWS_PER_ORDER = 12
"""Of snapshots, records, attempts, calls, links and document numbers, for an order of three lines."""
_APART = 10_000_000
"""Between the ids of one copy's orders and the next's."""
_SHIFTED_KEY = f"CAST(CAST({{}} AS INTEGER) + :copy * {_APART} AS TEXT)"
_COPIED: Mapping[str, Mapping[str, str]] = {
    "snapshots": {"id": "id + :copy * :snapshots"},
    "records": {
        "id": "id + :copy * :records", "key": _SHIFTED_KEY.format("key"),
        "attempt_id": "attempt_id + :copy * :attempts", "snapshot_id": "snapshot_id + :copy * :snapshots",
    },
    "attempts": {
        "id": "id + :copy * :attempts", "record_id": "record_id + :copy * :records",
        "reference": "reference || '-' || :copy", "snapshot_id": "snapshot_id + :copy * :snapshots",
    },
    "calls": {
        "line": "line + :copy * :calls", "id": "lower(hex(randomblob(16)))",
        "record_id": "record_id + :copy * :records", "attempt_id": "attempt_id + :copy * :attempts",
    },
    "links": {
        "key": _SHIFTED_KEY.format("key"), "shop": _SHIFTED_KEY.format("shop"), "m3": "m3 || '-' || :copy",
    },
    "document_numbers": {"value": "value || '-' || :copy", "record_id": "record_id + :copy * :records"},
}  # fmt: skip
"""How the columns of a copied row differ from the row's."""


@dataclass(frozen=True)
class Cost:
    """Of one size of state: its rows, processor milliseconds an order in each round, and an idle run's."""

    rows: int
    megabytes: float
    per_order: tuple[float, ...]
    idle: float
    """Seconds of processor time of a run that finds nothing to do."""

    @property
    def median(self) -> float:
        """Milliseconds an order."""
        return statistics.median(self.per_order)


class State:
    """One project with its own double, whose shop gets more orders."""

    def __init__(self, port: int, project: Path) -> None:
        self._port = port
        self._project = project
        self._orders = 0
        self.database = project / ".m3nop" / "bench" / "state.db"

    def run(self, orders: int) -> float:
        """Let so many orders come and enter them; return the processor seconds."""
        self._orders += orders
        ask(self._port, f"/grow?orders={orders}")
        spent = spend(M3NOP.command(self._port, self._project, here=True), environ(self._port, {}))
        check(M3NOP.name, ask(self._port, "/books"), self._orders)
        return spent.cpu


@contextmanager
def kept_state(rows: int) -> Iterator[State]:
    """Make a project whose first run leaves about so many rows."""
    with double(NO_WAIT, 0) as port, tempfile.TemporaryDirectory() as folder:
        state = State(port, project_in(Path(folder)))
        state.run(rows // ROWS_PER_ORDER)
        yield state


def multiply(database: Path, copies: int) -> int:
    """Put so many copies of every row beside it; return how many rows there are then."""
    with closing(sqlite3.connect(database)) as connection, connection:
        most = {
            table: connection.execute(f"SELECT max({number}) FROM {table}").fetchone()[0]  # noqa: S608  ours
            for table, number in (
                ("snapshots", "id"),
                ("records", "id"),
                ("attempts", "id"),
                ("calls", "line"),
            )
        }
        originals = {
            table: connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]  # noqa: S608
            for table in _COPIED
        }
        for copy in range(1, copies + 1):
            for table, changed in _COPIED.items():
                statement = _copy(connection, table, changed)
                connection.execute(statement, {"copy": copy, "originals": originals[table], **most})
        return sum(
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in _COPIED
        )


def _copy(connection: sqlite3.Connection, table: str, changed: Mapping[str, str]) -> str:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    return f"INSERT INTO {table} SELECT {values} FROM {table} WHERE rowid <= :originals"  # noqa: S608


def measure(*, few: int, many: int, orders: int, rounds: int) -> list[Cost]:
    """Let both states get so many orders in each round."""
    with kept_state(few) as small, kept_state(few) as large:
        rows = [multiply(small.database, 0), multiply(large.database, many // few - 1)]
        states = (small, large)
        idle = [state.run(0) for state in states]
        spent: list[list[float]] = [[], []]
        for number in range(rounds):
            print(f"growth of the state, round {number + 1}", file=sys.stderr, flush=True)
            for index, state in enumerate(states):
                idle[index] = min(idle[index], state.run(0))
                spent[index].append(state.run(orders))
        return [
            Cost(
                rows[index], state.database.stat().st_size / 1_000_000,
                tuple((one - idle[index]) * 1_000 / orders for one in spent[index]), idle[index],
            )
            for index, state in enumerate(states)
        ]  # fmt: skip


def room_for(rows: int) -> bool:
    """Tell whether the folder of temporary files has room for a state of so many rows."""
    return shutil.disk_usage(tempfile.gettempdir()).free > rows * 3_000
