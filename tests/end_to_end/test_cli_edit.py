"""Dead letters changed by hand at the command line: with an editor, a file or --set."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.end_to_end.conftest import CLEAN, MakeProject, Project, judge, place, rows

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.sandbox.world import World
    from tests.end_to_end.children import Ended

WHY = ("--reason", "the supplier's number")


@dataclass
class Desk:
    """A project with one order that M3 refused: it has an item that M3 does not know."""

    project: Project
    order: int

    def edit(self, *arguments: str, **environ: str) -> Ended:
        return self.project.run("dead-letters", "edit", str(self.order), *arguments, *WHY, **environ)

    def life(self) -> dict[str, Any]:
        return dict(json.loads(self.project.run("trace", f"orders/{self.order}", "--json").out)["records"][0])


@pytest.fixture
def desk(make_project: MakeProject, world: World) -> Desk:
    lines = [{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": UNKNOWN_SKU, "quantity": 2}]
    made = Desk(make_project(), place(world, lines=lines))
    assert made.project.run("sync", "orders").code == 1
    return made


def editor(tmp_path: Path, body: str) -> str:
    """Write a program that changes the file that it is given as an editor would."""
    script = tmp_path / "editor.py"
    script.write_text(
        f"import json, sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{body}\n", encoding="utf-8"
    )
    return f"{sys.executable} {script}"


CHANGE_SKU = """
record = json.loads(path.read_text())
record["items"][1]["sku"] = "MUG-TI"
path.write_text(json.dumps(record))
"""


def test_a_value_that_is_set_is_entered_and_told_everywhere(desk: Desk, world: World) -> None:
    ended = desk.edit("--set", "items[1].sku=MUG-TI")
    assert (ended.code, ended.out) == (0, f"orders {desk.order} is ready: items[1].sku\n")
    assert "changed by hand: items[1].sku" in desk.project.run("trace", f"orders/{desk.order}").out
    (letter,) = json.loads(desk.project.run("dead-letters", "list", "--all", "--json").out)
    assert letter["settlement"] == "edited: the supplier's number"

    assert desk.project.run("sync", "orders").code == 0
    assert judge(world, [f"B2C-{desk.order}"]) == CLEAN
    assert {row["ITNO"] for row in rows(world, "m3.order_lines")} >= {"MUG-TI", "LAMP-HEAD"}
    life = desk.life()
    assert life["edits"] is None
    assert life["record"]["items"][1]["sku"] == UNKNOWN_SKU
    assert life["attempts"][-1]["edits"]["record"][0]["value"] == ["MUG-TI"]
    assert life["decisions"][-1]["action"] == "edit"
    assert life["decisions"][-1]["detail"]["changed"] == ["items[1].sku"]


def test_an_editor_opens_on_the_record_in_a_file_for_this_user_alone(desk: Desk, tmp_path: Path) -> None:
    seen = tmp_path / "mode"
    body = f"pathlib.Path({str(seen)!r}).write_text(oct(path.stat().st_mode))\n{CHANGE_SKU}"
    ended = desk.edit(EDITOR=editor(tmp_path, body))
    assert (ended.code, ended.out) == (0, f"orders {desk.order} is ready: items[1].sku\n")
    assert stat.S_IMODE(int(seen.read_text(), 8)) == 0o600
    assert list((desk.project.folder / ".m3nop" / "sandbox" / "edit").iterdir()) == []


def test_what_cannot_be_used_is_kept_in_a_file_that_can_be_corrected(desk: Desk, tmp_path: Path) -> None:
    broken = desk.edit(EDITOR=editor(tmp_path, "path.write_text('{\"items\": [')"))
    assert broken.code == 2
    assert "what was written is not JSON: " in broken.err
    (kept,) = (desk.project.folder / ".m3nop" / "sandbox" / "edit").iterdir()
    assert f"What you wrote is in {kept}: correct it and give it with --from" in " ".join(broken.err.split())
    assert kept.read_text() == '{"items": ['
    assert desk.life()["state"] == "dead"

    record = desk.life()["record"]
    record["items"][1]["sku"] = "MUG-TI"
    kept.write_text(json.dumps(record), encoding="utf-8")
    assert desk.edit("--from", str(kept)).code == 0


def test_fields_of_a_call_are_changed_where_the_record_is_right(desk: Desk, world: World) -> None:
    line = desk.life()["record"]["items"][1]["id"]
    ended = desk.edit("--fields", "--set", f"lines/{line}.ITNO=MUG-TI")
    assert (ended.code, ended.out) == (0, f"orders {desk.order} is ready: lines/{line}.ITNO\n")
    assert desk.project.run("sync", "orders").code == 0
    assert judge(world, [f"B2C-{desk.order}"]) == CLEAN
    (sent,) = [call for call in desk.life()["attempts"][-1]["calls"] if call["step"] == f"lines/{line}"]
    assert sent["fields"]["ITNO"] == "MUG-TI"
    assert sent["from"]["ITNO"].endswith(": the supplier's number")


REFUSED = {
    ("--set", "id=7"): "what identifies the record",
    ("--set", "items[9].sku=A"): "--set items[9].sku: there is nothing at 9",
    ("--set", "items[1].sku"): "write PATH=VALUE",
    ("--set", f"items[1].sku={UNKNOWN_SKU}"): "nothing was changed",
    ("--set", 'items[1].quantity="two"'): "that cannot be used: ",
    ("--fields", "--set", "head.CUOR=MINE"): "what identifies the record",
    ("--fields", "--set", "head.XXXX=1"): "head sends no XXXX; it sends CUNO, ",
    ("--fields", "--set", "nowhere.CUNO=1"): "there is nothing at 'nowhere'",
    ("--fields", "--set", f"head.YREF={'x' * 99}"): "that cannot be used: head: YREF: ",
    ("--from", "missing.json"): "missing.json cannot be read: ",
    (): "nobody can write here",
    ("--undo",): "was changed by hand",
    ("--undo", "--set", "a=1"): "--set, --from and --undo do not go together",
}


def test_what_cannot_be_changed_is_refused_and_nothing_is(desk: Desk) -> None:
    said = {arguments: desk.edit(*arguments) for arguments in REFUSED}
    assert {
        arguments: ended.err for arguments, ended in said.items() if REFUSED[arguments] not in ended.err
    } == {}
    assert {(ended.code, ended.out) for ended in said.values()} == {(2, "")}
    assert desk.life()["state"] == "dead"


def test_changes_can_be_taken_back(desk: Desk) -> None:
    assert desk.edit("--set", "items[1].sku=NONE-SUCH").code == 0
    assert desk.project.run("sync", "orders").code == 1
    undone = desk.edit("--undo")
    assert (undone.code, undone.out) == (0, f"orders {desk.order} is ready: as it was read\n")
    assert desk.life()["edits"] is None


def test_what_is_in_m3_already_is_not_changed(desk: Desk, world: World) -> None:
    done = place(world)
    assert desk.project.run("sync", "orders").code in (0, 1)
    refused = desk.project.run("dead-letters", "edit", f"orders/{done}", "--set", "a=1", *WHY)
    assert refused.code == 2
    assert f"there is no dead letter orders/{done}" in refused.err


def test_a_run_says_which_group_of_dead_letters_is_new_once(desk: Desk, world: World) -> None:
    place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    again = desk.project.run("sync", "orders", "--json")
    assert json.loads(again.out)["new_groups"] == []
    place(world, payment_method="Payments.New", lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    assert desk.project.run("dead-letters", "discard", "--all", "--reason", "tests").code == 0
    place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    ended = desk.project.run("sync", "orders", "--json")
    groups = json.loads(ended.out)["new_groups"]
    assert [(group["signature"], group["count"]) for group in groups] == [
        ("OIS100MI/AddBatchLine WIT0103 ITNO", 1)
    ]
    assert "new: 1 dead letter of OIS100MI/AddBatchLine WIT0103 ITNO (business): put it right in" in ended.err


def test_letters_are_chosen_by_store_and_remedy(desk: Desk) -> None:
    def chosen(*arguments: str) -> list[str]:
        ended = desk.project.run("dead-letters", "list", "--json", *arguments)
        return [letter["key"] for letter in json.loads(ended.out)]

    assert chosen("--store", "b2c", "--remedy", "business") == [str(desk.order)]
    assert chosen("--remedy", "systemic") == []
    wrong = desk.project.run("dead-letters", "retry", "--remedy", "magic")
    assert (wrong.code, "there is no remedy 'magic'" in wrong.err) == (2, True)
    assert (
        desk.project.run("dead-letters", "retry", "--store", "b2c").out == f"orders {desk.order} is ready\n"
    )
