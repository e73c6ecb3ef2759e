"""The service deletes what a project keeps no longer, and nothing where it does not say."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from m3nop.app.pack import pack_folder
from m3nop.app.retention import prune_what_is_old
from m3nop.app.session import Place, open_session
from m3nop.core.clock import DAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("keep", "left"), [("", 2), ("state: {keep: 30d}", 1)])
def test_runs_are_deleted_that_are_older_than_the_project_keeps(tmp_path: Path, keep: str, left: int) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(pack_folder(), folder, ignore=shutil.ignore_patterns(".m3nop"))
    with (folder / "m3nop.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\n{keep}\n")
    with open_session(Place(folder, "sandbox"), command="run") as session:
        state, now = session.state(), session.clock.now()
        for age in (40, 5):
            with state.transaction() as tx:
                number = tx.start_run("orders", now=now - age * DAY, command="run", definition="d")
                tx.end_run(number, now=now - age * DAY, result="ok", counts={})
        prune_what_is_old(session, actor="m3nop run")
        assert len(state.runs()) == left
        assert [entry["actor"] for entry in state.audit_entries() if entry["action"] == "prune"] == [
            "m3nop run"
        ] * (2 - left)
