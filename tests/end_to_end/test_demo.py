"""``m3nop demo`` from its beginning to its end, and what its judge does not let pass."""

from __future__ import annotations

import pytest

from m3nop.app.control import Control
from m3nop.app.demo import judge
from m3nop.cli.demo import _print
from m3nop.core import json
from m3nop.sandbox.books import Books
from m3nop.sandbox.server import serve
from m3nop.sandbox.world import World
from tests.end_to_end.shops import NewProject


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_the_demo_kills_a_sync_and_ends_with_every_order_entered_once(tmp_path, dialect):
    outside = NewProject(tmp_path, tmp_path / "scratch")
    ended = outside.run("demo", "--keep", "kept", "--dialect", dialect, "--json")
    assert ended.code == 0, ended.err
    assert "Killed with SIGKILL while M3 confirms orders" in ended.err
    verdict = json.loads(ended.out)
    assert (verdict["well"], verdict["orphans"], verdict["strangers"]) == (True, [], [])
    assert len(verdict["orders"]) == 10
    assert [len(one["m3_orders"]) for one in verdict["orders"]] == [1] * 10
    kept = NewProject(tmp_path / "kept", tmp_path / "scratch")
    results = [run["result"] for run in kept.read("runs")]
    assert results[0] == "ok"
    assert len(results) == 2
    assert kept.read("status")["pipelines"]["orders"]["done"] == 10


def test_the_demo_ends_with_a_table_for_people_and_leaves_nothing(tmp_path):
    ended = NewProject(tmp_path, tmp_path / "scratch").run("demo")
    assert ended.code == 0, ended.err
    (row,) = [line for line in ended.out.splitlines() if line.startswith("1007")]
    assert row.split()[-1] == "1"
    assert "Muster Maschinenbau" in row
    assert "10 paid orders, each entered in M3 once" in ended.out
    assert [path.name for path in tmp_path.iterdir()] == ["scratch"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--keep", "full"), "full is not empty"), (("--dialect", "shopware"), "official or oss")],
)
def test_a_demo_that_cannot_begin_says_why(tmp_path, arguments, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("", encoding="utf-8")
    refused = NewProject(tmp_path, tmp_path / "scratch").run("demo", *arguments)
    assert (refused.code, said in refused.err) == (2, True)


# -- the judge


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The books after a demo."""
    folder = tmp_path_factory.mktemp("demo")
    ended = NewProject(folder, folder / "scratch").run("demo", "--keep", "kept")
    assert ended.code == 0, ended.err
    return (folder / "kept" / ".m3nop" / "sandbox" / "books.db").read_bytes()


@pytest.fixture
def books(finished, tmp_path):
    """A copy of them that a test may spoil."""
    (tmp_path / "books.db").write_bytes(finished)
    world = World(Books(tmp_path / "books.db"))
    yield world.books
    world.close()


def verdict_on(books):
    world = World(books)
    with serve(world) as running:
        return judge(Control(running.url))


def first(table):
    return next(iter(table.items()))


def test_the_books_of_a_demo_are_well(books):
    assert verdict_on(books).well


def test_an_order_that_is_missing_is_noticed(books):
    number, order = first(books.table("m3.orders"))
    del books.table("m3.orders")[number]
    verdict = verdict_on(books)
    assert not verdict.well
    assert [f"{one.store}-{one.order}".upper() for one in verdict.outcomes if not one.well] == [order["CUOR"]]


def test_an_order_that_was_entered_twice_is_noticed(books):
    number, order = first(books.table("m3.orders"))
    books.table("m3.orders")["0099999999"] = {**order, "ORNO": "0099999999"}
    verdict = verdict_on(books)
    assert not verdict.well
    assert [one.numbers for one in verdict.outcomes if not one.well] == [(number, "0099999999")]


def test_an_order_with_another_amount_is_noticed(books):
    key, line = first(books.table("m3.order_lines"))
    books.table("m3.order_lines")[key] = {**line, "SAPR": "0.01"}
    assert [len(one.numbers) for one in verdict_on(books).outcomes if not one.well] == [1]


def test_a_temporary_order_that_is_left_over_is_noticed(books):
    number, head = first(books.table("m3.batch_orders"))
    books.table("m3.batch_orders")[number] = {**head, "ORNR": ""}
    assert verdict_on(books).orphans == (number,)
    assert not verdict_on(books).well


def test_an_order_that_should_not_be_there_is_noticed(books):
    _, order = first(books.table("m3.orders"))
    books.table("m3.orders")["0099999999"] = {**order, "ORNO": "0099999999", "CUOR": "B2C-1003"}
    assert verdict_on(books).strangers == ("B2C-1003",)
    assert not verdict_on(books).well


def test_what_is_wrong_is_printed_and_counted(books, capsys):
    number, order = first(books.table("m3.orders"))
    del books.table("m3.orders")[number]
    books.table("m3.orders")["0099999999"] = {**order, "ORNO": "0099999999", "CUOR": "B2C-1003"}
    _print(verdict_on(books))
    printed = capsys.readouterr().out
    assert "1 of 10 paid orders are missing, doubled or wrong" in printed
    assert "not paid, and in M3: B2C-1003" in printed
