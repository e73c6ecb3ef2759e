"""Export and import: what comes out of one database goes into another exactly, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.core.errors import BusyError, StateError
from m3nop.core.records import Arrival, Attempt, AttemptState, CallState, Link, LoggedCall, RecordState
from m3nop.state import versions
from m3nop.state.importing import import_state
from m3nop.state.restoring import Who
from m3nop.state.schema import HEAD, metadata
from tests.unit.state.conftest import SCOPE, url_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from m3nop.state.store import SqlState

WHO = Who("m3nop state import", "ops")
ODD = {
    "total": Decimal("120.10"), "tiny": Decimal("0.000000000000000000001"), "big": 2**70, "none": None,
    "half": "\ud83d", "nul": "a\0b", "line": "two\nlines\u2028and\u0085more", "quote": '"\\',
}  # fmt: skip


def arrival(key: str, snapshot: Any = None, **values: Any) -> Arrival:
    given = {"store": "b2c", "partition": "", "fingerprint": "f", "created_at": 5, "state": RecordState.READY}
    return Arrival("orders", key, **{**given, "snapshot": snapshot, **values})


def fill(state: SqlState) -> None:
    """Put something into every table that has rows."""
    with state.transaction() as tx:
        run = tx.start_run("orders", now=1, command="m3nop sync orders", definition="d1")
        tx.save_definition("d1", '{"größe": 1.50}')
        tx.set_identity("orders", key="order.id", reference="r")
        tx.set_baseline("orders", 3)
        tx.arrive(
            [arrival("1", ODD), arrival("2", created_at=None), *(arrival(f"k{one}") for one in range(1100))],
            now=9,
        )
        tx.set_watermark("orders", "", '{"id": 2}', now=9)
        tx.set_watermark("orders", "checked:", None, now=9)
        tx.add_missing("orders", "", [2**40], now=9)
    first = state.record("orders", "1")
    assert first is not None
    attempt = Attempt(0, first.id, 1, AttemptState.OPEN, 1, ODD, "d1", "B2C-1", 1)
    with state.transaction() as tx:
        (attempt.id,) = tx.open_attempts([attempt])
        tx.log_calls([
            LoggedCall("c1", first.id, attempt.id, run, "head", "erp", "OIS100MI/AddBatchHead", "unsafe", {"CUOR": "B2C-1"},
                       CallState.DONE, 1, rows=[{"ORNO": "0000104711", "SAPR": Decimal("1.10")}], clean=False),
            LoggedCall("c2", first.id, None, run, "probe:x", "erp", "OIS100MI/LstBatchHead", "read", {}, CallState.SENT, 2),
        ])  # fmt: skip
        tx.put_link(Link("orders", "1", "1", "0010000001", 4, "adopted"))
        tx.add_dead_letter(first, now=5, remedy="business", signature="s", message="m\ufffd", step="head")
        tx.claim(["orders"], now=20, limit=2, run_id=run)
        tx.audit(now=6, actor="ops", action="release", subject="orders 1", detail=ODD)


def dump(place: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every value as the database holds it."""
    with sqlite3.connect(place) as raw:
        found = {}
        for name, table in metadata.tables.items():
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            key = ", ".join(f'"{column.name}"' for column in table.primary_key)
            found[name] = raw.execute(f"SELECT {columns} FROM {name} ORDER BY {key}").fetchall()  # noqa: S608
    raw.close()
    return found


def import_(path: Path, file: Path, **options: Any) -> Any:
    given = {"scope": SCOPE, "clock": SystemClock(), "who": WHO, **options}
    state, done = import_state(url_of(path), file, **given)
    state.close()
    return done


@pytest.fixture
def exported(path, opened, tmp_path) -> Path:
    state = opened(path)
    fill(state)
    state.export(tmp_path / "state.jsonl", now=7)
    state.close()
    return tmp_path / "state.jsonl"


def test_everything_is_the_same_in_the_other_database(path, opened, exported, tmp_path):
    other = tmp_path / "other" / "state.db"

    done = import_(other, exported)
    # What was in flight is given back by the next opening of either.
    opened(path).close()

    before, after = dump(path), dump(other)
    assert len(before.pop("owners")) == len(after.pop("owners")) == 1
    *old_entries, imported, epoch = after.pop("audit")
    assert old_entries == before.pop("audit")
    assert before.pop("scope")[0][:2] == after.pop("scope")[0][:2]
    ended = [row[:3] + row[4:] for row in after.pop("runs")]
    assert ended[0][:3] == before.pop("runs")[0][:3]
    assert after == before
    assert done.rows["records"] == 1102
    state = opened(other)
    assert (state.epoch, state.verify()) == (2, [])
    assert (imported[2:5], epoch[3:5]) == (("ops", "import", "state.jsonl"), ("epoch", "2"))
    assert state.record("orders", "1").snapshot == {**ODD, "half": "\ud83d"}


def test_new_rows_are_numbered_on_from_those_that_came(opened, exported, tmp_path):
    other = tmp_path / "other.db"
    import_(other, exported)
    state = opened(other)

    with state.transaction() as tx:
        tx.arrive([arrival("new")], now=1)
        run = tx.start_run("orders", now=1, command="m3nop sync", definition="d1")

    assert (state.record("orders", "new").id, run) == (1103, 2)


def test_a_state_that_was_only_opened_counts_as_empty(opened, exported, tmp_path):
    other = tmp_path / "other.db"
    opened(other).close()
    opened(other).close()

    import_(other, exported)

    assert opened(other).record("orders", "1") is not None


@pytest.mark.parametrize(
    "live",
    [
        lambda tx: tx.set_watermark("orders", "", "1", now=1),
        lambda tx: tx.set_baseline("orders", 5),
        lambda tx: tx.audit(now=1, actor="ops", action="release", subject="x", detail=None),
    ],
)
def test_a_state_that_holds_anything_is_left_alone(opened, exported, tmp_path, live):
    other = tmp_path / "other.db"
    state = opened(other)
    with state.transaction() as tx:
        live(tx)
    state.close()
    before = dump(other)

    with pytest.raises(
        StateError, match=r"nothing was imported: the state database .*other\.db is not empty"
    ):
        import_(other, exported)
    assert dump(other) == before


def reseal(lines: list[bytes]) -> bytes:
    body = b"".join(lines[:-1])
    return body + f'{{"sha256": "{hashlib.sha256(body).hexdigest()}"}}\n'.encode()


def changed(old: bytes, new: bytes) -> Callable[[list[bytes]], bytes]:
    def change(lines: list[bytes]) -> bytes:
        assert any(old in line for line in lines)
        return reseal([line.replace(old, new) for line in lines])

    return change


def without_a_record(lines: list[bytes]) -> bytes:
    at = next(number for number, line in enumerate(lines) if line.startswith(b'{"table": "records"'))
    return reseal(lines[: at + 500] + lines[at + 501 :])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _lines: b"", "its first line is not that of an export|its end is missing"),
        (lambda lines: b"".join(lines[:-1]), "its end is missing"),
        (lambda lines: b"".join(lines)[: -len(lines[-1]) - 30], "a line is not JSON|its end is missing"),
        (lambda lines: b"".join(lines).replace(b"120.10", b"120.11"), "its content is not what was written"),
        (lambda lines: b"".join(lines) + b"\n", "its content is not what was written"),
        (lambda _lines: b"key;shop\n1;2\n", "a line is not JSON"),
        (lambda _lines: b'{"a": 1}\n{"sha256": "x"}\n', "its first line is not that of an export"),
        (without_a_record, "it does not have the rows that it says"),
        (changed(b'"columns": ["pipeline", "partition", "id",', b'"columns": ["pipeline", "partition", "no",'), "columns of missing"),
        (changed(b'{"table": "links"', b'{"table": "sqlite_master"'), "columns of sqlite_master"),
        (changed(b'["orders", "1", "1", "0010000001", 4, "adopted"]', b'["orders", "1"]'), "a row of links does not fit"),
        (changed(b'["orders", "1", "1", "0010000001", 4, "adopted"]', b'["orders", "1", "1", {}, 4, "adopted"]'), "a row of links"),
        (changed(b'["orders", "1", "1", "0010000001", 4, "adopted"]', b'["orders", "1", "1", null, 4, "adopted"]'), "rows of links do not fit"),
        (changed(f'"schema": "{HEAD}"'.encode(), b'"schema": "9999"'), "written by a newer m3nop"),
        (changed(b'{"m3nop_state": 1', b'{"m3nop_state": 2'), "written by a newer m3nop"),
        (changed(b'"environment": "qa"', b'"environment": "prod"'), "environment is prod there and qa here"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_or_does_not_fit_leaves_nothing_behind(
    opened, exported, tmp_path, change, why
):
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(change(lines))
    other = tmp_path / "other.db"

    with pytest.raises(StateError, match=why):
        import_(other, exported)

    state = opened(other)
    assert (state.epoch, state.counts("orders"), state.verify()) == (1, {}, [])


def test_a_missing_file_and_a_state_in_use_are_named(opened, exported, tmp_path):
    with pytest.raises(StateError, match=r"the export .*gone\.jsonl cannot be read: No such file"):
        import_(tmp_path / "other.db", tmp_path / "gone.jsonl")
    opened(tmp_path / "other.db")
    with pytest.raises(BusyError):
        import_(tmp_path / "other.db", exported)


def test_an_export_is_private_and_never_overwrites(path, opened, exported, tmp_path):
    if sys.platform != "win32":
        assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    reader = opened(path, read_only=True)
    with pytest.raises(StateError, match="exists already; name a new file for the export"):
        reader.export(exported, now=1)
    with pytest.raises(StateError, match="cannot be written: No such file"):
        reader.export(tmp_path / "no" / "such.jsonl", now=1)


def test_an_export_holds_one_moment_whatever_is_committed_meanwhile(path, opened, tmp_path, monkeypatch):
    state = opened(path)
    fill(state)
    plain = json.dumps
    calls = iter(range(10_000_000))

    def meanwhile(value: Any) -> str:
        if next(calls) == 5:
            with state.transaction() as tx:
                tx.arrive([arrival("late")], now=1)
                tx.put_link(Link("orders", "late", "late", "0010000009", 4))
        return plain(value)

    monkeypatch.setattr("m3nop.state.exporting.json.dumps", meanwhile)
    done = opened(path, read_only=True).export(tmp_path / "state.jsonl", now=1)
    monkeypatch.undo()

    import_(tmp_path / "other.db", tmp_path / "state.jsonl")
    assert done.rows["records"] == 1102
    assert (
        opened(path, read_only=True).counts("orders")[RecordState.READY],
        opened(tmp_path / "other.db").link("orders", "late"),
    ) == (1101, None)


def test_an_export_of_an_earlier_version_is_migrated(opened, exported, tmp_path, monkeypatch):
    scripts = tmp_path / "later"
    shutil.copytree(versions.SCRIPTS, scripts)
    (scripts / "versions" / "v9999.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = '9999', '{HEAD}', None, None\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('records') as batch:\n"
        "        batch.add_column(sa.Column('colour', sa.Text(), nullable=False, server_default='red'))\n",
        encoding="utf-8",
    )
    now = versions.migrate
    monkeypatch.setattr(
        "m3nop.state.versions.migrate",
        lambda connection, to="9999": now(connection, scripts=scripts, to=to),
    )
    monkeypatch.setattr("m3nop.state.schema.HEAD", "9999")
    monkeypatch.setattr("m3nop.state.schema.REVISIONS", (HEAD, "9999"))

    done = import_(tmp_path / "other.db", exported)

    with sqlite3.connect(tmp_path / "other.db") as raw:
        colours = raw.execute("SELECT DISTINCT colour FROM records").fetchall()
        version = raw.execute("SELECT version_num FROM alembic_version").fetchall()
    raw.close()
    assert (done.schema, colours, version) == (HEAD, [("red",)], [("9999",)])


def test_memory_is_flat_however_much_there_is(path, opened, tmp_path):
    state = opened(path)
    for start in range(0, 1500, 100):
        with state.transaction() as tx:
            tx.arrive([arrival(str(start + one), {"text": "x" * 10_000}) for one in range(100)], now=1)
    tracemalloc.start()
    state.export(tmp_path / "state.jsonl", now=1)
    state.close()
    import_(tmp_path / "other.db", tmp_path / "state.jsonl")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    size = (tmp_path / "state.jsonl").stat().st_size
    assert size > 15_000_000
    assert most < size


_MOVING = """
import sys
from pathlib import Path
from m3nop.core.clock import SystemClock
from m3nop.state.importing import import_state
from m3nop.state.restoring import Who

import_state(sys.argv[1], Path(sys.argv[2]), scope={"environment": "qa", "erp.company": "100"}, clock=SystemClock(), who=Who("import", "ops"))
"""


@pytest.mark.parametrize("point", ["commit:before", "commit:before#2", "import:done"])
def test_a_kill_during_an_import_leaves_nothing_or_everything(opened, exported, tmp_path, point):
    other = tmp_path / "other.db"
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _MOVING, url_of(other), str(exported)],
        env={**os.environ, "M3NOP_CRASHPOINT": point}, check=False,
    )  # fmt: skip

    assert ended.returncode not in (0, 1)
    if point == "commit:before":
        import_(other, exported)
    state = opened(other)
    assert (len(state.records("orders")), state.epoch, state.verify()) == (1102, 2, [])


def test_vacuum_gives_space_back_and_keeps_what_is_there(path, opened):
    state = opened(path)
    with state.transaction() as tx:
        tx.arrive([arrival(str(one), {"text": "x" * 10_000}) for one in range(200)], now=1)
    with state.transaction() as tx:
        tx._connection.exec_driver_sql("DELETE FROM snapshots WHERE id > 1")
    state.close()
    before = path.stat().st_size

    state = opened(path)
    state.vacuum()

    assert path.stat().st_size < before / 5
    assert (state.epoch, state.verify(), len(state.records("orders"))) == (1, [], 200)
    state.close()
    with pytest.raises(StateError, match="for reading only"):
        opened(path, read_only=True).vacuum()


def test_an_epoch_can_be_begun_by_hand(path, opened):
    state = opened(path)

    assert state.begin_epoch(now=5, actor="ops", reason="the machine was put back") == 2

    entry = state.audit_entries()[0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("ops", "epoch", "2")
    state.close()
    assert opened(path).epoch == 2
