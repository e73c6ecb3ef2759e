"""A machine that loses its power forgets no call that M3 received; a database that does not sync would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core import json
from tests.power.disk import NAMES_KEPT, SYNCED_ONLY, Disk, compile_shim, compiler

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or compiler() is None,
    reason="needs Linux and a C compiler to preload what plays the power loss",
)

WRITER = """
import os, sys
def at(name):
    return os.path.join(sys.argv[1], name)
def write(name, text, sync):
    file = os.open(at(name), os.O_WRONLY | os.O_CREAT)
    os.write(file, text)
    if sync:
        os.fsync(file)
    os.close(file)
def sync_names():
    folder = os.open(at(""), os.O_RDONLY)
    os.fsync(folder)
write("state.db", b"old", True)
write("gone", b"gone", True)
write("replaced", b"before", True)
sync_names()
write("state.db", b"newer", False)
write("late", b"late", True)
os.unlink(at("gone"))
write("other", b"after", False)
os.replace(at("other"), at("replaced"))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("power") / "powerloss.so"
    compile_shim(ROOT / "tests" / "power" / "powerloss.c", made)
    return made


def preloaded(shim: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    command = [sys.executable, *arguments]
    all_of_it = {**os.environ, **(environ or {}), "LD_PRELOAD": str(shim)}
    ended = subprocess.run(command, cwd=ROOT, env=all_of_it, capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode in {0, -9}, ended.stderr
    return ended.stdout


@pytest.fixture
def disk(tmp_path: Path, shim: Path) -> Disk:
    made = Disk(tmp_path / "folder", tmp_path / "shadow")
    made.folder.mkdir()
    made.begin()
    preloaded(shim, "-c", WRITER, str(made.folder), environ=made.environ)
    return made


def contents(disk: Disk) -> dict[str, str]:
    return {file.name: file.read_text() for file in disk.folder.iterdir()}


def test_what_was_not_synced_is_lost_names_too(disk: Disk) -> None:
    disk.lose_power(SYNCED_ONLY)

    assert contents(disk) == {"state.db": "old", "gone": "gone", "replaced": "before"}


def test_a_disk_may_keep_more_than_it_was_told_to(disk: Disk) -> None:
    number = (disk.folder / "state.db").stat().st_ino
    disk.lose_power(NAMES_KEPT)

    assert contents(disk) == {"state.db": "old", "late": "late", "replaced": "after"}
    assert (disk.folder / "state.db").stat().st_ino == number


def test_a_process_dies_instead_of_a_sync(tmp_path: Path, shim: Path) -> None:
    disk = Disk(tmp_path / "folder", tmp_path / "shadow")
    disk.folder.mkdir()
    disk.begin()
    preloaded(shim, "-c", WRITER, str(disk.folder), environ={**disk.environ, "POWERLOSS_AT": "2"})

    assert contents(disk) == {"state.db": "old", "gone": "gone"}


def losses(shim: Path, folder: Path, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(preloaded(shim, "-m", "tests.power", str(folder), *more))
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("dialect", "seed"), [("official", "1"), ("oss", "2")])
def test_after_any_power_loss_the_disk_knows_what_was_sent_and_orders_are_entered_once(
    shim: Path, tmp_path: Path, dialect: str, seed: str
) -> None:
    found = losses(shim, tmp_path, "--dialect", dialect, "--seed", seed)

    assert (found["unlogged"], found["wrong"], found["strange"]) == ([], {}, [])
    assert found["died"]["killed"] > 4


@pytest.mark.timeout(300)
def test_a_database_that_does_not_sync_forgets_what_was_sent(shim: Path, tmp_path: Path) -> None:
    found = losses(shim, tmp_path, "--synchronous", "OFF", "--losses", "3")

    assert "OIS100MI/AddBatchHead" in found["unlogged"]
    assert "OIS100MI/Confirm" in found["unlogged"]


@pytest.mark.timeout(300)
def test_a_migration_an_export_and_a_backup_survive_a_power_loss_at_every_place(
    shim: Path, tmp_path: Path
) -> None:
    found = json.loads(preloaded(shim, "-m", "tests.power.care", str(tmp_path)))

    assert {name: one["failed"] for name, one in found.items()} == {
        "migration": [],
        "export": [],
        "backup": [],
    }
    assert all(one["places"] > 20 for one in found.values()), found
