from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from decimal import Decimal

import pytest

from m3nop.sandbox.books import KEY, Books


@pytest.fixture
def books():
    with closing(Books()) as books:
        yield books


def test_a_document_that_was_read_is_a_copy(books):
    table = books.table("m3.customers")
    table["W1"] = {"CUNM": "Åse"}

    table["W1"]["CUNM"] = "changed"

    assert table["W1"] == {"CUNM": "Åse"}


def test_money_keeps_its_digits(books):
    table = books.table("shop.orders")
    table["1"] = {"total": Decimal("10.50"), "text": "0.10"}

    assert str(table["1"]["total"]) == "10.50"
    assert table["1"]["text"] == "0.10"


def test_documents_come_in_the_order_of_their_first_writing(books):
    table = books.table("t")
    for key in ("b", "a", "c"):
        table[key] = {}
    table["b"] = {"again": True}

    assert list(table) == ["b", "a", "c"]
    assert len(table) == 3
    assert "a" in table
    assert "d" not in table


def test_a_missing_document_is_a_key_error(books):
    table = books.table("t")

    with pytest.raises(KeyError):
        table["x"]
    with pytest.raises(KeyError):
        del table["x"]


def test_an_exception_takes_back_the_whole_change(books):
    orders, lines = books.table("orders"), books.table("lines")
    orders["1"] = {"state": "old"}

    with pytest.raises(RuntimeError), books.change():
        orders["1"] = {"state": "new"}
        lines["1/1"] = {}
        raise RuntimeError

    assert orders["1"] == {"state": "old"}
    assert len(lines) == 0


def test_a_table_first_used_in_a_failed_change_still_works(books):
    with pytest.raises(RuntimeError), books.change():
        table = books.table("new", indexes=["colour"])
        raise RuntimeError

    table["1"] = {"colour": "red"}
    assert table.find(colour="red") == [{"colour": "red"}]


def test_inner_changes_join_the_outer_one(books):
    table = books.table("t")

    with pytest.raises(RuntimeError), books.change():
        with books.change():
            table["1"] = {}
        raise RuntimeError

    assert len(table) == 0


def test_a_change_that_is_kept_apart_is_taken_back_alone(books):
    table = books.table("t")

    with books.change():
        table["1"] = {}
        with pytest.raises(RuntimeError), books.change(apart=True):
            table["2"] = {}
            books.table("new")["1"] = {}
            raise RuntimeError
        with books.change(apart=True):
            table["3"] = {}
        books.table("new")["2"] = {}
    with pytest.raises(RuntimeError), books.change(apart=True):
        table["4"] = {}
        raise RuntimeError

    assert (list(table), list(books.table("new"))) == (["1", "3"], ["2"])


def test_many_documents_are_written_at_once(books):
    table = books.table("t", indexes=["id"])

    table.fill((str(number), f'{{"id": {number}}}') for number in range(3))
    with pytest.raises(sqlite3.IntegrityError):
        table.fill([("7", "{}"), ("1", "{}")])

    assert (table.find(id=2), list(table)) == ([{"id": 2}], ["0", "1", "2"])


def test_several_numbers_are_drawn_at_once(books):
    assert books.next_number("order", start=100, count=3) == 100
    assert books.next_number("order") == 103


def test_select_filters_sorts_and_cuts(books):
    table = books.table("t", indexes=["store", ["store", "id"]])
    for number in range(1, 7):
        table[str(number)] = {"id": number, "store": number % 2, "name": f"n{number}"}

    assert [doc["id"] for doc in table.select(("store", "=", 0), order=["id"], descending=True)] == [6, 4, 2]
    assert [doc["id"] for doc in table.select(("id", ">", 2), limit=2, offset=1)] == [4, 5]
    assert [doc["id"] for doc in table.select(("name", "in", ["n1", "n5"]))] == [1, 5]
    assert [doc["id"] for doc in table.select((KEY, "<=", "2"))] == [1, 2]
    assert [
        doc["id"] for doc in table.select(any_of=[[("id", "=", 1)], [("id", ">=", 5), ("store", "=", 0)]])
    ] == [1, 6]
    assert table.count(("store", "!=", 0)) == 3
    assert table.find(store=1, id=3) == [{"id": 3, "store": 1, "name": "n3"}]


def test_an_index_is_used(books):
    table = books.table("t", indexes=["CUOR"])
    table["1"] = {"CUOR": "B2C-1"}

    plan = books.rows("EXPLAIN QUERY PLAN SELECT doc FROM \"t\" WHERE json_extract(doc, '$.CUOR') = 'B2C-1'")

    assert "USING INDEX t.CUOR" in str(plan)


@pytest.mark.parametrize("field", ["a'b", "a b", "", "x)--"])
def test_a_field_that_is_not_a_name_is_refused(books, field):
    with pytest.raises(ValueError, match="cannot name a field"):
        books.table("t").select((field, "=", 1))


def test_an_unknown_operator_and_a_bad_table_name_are_refused(books):
    with pytest.raises(ValueError, match="not an operator"):
        books.table("t").select(("a", "like", "x"))
    with pytest.raises(ValueError, match="cannot name a table"):
        books.table('t"; drop')


def test_a_number_is_never_given_twice(books):
    drawn: list[int] = []

    def draw() -> None:
        drawn.extend(books.next_number("order", start=100) for _ in range(50))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(drawn) == list(range(100, 300))


def test_what_was_committed_outlives_a_kill(tmp_path):
    path = tmp_path / "sandbox" / "books.db"
    script = """
import os, pathlib, signal, sys
from m3nop.sandbox.books import Books
books = Books(pathlib.Path(sys.argv[1]))
table = books.table("t", indexes=["a"])
with books.change():
    table["kept"] = {"a": 1}
change = books.change()
change.__enter__()
table["lost"] = {"a": 2}
os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
"""
    killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)  # noqa: S603

    assert killed.returncode != 0
    with closing(Books(path)) as books:
        assert list(books.table("t")) == ["kept"]
        assert books.names() == ["t"]
