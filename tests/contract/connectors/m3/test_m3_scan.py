"""Lists page by page: every row once, and never a short list for a whole one."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.sandbox.faults import Fault

CHANGED = "MMS200MI/LstItmByChgDate"


@pytest.fixture(params=[False, True], ids=["by key", "by position"])
def positions(request, world):
    """Let lists tell where they go on, as newer releases do, or not."""
    options = world.books.table("m3.options")
    options["features"] = {"position_key": request.param}
    yield request.param
    options["features"] = {}


@pytest.fixture
def crowd(erp, world):
    """Enter customers until there are 40, and tell all numbers."""
    known = world.books.table("m3.customers")
    for number in range(40 - len(known)):
        erp.call("CRS610MI/Add", CUTM="TPLB2C", CUNM="N", CUA1="A", CSCD="SE", CUNO=f"C{number:02}")
    numbers = [row["CUNO"] for row in erp.call("CRS610MI/LstByNumber").rows]
    world.requests.clear()
    return numbers


def scanned(erp, name, *, columns=(), **fields):
    return list(erp.connection.scan(Call("1", erp.catalog.operation(name), fields, columns)))


def values(pages, column="CUNO"):
    return [row[column] for page in pages for row in page.rows]


def outcomes(pages):
    return [page.outcome for page in pages]


def asked(world):
    return [request for request in world.requests if "token" not in request.operations]


WAYS = pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])


@WAYS
def test_a_list_comes_in_pages(open_erp, world, crowd, positions, way):
    pages = scanned(open_erp(**way, page_size=10), "CRS610MI/LstByNumber")

    assert values(pages) == crowd
    assert max(len(page.rows) for page in pages) <= 10
    assert set(outcomes(pages)) == {Outcome.DONE}
    assert len(asked(world)) == len(pages) >= 4
    by_position = any(request.call.header("positionkey") for request in asked(world))
    assert by_position == (positions and not way)


@pytest.mark.usefixtures("positions")
def test_a_list_of_exactly_one_page_is_whole(open_erp, crowd):
    pages = scanned(open_erp(page_size=len(crowd)), "CRS610MI/LstByNumber")

    assert values(pages) == crowd
    assert set(outcomes(pages)) == {Outcome.DONE}


def test_a_page_is_read_when_it_is_asked_for(open_erp, world, crowd):
    erp = open_erp(page_size=10)
    pages = erp.connection.scan(Call("1", erp.catalog.operation("CRS610MI/LstByNumber"), {}))

    assert not asked(world)
    next(pages)
    assert len(asked(world)) == 1


@WAYS
@pytest.mark.usefixtures("positions", "crowd")
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "reset_before"}, {"kind": "list_fails", "count": 3}]
)
def test_a_page_that_fails_ends_the_list_with_its_failure(open_erp, world, way, fault):
    world.faults.add(Fault(operation="CRS610MI/LstByNumber", nth=3, **fault))

    pages = scanned(open_erp(**way, page_size=10), "CRS610MI/LstByNumber")

    assert outcomes(pages) == [Outcome.DONE, Outcome.DONE, pages[-1].outcome]
    assert pages[-1].outcome is not Outcome.DONE
    assert pages[-1].failure is not None
    assert pages[-1].rows == ()


def test_a_list_without_a_key_comes_in_a_larger_page(open_erp, world):
    erp = open_erp(page_size=10)
    for number in range(12):
        erp.order(f"SCAN-{number}")
    world.requests.clear()

    pages = scanned(erp, "OIS100MI/LstBatchHead", CUNO="W9999")

    assert [len(page.rows) for page in pages] == [len(values(pages, "ORNO"))]
    assert len(values(pages, "ORNO")) >= 12
    assert len(asked(world)) == 2


def test_an_empty_list_is_one_page_without_rows(open_erp):
    pages = scanned(open_erp(), "CRS610MI/LstByNumber", CUNO="ZZZZZZZZZZ")

    assert (outcomes(pages), values(pages)) == ([Outcome.DONE], [])


def test_a_table_is_one_page(erp):
    order = erp.order("SCAN-T1")

    pages = scanned(erp, "table:OXHEAD", columns=("OAORNO",), OACUOR="SCAN-T1")

    assert values(pages, "OAORNO") == [order]


def test_a_write_is_not_scanned(erp, world):
    world.requests.clear()

    (answer,) = scanned(erp, "OIS100MI/AddBatchHead", CUNO="W9999")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)
    assert not world.requests


def items(*rows):
    """Make a page of items: (number, change date) each."""
    records = [{"ITNO": item, "LMDT": date} for item, date in rows]
    return {"results": [{"transaction": "LstItmByChgDate", "records": records}]}


def query(scripted, number):
    return {name: found[0] for name, found in parse_qs(urlsplit(scripted.requests[number][1]).query).items()}


def test_a_list_by_date_is_read_on_from_its_last_day(scripted, open_scripted):
    scripted.answer(
        items(*((f"I{n}", "20261101") for n in range(4)), *((f"I{n}", "20261102") for n in range(4, 10)))
    )
    scripted.answer(items(*((f"I{n}", "20261102") for n in range(4, 11)), ("I11", "20261103")))

    pages = scanned(open_scripted(page_size=10), CHANGED, columns=("ITNO",), FLMD="20261101", LNCD="GB")

    assert values(pages, "ITNO") == [f"I{n}" for n in range(12)]
    assert (query(scripted, 1)["FLMD"], query(scripted, 1)["LNCD"]) == ("20261102", "GB")
    assert query(scripted, 0)["returncols"] == "ITNO,LMDT"


def test_a_day_longer_than_a_page_is_asked_for_with_a_larger_one(scripted, open_scripted):
    day = [(f"I{n:02}", "20261101") for n in range(30)]
    scripted.answer(items(*day[:10]))
    scripted.answer(items(*day[:10]))
    scripted.answer(items(*day, ("I99", "20261102")))

    pages = scanned(open_scripted(page_size=10), CHANGED)

    assert values(pages, "ITNO") == [item for item, _ in day] + ["I99"]
    assert query(scripted, 2)["maxrecs"] == "10000"


def test_dates_out_of_order_are_not_read_on_by_date(scripted, open_scripted):
    mixed = [(f"I{n:02}", f"202611{30 - n:02}") for n in range(12)]
    scripted.answer(items(*mixed[:10]))
    scripted.answer(items(*mixed))

    pages = scanned(open_scripted(page_size=10), CHANGED)

    assert values(pages, "ITNO") == [item for item, _ in mixed]
    assert query(scripted, 1)["maxrecs"] == "10000"


def test_an_item_that_changes_while_its_list_is_read_comes_again(scripted, open_scripted):
    scripted.answer(items(*((f"I{n}", "20261101") for n in range(10))))
    scripted.answer(items(*((f"I{n}", "20261101") for n in range(1, 10)), ("I0", "20261102")))

    pages = scanned(open_scripted(page_size=10), CHANGED)

    assert values(pages, "ITNO") == [f"I{n}" for n in range(10)] + ["I0"]


def test_items_are_read_on_by_number_only_in_the_order_of_numbers(scripted, open_scripted):
    page = [{"ITNO": f"I{n}"} for n in range(10)]
    for records in (page, page[-1:], page, page[:9]):
        scripted.answer({"results": [{"transaction": "SelItem", "records": records}]})
    erp = open_scripted(page_size=10)

    assert len(values(scanned(erp, "MMS200MI/SelItem", FRIT="I0"), "ITNO")) == 10
    assert query(scripted, 1)["FRIT"] == "I9"
    scanned(erp, "MMS200MI/SelItem", LMTS="1764000000000")
    assert (query(scripted, 3)["maxrecs"], "FRIT" in query(scripted, 3)) == ("10000", False)


def test_long_lists_without_a_key_are_asked_for_whole(scripted, open_scripted):
    rows = [{"ITNO": f"I{n}", "WHLO": "001"} for n in range(10_001)]
    for size in (10, 10_000, 10_001):
        scripted.answer(json.dumps({"results": [{"transaction": "LstNewBalances", "records": rows[:size]}]}))

    pages = scanned(open_scripted(page_size=10), "OIS100MI/LstNewBalances", LMTS="0")

    assert len(values(pages, "ITNO")) == 10_001
    assert query(scripted, 2)["maxrecs"] == "200000"


def test_a_page_after_the_last_row_ends_the_list(scripted, open_scripted):
    page = [{"CUNO": f"C{n}"} for n in range(10)]
    scripted.answer({"results": [{"transaction": "LstByNumber", "records": page}]})
    gone = {"errorMessage": "Record does not exist", "errorCode": "XRE0103", "errorType": "ServerReturnedNOK"}
    scripted.answer({"results": [{"transaction": "LstByNumber", "records": [], **gone}]})

    pages = scanned(open_scripted(page_size=10), "CRS610MI/LstByNumber")

    assert outcomes(pages) == [Outcome.DONE, Outcome.DONE]
    assert len(values(pages)) == 10
