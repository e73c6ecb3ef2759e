"""The benchmarks run, and judge honestly."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from benchmarks import balances, growth, report, results, verdict
from benchmarks import contenders as c
from benchmarks.__main__ import main
from benchmarks.double import FIRST, Books, expected_lines, order_document
from benchmarks.orders import ratios, spread
from benchmarks.running import Measured, check

unix = pytest.mark.skipif(sys.platform == "win32", reason="the peak memory of a child is told by wait4 only")


def measured(contender, setting, *, orders=1_000, seconds=1.0, at_work=None, cpu=1.0, first=0.5, peak=60.0):
    books = {"entered": orders, "requests": 3 * orders, "EXPORTMI/Select": orders}
    at_work = seconds if at_work is None else at_work
    return Measured(contender.name, setting.name, orders, seconds, at_work, first, cpu, peak, books)


@unix
def test_the_quick_suite_compares_verifies_and_writes_what_it_found(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(
        f"before\n\n{report.FIGURES.begin}\nold\n{report.FIGURES.end}\n\nafter\n", encoding="utf-8"
    )
    wanted = ["--quick", "--here", "--seconds", "0.01", "--only", "ceiling", "counts", "orders"]
    taking_part = [c.M3NOP.name, c.BULK.name, c.SEQUENTIAL.name, c.SINGLE.name, c.DLT.name]
    files = {name: tmp_path / name for name in ("found.json", "chart.svg")}

    code = main(
        [
            *wanted, "--contenders", *taking_part, "--json", str(files["found.json"]),
            "--chart", str(files["chart.svg"]), "--page", str(page),
        ]
    )  # fmt: skip

    assert code == 0
    found = results.read(files["found.json"])
    runs = found.orders[c.NEAR.name]
    # Who needs an environment of its own is left out where none is made.
    assert list(runs) == taking_part[:-1]
    for (one,) in runs.values():
        assert (one.books["entered"], one.books["missing"], one.books["doubled"]) == (one.orders, 0, 0)
        assert 0 < one.first_entry < one.seconds
        assert 0 < one.at_work < one.seconds
    # Of all contenders only m3nop looks whether an order is there already.
    assert [one.books.get("EXPORTMI/Select", 0) > 0 for (one,) in runs.values()] == [
        True,
        False,
        False,
        False,
    ]
    assert found.ceiling is not None
    assert min(found.ceiling.bulk, found.ceiling.single) > 0
    # Head, three lines, Confirm.
    assert found.counts is not None
    assert found.counts.transactions == 5
    assert min(found.counts.reads, found.counts.requests, found.counts.statements, found.counts.commits) > 0
    drawn = ElementTree.fromstring(files["chart.svg"].read_text(encoding="utf-8"))  # noqa: S314  made by us
    assert len(drawn.findall("{*}rect")) == 1 + len(runs)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n\n<!--")
    assert text.endswith("-->\n\nafter\n")
    assert "old" not in text
    assert "| m3nop | 20 |" in text
    assert "](chart.svg)" in text
    assert "m3nop" in capsys.readouterr().out


@unix
def test_a_state_is_made_large_by_copies_that_the_next_run_takes_for_its_own():
    with growth.kept_state(10 * growth.ROWS_PER_ORDER) as state:
        rows = growth.multiply(state.database, 0)
        assert rows == 10 * growth.ROWS_PER_ORDER
        assert growth.multiply(state.database, 9) == 10 * rows
        assert state.run(5) > 0
        assert growth.multiply(state.database, 0) == 10 * rows + 5 * growth.ROWS_PER_ORDER


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda books: books.real.pop(f"BENCH-{FIRST}"), "missing"),
        (lambda books: books.real[f"BENCH-{FIRST}"].append("2"), "doubled"),
        (lambda books: books.temporary["1"]["lines"].pop(), "wrong_lines"),
        (lambda books: books.temporary["1"]["lines"].append(("ITEM-999", "1")), "wrong_lines"),
    ],
)
def test_the_books_find_an_order_that_is_missing_doubled_or_not_whole(change, word):
    reference = f"BENCH-{FIRST}"
    books = Books(
        temporary={"1": {"lines": expected_lines(reference)}, "2": {"lines": []}}, real={reference: ["1"]}
    )
    check("whole", books.verdict(1), 1)
    change(books)

    assert books.verdict(1)[word] == 1
    with pytest.raises(RuntimeError, match=f"nobody left .*'{word}': 1"):
        check("nobody", books.verdict(1), 1)


def test_the_lines_that_the_books_expect_are_those_of_the_shops_order():
    order = order_document(4711)
    lines = [(one["product"]["sku"], str(one["quantity"])) for one in order["order_items"]]
    assert sorted(lines) == expected_lines("BENCH-4711")


def test_a_ratio_is_taken_round_by_round_and_who_had_fewer_orders_is_not_charged_with_its_start():
    ours = [measured(c.M3NOP, c.NEAR, seconds=2.0), measured(c.M3NOP, c.NEAR, seconds=4.0)]
    same = [measured(c.BULK, c.NEAR, seconds=1.0, at_work=0.5), measured(c.BULK, c.NEAR, seconds=1.0)]
    fewer = [measured(c.DLT, c.NEAR, orders=100, seconds=2.0, at_work=1.0)]

    assert ratios(ours, same) == [0.5, 0.25]
    assert ratios(ours, fewer) == [5.0]
    assert spread([1.0, 1.1, 0.9]) == pytest.approx(0.2)


def made_up():
    """Results in which every aim is reached."""

    def runs(setting, *pairs):
        return {one.name: [measured(one, setting, **figures)] for one, figures in pairs}

    found = results.Results(machine="made up", day="2026-10-05")
    found.orders = {
        c.NO_WAIT.name: runs(
            c.NO_WAIT, (c.M3NOP, {"cpu": 0.9, "first": 0.4}), (c.DLT, {"cpu": 5.0, "first": 1.0, "peak": 200}),
            (c.BULK, {"cpu": 0.5}),
        ),
        c.NEAR.name: runs(
            c.NEAR, (c.M3NOP, {}), (c.SEQUENTIAL, {"seconds": 3.5}), (c.DLT, {"seconds": 25}),
            (c.BULK, {"seconds": 0.6}), (c.M3NOP_SINGLE, {"seconds": 9}), (c.SINGLE, {"seconds": 8.5}),
        ),
        c.FAR.name: runs(c.FAR, (c.M3NOP, {}), (c.SEQUENTIAL, {"seconds": 3.1})),
        c.SLOW.name: runs(
            c.SLOW, (c.M3NOP, {"seconds": 3}), (c.WIDE, {}), (c.SWEEP[0], {"seconds": 1.5}), (c.SWEEP[1], {"seconds": 0.9})
        ),
    }  # fmt: skip
    found.memory = [
        measured(c.M3NOP, c.NO_WAIT, orders=5_000), measured(c.M3NOP, c.NO_WAIT, orders=100_000, peak=66)
    ]  # fmt: skip
    found.growth = [growth.Cost(10_000, 10, (0.2,), 0.5), growth.Cost(1_000_000, 1_100, (0.22,), 0.5)]
    found.startup = {"import typer, rich": 1.0, "m3nop --help": 1.2, "m3nop validate configs": 2.5}
    found.balances = [
        {"items": 50_000, "incremental": {"seconds": 4.0}}, {"items": 500_000, "incremental": {"seconds": 44.0}}
    ]  # fmt: skip
    return found


def test_what_reaches_every_aim_is_found_to_do_so():
    judged = verdict.lines(made_up())

    assert [line.aim for line in judged if line.verdict != "ok"] == []
    by_aim = {line.aim: line.measured for line in judged}
    # By the best of the sweep, not by its first.
    assert by_aim[
        "1 ms a transaction: orders/s with 16 under way by those of the best size of the sweep"
    ] == pytest.approx(0.9)


def test_what_misses_its_aim_is_not_ok_and_what_was_left_out_not_measured():
    found = made_up()
    found.orders[c.NEAR.name][c.BULK.name] = [measured(c.BULK, c.NEAR, seconds=0.4)]
    found.memory[1] = measured(c.M3NOP, c.NO_WAIT, orders=100_000, peak=101)
    found.startup = {}

    said = {line.verdict: 0 for line in verdict.lines(found)}
    for line in verdict.lines(found):
        said[line.verdict] += 1

    assert said == {"ok": 10, "not ok": 3, "not measured": 2}


def test_results_are_read_as_they_were_written(tmp_path):
    found = made_up()
    found.write(tmp_path / "found.json")

    assert results.read(tmp_path / "found.json") == found
    assert report.text(results.read(tmp_path / "found.json")) == report.text(found)


def test_a_page_without_a_place_for_figures_is_left_as_it_is(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")

    with pytest.raises(ValueError, match="has no place for figures"):
        report.FIGURES.write(page, report.block(made_up()))
    assert page.read_text(encoding="utf-8") == "nothing here"


@unix
def test_of_a_list_that_is_read_again_only_what_differs_from_the_state_is_looked_at():
    found = balances.measure(300)

    assert (found.equal.rows, found.incremental.rows) == (300, 300)
    assert (found.equal.lookups, found.equal.writes) == (0, 0)
    assert (found.incremental.writes, found.incremental.lookups > 0) == (3, True)
