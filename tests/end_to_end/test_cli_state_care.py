"""Looking after the state on the command line, over real HTTP."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from tests.end_to_end.children import CLOCK
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


def document(project: Project, *arguments: str) -> dict[str, object]:
    ended = project.run(*arguments, "--json")
    assert ended.code == 0, ended.err
    found: dict[str, object] = json.loads(ended.out)
    return found


@pytest.fixture
def project(make_project: MakeProject, world: World) -> Project:
    """A project with an order in M3, a backup of that time, and another order in M3 since."""
    made = make_project()
    first = place(world)
    assert made.run("sync", "orders").code == 0
    assert made.run("state", "backup", str(made.folder / "kept.db")).code == 0
    second = place(world)
    assert made.run("sync", "orders").code == 0
    assert judge(world, [f"B2C-{first}", f"B2C-{second}"]) == CLEAN
    return made


def test_after_a_restore_nothing_is_entered_again(project: Project, world: World) -> None:
    asked = project.run("state", "restore", "kept.db")
    assert (asked.code, asked.out) == (2, "")
    assert "Nobody can be asked here: say --yes" in asked.err

    restored = document(project, "state", "restore", str(project.folder / "kept.db"), "--yes")
    ended = project.run("sync", "orders")

    assert (restored["epoch"], ended.code) == (2, 0), ended.err
    assert judge(world, ["B2C-1014", "B2C-1015"]) == CLEAN
    assert project.run("state", "verify").out == "everything fits\n"
    trail = json.loads(project.run("audit", "list", "--json").out)
    assert [entry["action"] for entry in trail] == ["epoch", "restore", "epoch"]


def test_a_state_that_was_deleted_is_rebuilt_and_nothing_is_entered_again(
    project: Project, world: World
) -> None:
    third = place(world, payment_status="pending")
    before = {row["CUOR"]: row["ORNO"] for row in rows(world, "m3.orders")}
    project.forget()

    rebuilt = project.run("state", "rebuild", "--json")

    assert rebuilt.code == 0, rebuilt.err
    counts = json.loads(rebuilt.out)["counts"]
    assert counts["taken_over"] >= len(before) == 2
    told = project.run("links", "export", "--pipeline", "orders")
    assert all(number in told.out for number in before.values())
    ended = project.run("sync", "orders")
    assert ended.code == 0, ended.err
    assert {row["CUOR"]: row["ORNO"] for row in rows(world, "m3.orders")} == before
    assert judge(world, list(before)) == CLEAN
    assert f"orders {third}" in project.run("trace", f"orders/{third}").out
    entry = json.loads(project.run("audit", "list", "--json").out)[0]
    assert (entry["action"], entry["detail"]["counts"]) == (
        "rebuild",
        {word: count for word, count in counts.items() if count},
    )

    refused = project.run("state", "rebuild", "products")
    assert (refused.code, refused.out) == (2, "")
    assert "products enters nothing that could be found again" in refused.err
    assert "did you mean 'orders'" in project.run("state", "rebuild", "ordres").err


def test_a_state_moves_to_another_database_and_back(project: Project, world: World) -> None:
    file = project.folder / "state.jsonl"
    exported = document(project, "state", "export", str(file))
    refused = project.run("state", "import", str(file))
    project.forget()

    imported = project.run("state", "import", str(file))
    ended = project.run("sync", "orders")

    assert (refused.code, imported.code, ended.code) == (3, 0, 0), imported.err
    assert "is not empty" in refused.err
    assert exported["rows"]["records"] == 3  # type: ignore[index]
    assert imported.out.startswith(f"{file}: 3 records, 3 links, 3 attempts, ")
    assert judge(world, ["B2C-1014", "B2C-1015"]) == CLEAN
    pruned = document(project, "state", "prune", "--older-than", "400d")
    assert pruned == {"deleted": True, "rows": dict.fromkeys(pruned["rows"], 0)}  # type: ignore[call-overload]
    assert project.run("state", "prune", "--older-than", "7d", "--dry-run").out == "would delete: nothing\n"
    refused = project.run("state", "prune", "--older-than", "6d")
    assert (refused.code, refused.out) == (2, "")
    assert "--older-than has to be 7d at least" in refused.err
    shrunk = document(project, "state", "vacuum")
    assert shrunk["bytes"] == project.state_file.stat().st_size
    assert document(project, "state", "epoch", "--reason", "a test")["epoch"] == 3
    assert project.run("state", "epoch", "--reason", " ").code == 2


def test_personal_data_is_forgotten_when_its_time_is_over_and_nothing_is_entered_again(
    project: Project, world: World
) -> None:
    """The two orders rest after the sixty days in which the pack looks at them again."""
    later = {CLOCK: str(project.scratch / "ahead")}
    known = told_of_orders(project)
    mail = next(one["email"] for one in rows(world, "shop.customers") if one["email"] in known)

    for days in (61, 62, 148):
        (project.scratch / "ahead").write_text(str(days * 86_400))
        assert project.run("sync", "orders", **later).code == 0
    assert mail in told_of_orders(project)
    (project.scratch / "ahead").write_text(str(154 * 86_400))
    assert project.run("sync", "orders", **later).code == 0

    assert mail not in told_of_orders(project)
    assert judge(world, ["B2C-1014", "B2C-1015"]) == CLEAN
    told = project.run("trace", "1014", **later)
    assert "OIS100MI/Confirm" in told.out
    assert project.run("sync", "orders", "--full", **later).code == 0
    assert judge(world, ["B2C-1014", "B2C-1015"]) == CLEAN
    actions = [entry["action"] for entry in json.loads(project.run("audit", "list", "--json").out)]
    assert actions.count("forget") == 1


def told_of_orders(project: Project) -> str:
    """Return all that the state has kept of what was read, sent and answered for orders."""
    kept = """
        SELECT snapshot FROM snapshots WHERE id NOT IN (
            SELECT snapshot_id FROM records WHERE pipeline <> 'orders' AND snapshot_id IS NOT NULL)
        UNION ALL SELECT fields || coalesce(rows, '') FROM calls, records ON record_id = records.id WHERE pipeline = 'orders'
    """
    with closing(sqlite3.connect(project.state_file)) as db:
        return "\n".join(text or "" for (text,) in db.execute(kept))
