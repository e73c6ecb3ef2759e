"""Every command that decides something by hand leaves an entry with its user; no other command leaves one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.app.actor import current_user
from m3nop.core import json
from m3nop.core.clock import SystemClock, to_text
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.end_to_end.conftest import MakeProject, Project, place
from tests.unit.docs.cli_reference import commands

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

DECIDES = {
    "circuits close": "close circuit",
    "dead-letters discard": "discard",
    "dead-letters edit": "edit",
    "dead-letters retry": "retry",
    "links import": "links import",
    "m3 call": "call",
    "reconcile": "retry",
    "reviews reject": "reject",
    "reviews release": "release",
    "state baseline": "baseline",
    "state epoch": "epoch",
    "state import": "import",
    "state prune": "prune",
    "state rebuild": "rebuild",
    "state restore": "restore",
    "sync": "allow to zero",
}
"""The action in the audit trail by command."""
WRONG = {"SHOP_PASSWORD": "wrong"}
WHY = ("--reason", "agreed with sales")
ONLY_LOOKS = {
    "": "validate test show diff schema plan status runs trace map",
    "alerts": "list",
    "audit": "list verify export",
    "circuits": "list",
    "dead-letters": "list show export",
    "ion": "openapi",
    "links": "list export",
    "lookup": "list show get gaps",
    "m3": "programs describe diff",
    "nop": "get",
    "report": "orders",
    "reviews": "list show",
    "secrets": "check list",
    "state": "show verify",
}
MAKES_SOMETHING_ELSE = {
    # Files, messages, another copy of the state, an entry of a keyring, or the service itself; what `doctor
    # --write-test` notes has a test of its own.
    "": "init demo capture run doctor",
    "alerts": "test",
    "m3": "snapshot",
    "secrets": "set",
    "state": "backup export vacuum",
}


def named(groups: dict[str, str]) -> set[str]:
    return {f"{group} {name}".strip() for group, names in groups.items() for name in names.split()}


def test_every_command_is_known_to_decide_or_to_leave_things_as_they_are():
    names = {" ".join(path) for path, _ in commands()}
    of_sandbox = {name for name in names if name.split()[0] == "sandbox"}

    assert names - of_sandbox == DECIDES.keys() | named(ONLY_LOOKS) | named(MAKES_SOMETHING_ELSE)


def did(project: Project, *arguments: str, code: int = 0) -> None:
    """Run a command that decides something."""
    ended = project.run(*arguments)
    assert ended.code == code, ended.err


def refuse(world: World, number: int) -> list[str]:
    return [str(place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])) for _ in range(number)]


def decide_about_records(project: Project, world: World) -> set[str]:
    """Do by hand what can be done to records; return which were turned back to work."""
    edited, retried, discarded, mended = refuse(world, 4)
    released, rejected = (str(place(world, coupon="WELCOME10")) for _ in range(2))
    did(project, "sync", "orders", "--allow-to-zero", code=1)
    did(project, "dead-letters", "edit", edited, "--set", "items[0].sku=MUG-TI", *WHY)
    did(project, "dead-letters", "retry", retried)
    did(project, "dead-letters", "discard", discarded, *WHY)
    did(project, "reconcile", "orders", "--fix", "--apply", code=1)
    did(project, "reviews", "release", released, *WHY)
    did(project, "reviews", "reject", rejected, *WHY)
    pairs = "pipeline,key,shop,m3\ncustomers,901,901,W9999901\n"
    (project.folder / "links.csv").write_text(pairs, encoding="utf-8")
    did(project, "links", "import", "links.csv")
    return {f"orders/{retried}", f"orders/{mended}"}


def decide_about_systems(project: Project) -> None:
    refused = project.run("sync", "orders", **WRONG)
    assert refused.code == 4, refused.err
    did(project, "circuits", "close", "shop")
    did(project, "m3", "call", "OIS100MI/AddBatchHead", "CUNO=W9999", "ORTP=W01", "FACI=A01", "--yes")


def decide_about_the_state(project: Project) -> None:
    did(project, "state", "baseline", "payments", "--before", to_text(SystemClock().now()))
    did(project, "state", "epoch", *WHY)
    did(project, "state", "prune", "--older-than", "400d")
    did(project, "state", "rebuild", "orders")
    did(project, "state", "backup", "kept.db")
    did(project, "state", "restore", "kept.db", "--yes")
    did(project, "state", "export", "state.jsonl")
    project.forget()
    did(project, "state", "import", "state.jsonl")


def test_each_decision_is_in_the_trail_with_the_user_of_the_operating_system(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    back_to_work = decide_about_records(project, world)
    decide_about_systems(project)
    decide_about_the_state(project)

    trail = json.loads(project.run("audit", "list", "--limit", "100", "--json").out)
    by_hand = [one for one in trail if one["actor"] != "m3nop"]

    assert {one["action"] for one in by_hand} == set(DECIDES.values())
    assert {one["actor"] for one in by_hand} == {current_user()}
    # What only looks left nothing: m3nop itself notes epochs.
    assert {one["action"] for one in trail if one["actor"] == "m3nop"} == {"epoch"}
    assert back_to_work <= {one["subject"] for one in by_hand if one["action"] == "retry"}
    (call,) = (one for one in by_hand if one["action"] == "call")
    assert (call["subject"], call["detail"]["fields"]) == (
        "erp/OIS100MI/AddBatchHead",
        ["CUNO", "FACI", "ORTP"],
    )
    assert project.run("audit", "verify").code == 0
