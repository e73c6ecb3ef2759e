"""A range of a table comes in parts: every row once, in as many queries as it takes, and never a cut one."""

from __future__ import annotations

import pytest

from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.sandbox.faults import Fault

COLUMNS = ("OAORNO", "OACUOR")


@pytest.fixture
def orders(world):
    """Put 40 orders into M3, of four days and ten times each."""
    table = world.books.table("m3.orders")
    names = []
    with world.books.change():
        for number in range(40):
            name = f"R{number:09}"
            names.append(name)
            table[name] = {
                "ORNO": name, "CUOR": f"B2C-{number}", "CUNO": "W9999", "RGDT": 20261101 + number // 10,
                "RGTM": 80000 + number % 10, "ORSL": "22", "ORST": "22", "CUCD": "EUR",
            }  # fmt: skip
    yield names
    with world.books.change():
        for name in names:
            del table[name]


def scanned(erp, **fields):
    operation = erp.catalog.operation("table:OOHEAD")
    return list(erp.connection.scan(Call("1", operation, fields, COLUMNS)))


def numbers(pages):
    return [row["OAORNO"] for page in pages for row in page.rows]


@pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])
def test_what_does_not_fit_one_answer_is_asked_for_in_halves(open_erp, orders, way):
    erp = open_erp(**way, page_size=10)

    pages = scanned(erp, OARGDT=[20261101, 20261130], OARGTM=[0, 235959])

    assert sorted(numbers(pages)) == orders
    assert all(page.outcome is Outcome.DONE and len(page.rows) < 10 for page in pages)


def test_one_answer_is_enough_where_it_holds_everything(open_erp, world, orders):
    erp = open_erp(page_size=100)
    world.requests.clear()

    assert numbers(scanned(erp, OARGDT=[20261102, 20261102])) == orders[10:20]
    assert len([one for one in world.requests if "token" not in one.operations]) == 1


def test_other_columns_narrow_a_range(open_erp, orders):
    erp = open_erp(page_size=100)

    assert numbers(scanned(erp, OACUOR="B2C-7", OARGDT=[20261101, 20261130])) == [orders[7]]
    assert numbers(scanned(erp, OACUOR="B2C-7", OARGDT=[20261102, 20261130])) == []


def test_rows_that_no_range_tells_apart_are_a_failure_and_no_short_list(open_erp, world, orders):
    table = world.books.table("m3.orders")
    with world.books.change():
        for name in orders[:15]:
            table[name] = {**table[name], "RGDT": 20261101, "RGTM": 80000}

    pages = scanned(open_erp(page_size=10), OARGDT=[20261101, 20261101], OARGTM=[0, 235959])

    assert pages[-1].outcome is Outcome.NOT_SENT
    assert pages[-1].failure.remedy is Remedy.CONFIGURATION
    assert "raise `page_size`" in pages[-1].failure.message


@pytest.mark.parametrize("value", [[2, 1], [1], [1, 2, 3], ["A", "B"], [True, True]])
def test_what_is_no_range_is_refused(open_erp, orders, value):
    (page,) = scanned(open_erp(), OARGDT=value)

    assert page.outcome is Outcome.REFUSED
    assert "a range is a lowest and a highest whole number" in page.failure.message


def test_a_part_without_an_answer_ends_it(open_erp, world, orders):
    world.faults.add(Fault(kind="status", system="m3", operation="EXPORTMI/*", status=503, nth=2))

    pages = scanned(open_erp(page_size=10), OARGDT=[20261101, 20261130], OARGTM=[0, 235959])

    assert pages[-1].outcome is not Outcome.DONE


def test_a_site_that_forbids_table_reads_is_told(open_erp, orders):
    erp = open_erp()
    operation = erp.catalog.operation("table:OOHEAD")

    (page,) = open_erp(table_reads=False).connection.scan(Call("1", operation, {"OARGDT": [1, 2]}, COLUMNS))

    assert page.outcome is Outcome.NOT_SENT
    assert "`table_reads` is off" in page.failure.message
