"""A state folder that was put back whole, with the note beside the database and everything else in it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import SystemClock
from m3nop.state.store import SqlState, open_state

if TYPE_CHECKING:
    from pathlib import Path


def opened(folder: Path) -> SqlState:
    url = f"sqlite:///{(folder / 'state.db').as_posix()}"
    return open_state(url, scope={"environment": "qa"}, clock=SystemClock(), command="m3nop sync orders")


def epoch_of(folder: Path) -> int:
    state = opened(folder)
    try:
        return state.epoch
    finally:
        state.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state that was set up and closed."""
    made = tmp_path / ".m3nop"
    assert epoch_of(made) == 1
    return made


def replace(kept: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)


def overwrite(kept: Path, folder: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("a file that is written over stays the same file there")
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def rename(kept: Path, folder: Path) -> None:
    folder.rename(folder.with_name("spoiled"))
    kept.rename(folder)


@pytest.mark.parametrize("put_back", [replace, overwrite, rename])
def test_a_folder_that_was_put_back_whole_begins_a_new_epoch(folder, tmp_path, put_back):
    shutil.copytree(folder, tmp_path / "kept")
    assert epoch_of(folder) == 1

    put_back(tmp_path / "kept", folder)

    state = opened(folder)
    entry = state.audit_entries()[0]
    state.close()
    assert (entry["action"], entry["subject"]) == ("epoch", "2")
    assert "put back, moved or copied" in entry["detail"]["reason"]
    assert epoch_of(folder) == 2


def test_a_folder_put_back_before_anything_else_ran_begins_a_new_epoch_too(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "kept")
    replace(tmp_path / "kept", folder)

    assert epoch_of(folder) == 2


def test_runs_that_write_much_and_fold_the_log_back_stay_in_their_epoch(folder):
    for number in range(3):
        state = opened(folder)
        for step in range(50):
            with state.transaction() as tx:
                tx.save_definition(f"{number}-{step}", "x" * 100_000)
        state.close()
        assert not (folder / "state.db-wal").exists()

    assert epoch_of(folder) == 1


def test_a_project_folder_that_was_renamed_stays_in_its_epoch(folder):
    folder.rename(folder.with_name("renamed"))

    assert epoch_of(folder.with_name("renamed")) == 1
