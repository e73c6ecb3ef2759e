"""`m3nop m3 diff`: what the tenant changed since the snapshot, and which mappings that touches."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.shops import make


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """Make a project, and a snapshot of one of its programs."""
    shop = make(tmp_path_factory.mktemp("tenant"))
    assert shop.run("m3", "snapshot", "OIS100MI").code == 0
    return shop


@pytest.fixture
def shop(taken):
    path = taken.folder / "m3" / "OIS100MI.json"
    before = path.read_text(encoding="utf-8")
    yield taken
    path.write_text(before, encoding="utf-8")


def edit(shop, change):
    """Make the snapshot an older one."""
    path = shop.folder / "m3" / "OIS100MI.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["transactions"])
    path.write_text(json.dumps(document), encoding="utf-8")


def field(transactions, transaction, way, name):
    return next(one for one in transactions[transaction][way] if one["name"] == name)


def older(transactions):
    field(transactions, "AddBatchHead", "inputs", "CUOR")["length"] = 30
    field(transactions, "AddBatchLine", "outputs", "POSX")["length"] = 9
    field(transactions, "AddBatchAddress", "inputs", "CUA2")["length"] = 99
    field(transactions, "Confirm", "inputs", "ORNO").pop("mandatory")
    transactions["AddBatchText"]["inputs"].append({"name": "ZZ99", "type": "A", "length": 1})
    transactions["OldOne"] = {"many": False, "inputs": [], "outputs": []}


def test_nothing_changed(shop):
    ended = shop.run("m3", "diff")

    assert (ended.code, ended.out) == (0, "")
    assert "nothing changed since the snapshot" in ended.err


def test_changes_are_told_with_the_mappings_that_they_touch(shop):
    edit(shop, older)

    found = shop.read("m3", "diff", code=6)

    told = {(one["transaction"], one["field"]): one for one in found}
    assert told["OldOne", ""]["text"] == "is gone"
    assert told["OldOne", ""]["touched"] == []
    assert told["AddBatchText", "ZZ99"]["touched"] == []
    head = told["AddBatchHead", "CUOR"]
    assert (head["text"], head["before"], head["after"]) == ("has length 20 now, not 30", "30", "20")
    (place,) = head["touched"]
    assert (place["pipeline"], place["step"], place["field"]) == ("orders", "head", "CUOR")
    orders = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8").splitlines()
    assert place["file"].endswith("pipelines/orders.yaml")
    assert orders[place["line"] - 1].strip().startswith("CUOR:")
    assert [one["step"] for one in told["AddBatchLine", "POSX"]["touched"]] == ["lines"]
    (block,) = told["AddBatchAddress", "CUA2"]["touched"]
    assert (block["file"].endswith("m3nop.yaml"), block["step"]) == (True, "address")
    assert [one["field"] for one in told["Confirm", "ORNO"]["touched"]] == ["ORNO"]


def test_changes_are_told_a_line_each_with_their_places_below(shop):
    edit(shop, older)

    ended = shop.run("m3", "diff", "OIS100MI")

    assert ended.code == 6
    lines = ended.out.splitlines()
    at = lines.index("OIS100MI/AddBatchHead input CUOR has length 20 now, not 30")
    assert lines[at + 1].startswith("  ")
    assert lines[at + 1].endswith(": step head of orders, CUOR")
    assert "m3nop m3 snapshot" in ended.err


def test_what_there_is_no_snapshot_of_cannot_be_compared(shop):
    ended = shop.run("m3", "diff", "CRS610MI")

    assert ended.code == 2
    assert "no snapshot of CRS610MI" in ended.err
