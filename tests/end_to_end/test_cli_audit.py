"""The audit trail at the command line: what people did, and whether all of it is still there."""

from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.app.actor import current_user
from m3nop.core import json
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from tests.end_to_end.conftest import MakeProject, Project, place

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

RED = "\x1b[31m"


@dataclass
class Office:
    """A project in which somebody retried and discarded a dead letter, and released a review."""

    project: Project
    refused: int
    reviewed: int

    def entries(self, *arguments: str) -> list[dict[str, Any]]:
        ended = self.project.run("audit", "list", "--json", *arguments)
        assert ended.code == 0, ended.err
        return list(json.loads(ended.out))

    def change(self, statement: str) -> None:
        with sqlite3.connect(self.project.state_file) as database:
            database.execute(statement)


@pytest.fixture
def office(make_project: MakeProject, world: World) -> Office:
    made = Office(
        make_project(),
        refused=place(world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}]),
        reviewed=place(world, coupon="WELCOME10"),
    )
    assert made.project.run("sync", "orders").code == 1
    for arguments in (
        ("reviews", "release", str(made.reviewed), "--reason", f"agreed {RED}with sales"),
        ("dead-letters", "retry", str(made.refused)),
    ):
        assert made.project.run(*arguments).code == 0
    assert made.project.run("sync", "orders").code == 1
    assert made.project.run("dead-letters", "discard", str(made.refused), "--reason", "a test").code == 0
    return made


def test_the_trail_says_who_did_what_to_what_with_digests_of_before_and_after(office: Office) -> None:
    found = office.entries()
    did = [(one["actor"], one["action"], one["subject"]) for one in found]
    assert did == [
        (current_user(), "discard", f"orders/{office.refused}"),
        (current_user(), "retry", f"orders/{office.refused}"),
        (current_user(), "release", f"orders/{office.reviewed}"),
        ("m3nop", "epoch", "1"),
    ]
    retried = found[1]["detail"]
    assert len(retried["before"]) == len(retried["after"]) == 64
    assert retried["before"] != retried["after"]
    assert (
        office.entries("--subject", str(office.reviewed))[0]["detail"]["reason"]
        == "agreed \x1b[31mwith sales"
    )
    assert [one["action"] for one in office.entries("--action", "retry")] == ["retry"]
    assert [one["action"] for one in office.entries("--limit", "1")] == ["discard"]
    assert office.entries("--actor", "nobody at all") == []
    assert office.entries("--until", "2020-01-01") == []
    assert len(office.entries("--since", "2020-01-01")) == 4


def test_the_trail_is_a_table_for_people_and_csv_or_json_lines_for_files(office: Office) -> None:
    table = office.project.run("audit", "list").out
    assert "\\u001b[31m" in table
    assert RED not in table
    exported = list(csv.DictReader(io.StringIO(office.project.run("audit", "export").out)))
    assert [row["action"] for row in exported] == ["epoch", "release", "retry", "discard"]
    lines = office.project.run("audit", "export", "--json").out.splitlines()
    assert [json.loads(line)["seal"] for line in lines] == [row["seal"] for row in exported]
    nothing = office.project.run("audit", "list", "--action", "none")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "the audit trail has no such entry\n")


def test_an_entry_that_was_changed_is_found(office: Office) -> None:
    whole = office.project.run("audit", "verify")
    assert (whole.code, whole.out[:40]) == (0, "4 entries, none changed or removed; the ")
    office.change("UPDATE audit SET actor = 'somebody else' WHERE action = 'retry'")
    broken = office.project.run("audit", "verify")
    assert broken.code == 3
    assert "the audit trail is broken: entry 3 was changed, or one before it was removed" in broken.err


def test_entries_that_were_cut_off_the_end_are_found_by_a_seal_that_was_noted(office: Office) -> None:
    seal = json.loads(office.project.run("audit", "verify", "--json").out)["seal"]
    assert office.project.run("audit", "verify", "--seal", seal[:12].upper()).code == 0
    office.change("DELETE FROM audit WHERE action = 'discard'")
    assert office.project.run("audit", "verify").code == 0
    cut = office.project.run("audit", "verify", "--seal", seal)
    assert cut.code == 3
    assert f"the audit trail has no entry with the seal {seal}: entries were cut off its end" in cut.err
    short = office.project.run("audit", "verify", "--seal", "abc")
    assert (short.code, short.out) == (2, "")
    assert "--seal needs the first 12 digits of a seal at least" in short.err
