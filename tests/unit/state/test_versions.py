from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from m3nop.core.errors import StateError
from m3nop.state import versions
from m3nop.state.reference import render_reference
from m3nop.state.schema import HEAD, REVISIONS, metadata

ROOT = Path(__file__).resolve().parents[3]

NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", {head!r}, None, None

def upgrade():
    with op.batch_alter_table("records") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="red"))
        {more}
"""


def schema_of(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    raw.close()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}


def describe(path: Path) -> dict[str, object]:
    """Everything that SQLite knows of the tables, whatever the words they were made with."""
    with sqlite3.connect(path) as raw:
        names = [
            row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        found: dict[str, object] = {}
        for name in names:
            found[name] = sorted(raw.execute(f"PRAGMA table_info({name})").fetchall(), key=lambda row: row[1])
            found[f"{name} keys"] = sorted(
                row[2:5] for row in raw.execute(f"PRAGMA foreign_key_list({name})")
            )
            found[f"{name} indexes"] = sorted(
                (row[2], [column[2] for column in raw.execute(f"PRAGMA index_info({row[1]})")], row[4])
                for row in raw.execute(f"PRAGMA index_list({name})")
            )
    raw.close()
    return found


def test_the_known_revisions_are_those_of_the_scripts():
    config = Config()
    config.set_main_option("script_location", str(versions.SCRIPTS))
    scripts = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(scripts)) == REVISIONS


def test_the_migrations_make_the_tables_that_a_new_database_has(tmp_path, opened):
    opened(tmp_path / "made.db").close()
    engine = create_engine(f"sqlite:///{(tmp_path / 'migrated.db').as_posix()}")
    with engine.begin() as connection:
        versions.migrate(connection)
    engine.dispose()

    assert describe(tmp_path / "migrated.db") == describe(tmp_path / "made.db")
    made, migrated = schema_of(tmp_path / "made.db"), schema_of(tmp_path / "migrated.db")
    indexes = {name for name, sql in made.items() if sql.startswith("CREATE INDEX")}
    assert {name: migrated[name] for name in indexes} == {name: made[name] for name in indexes}


CATALOGUE = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint",
    "SELECT event_object_table, trigger_name, action_statement FROM information_schema.triggers",
    "SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences",
    "SELECT version_num FROM alembic_version",
)
"""What PostgreSQL knows of the tables."""


def test_a_server_has_the_same_tables_whether_they_are_made_or_migrated(postgres):
    found = []
    for make in (versions.create, versions.migrate):
        url = postgres.create()
        engine = create_engine(url)
        with engine.begin() as connection:
            make(connection)
        with engine.connect() as connection:
            found.append([sorted(map(tuple, connection.exec_driver_sql(query))) for query in CATALOGUE])
        engine.dispose()
        postgres.drop(url)

    made, migrated = found
    for one, other in zip(made, migrated, strict=True):
        assert one == other
    assert {row[1] for row in made[1] if " WHERE " in row[2]} >= {"records_in_flight", "records_due"}


def test_a_database_of_a_newer_version_is_refused(path, opened):
    opened(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()

    for options in ({}, {"read_only": True}):
        with pytest.raises(
            StateError, match=r"newer m3nop \(schema 9999, this one knows .*\); upgrade m3nop"
        ):
            opened(path, **options)


def test_a_database_without_a_version_is_not_ours(path, opened):
    opened(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE alembic_version")
    raw.close()

    with pytest.raises(StateError, match="not a state of m3nop"):
        opened(path)


@pytest.fixture
def scripts(tmp_path: Path):
    """The migrations and one more, as a later version of m3nop would have them."""

    def later(more: str = "pass") -> Path:
        folder = tmp_path / "later 100%"
        shutil.copytree(versions.SCRIPTS, folder)
        (folder / "versions" / "v9999.py").write_text(
            NEXT_REVISION.format(head=HEAD, more=more), encoding="utf-8"
        )
        return folder

    return later


def test_an_older_database_is_migrated_and_keeps_its_rows(path, opened, scripts):
    state = opened(path)
    with state.transaction() as tx:
        run = tx.start_run("orders", now=1, command="m3nop sync", definition="d")
        tx._connection.exec_driver_sql(
            "INSERT INTO records (id, pipeline, key, store, partition, state, reason, seen_at, epoch, attempts, released, "
            "doubts, fingerprint, digest) VALUES (1, 'orders', '1', '', '', 'ready', '', 1, 1, 0, 0, 0, '', '')"
        )
        tx.claim(["orders"], now=1, limit=1, run_id=run)

    backend, writer = state._backend, state._writer
    backend.keep_copy("0000")
    backend.keep_copy("0000")
    with backend.without_foreign_keys(writer), writer.begin():
        versions.migrate(writer, scripts=scripts(), to="9999")

    with writer.begin():
        assert writer.exec_driver_sql("SELECT colour FROM records").scalar() == "red"
        assert writer.exec_driver_sql("SELECT record_id FROM claims").scalar() == 1
        assert writer.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert versions.version_of(writer, place="here", revisions=(HEAD, "9999")) == "9999"
    kept = sorted(file.name for file in path.parent.glob("*.bak"))
    assert kept == ["state.db.schema-0000.1.bak", "state.db.schema-0000.2.bak"]
    assert describe(path.with_name(kept[0]))["records"] != describe(path)["records"]


RECORDS_OF_0010 = """
INSERT INTO records (id, pipeline, key, store, partition, state, reason, seen_at, epoch, attempts, attempt_id, released,
    doubts, fingerprint, digest, snapshot)
VALUES (1, 'orders', '1', '', '', 'done', '', 1, 1, 0, 11, 0, 0, '', '', '{"total":1.50}'),
    (2, 'orders', '2', '', '', 'ready', '', 1, 1, 0, 13, 0, 0, '', '', '{"total":3}'),
    (3, 'orders', '3', '', '', 'blocked', '', 1, 1, 0, NULL, 0, 0, '', '', NULL)
"""
OF_RECORDS = (
    "SELECT r.id, snapshot FROM records AS r LEFT JOIN snapshots AS s ON s.id = snapshot_id ORDER BY 1"
)
OF_ATTEMPTS = (
    "SELECT a.id, snapshot FROM attempts AS a LEFT JOIN snapshots AS s ON s.id = snapshot_id ORDER BY 1"
)
ATTEMPTS_OF_0010 = """
INSERT INTO attempts (id, record_id, number, state, opened_at, definition, reference, epoch, doubt, committed, "then",
    reason, sweeps, snapshot)
VALUES (11, 1, 1, 'done', 1, 'd', 'R-1', 1, 0, 1, '', '', 0, '{"total":1.50}'),
    (12, 2, 1, 'undone', 1, 'd', 'R-2', 1, 0, 0, '', '', 0, '{"total":2}'),
    (13, 2, 2, 'open', 1, 'd', 'R-2', 1, 0, 0, '', '', 0, '{"total":3}')
"""


def test_snapshots_find_their_own_table_and_each_record_and_attempt_keeps_its_own(path, opened):
    path.parent.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        versions.migrate(connection, to="0010")
        for statement in (RECORDS_OF_0010, ATTEMPTS_OF_0010):
            connection.exec_driver_sql(statement)
        versions.migrate(connection)
        kept = [connection.exec_driver_sql(query).all() for query in (OF_RECORDS, OF_ATTEMPTS)]
        number = connection.exec_driver_sql("SELECT count(*) FROM snapshots").scalar()
    engine.dispose()

    assert kept == [
        [(1, '{"total":1.50}'), (2, '{"total":3}'), (3, None)],
        [(11, '{"total":1.50}'), (12, '{"total":2}'), (13, '{"total":3}')],
    ]
    assert number == 3


def test_a_migration_that_fails_leaves_the_database_as_it_was(path, opened, scripts):
    state = opened(path)
    before = schema_of(path)

    with (
        pytest.raises(ZeroDivisionError),
        state._backend.without_foreign_keys(state._writer),
        state._writer.begin(),
    ):
        versions.migrate(state._writer, scripts=scripts("1 / 0"), to="9999")

    assert schema_of(path) == before


def test_a_database_that_is_up_to_date_opens_without_alembic(path, opened):
    opened(path).close()
    script = (
        "import sys\n"
        "from m3nop.core.clock import SystemClock\n"
        "from m3nop.state.store import open_state\n"
        "scope = {'environment': 'qa', 'erp.company': '100'}\n"
        "open_state(sys.argv[1], scope=scope, clock=SystemClock(), command='m3nop sync').close()\n"
        "print('alembic' in sys.modules)\n"
    )

    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, f"sqlite:///{path.as_posix()}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout == "False\n"


def test_the_reference_of_the_tables_is_current():
    assert (ROOT / "docs" / "reference" / "state.md").read_text(encoding="utf-8") == render_reference()


@pytest.mark.parametrize("table", list(metadata.tables.values()), ids=lambda table: table.name)
def test_every_table_and_column_says_what_it_holds(table):
    assert table.comment
    assert [column.name for column in table.columns if not column.comment] == []
