"""Lists to their end, table reads, and what MRS001MI tells of a tenant."""

from __future__ import annotations

import pytest

from m3nop.connectors.m3 import M3
from m3nop.connectors.m3.snapshot import programs, snapshot
from m3nop.core.clock import parse_instant
from m3nop.core.connector import Call, Outcome, Remedy
from m3nop.core.errors import AccessError, ConfigurationError
from m3nop.sandbox.faults import Fault

NOW = parse_instant("2026-11-23T09:00:00Z")
GUEST = "W9999"


@pytest.fixture
def position_key(world):
    """Let lists tell where they go on, as newer releases do."""
    options = world.books.table("m3.options")
    options["features"] = {"position_key": True}
    yield
    options["features"] = {}


@pytest.fixture
def crowd(erp, world):
    """Enter 25 customers, once."""
    if "C00" not in world.books.table("m3.customers"):
        for number in range(25):
            erp.call("CRS610MI/Add", CUTM="TPLB2C", CUNM="N", CUA1="A", CSCD="SE", CUNO=f"C{number:02}")
    world.requests.clear()


def listed(answer):
    return [row["CUNO"] for row in answer.rows]


@pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])
def test_a_list_is_read_on_by_its_key(open_erp, world, crowd, way):
    whole = open_erp(**way).call("CRS610MI/LstByNumber")

    paged = open_erp(**way, page_size=10).call("CRS610MI/LstByNumber")

    assert paged.outcome is Outcome.DONE
    assert paged.rows == whole.rows
    assert len(listed(paged)) == len(set(listed(paged))) >= 25


def test_the_key_of_a_list_is_read_even_where_nobody_asked_for_it(open_erp, crowd):
    answer = open_erp(page_size=10).call("CRS610MI/LstByNumber", ("CUNM",))

    assert len(answer.rows) >= 25


@pytest.mark.usefixtures("position_key", "crowd")
def test_a_list_is_read_on_by_its_position_where_the_server_tells_it(open_erp, world):
    answer = open_erp(page_size=10).call("CRS610MI/LstByNumber")

    assert len(listed(answer)) == len(set(listed(answer))) >= 25
    positions = [request.call.header("positionkey") for request in world.requests]
    assert [position for position in positions if position][:2] == ["10", "20"]


@pytest.mark.usefixtures("position_key", "crowd")
def test_lists_of_a_bulk_are_each_read_on(open_erp):
    answers = open_erp(page_size=10).send(
        ("CRS610MI/LstByNumber", {}), ("CRS610MI/LstByNumber", {"CUNO": "C20"})
    )

    assert len(answers[0].rows) > len(answers[1].rows) >= 5


def test_a_list_that_cannot_be_read_on_is_asked_for_once_more_with_a_larger_page(open_erp, world):
    erp = open_erp(page_size=10)
    for number in range(12):
        erp.order(f"LONG-{number}")
    world.requests.clear()

    answer = erp.call("OIS100MI/LstBatchHead", CUNO=GUEST)

    assert len(answer.rows) >= 12
    assert len([request for request in world.requests if "token" not in request.operations]) == 2


def test_rows_have_the_types_of_the_catalog(erp):
    order = erp.order("TYPES-1")

    (row,) = erp.call("OIS100MI/GetBatchHead", ("ORDT", "RLDT", "NTAM", "YREF"), ORNO=order).rows

    assert (type(row["ORDT"]), type(row["NTAM"]).__name__, row["YREF"]) == (str, "Decimal", "")
    assert len(row["ORDT"]) == 8


@pytest.mark.parametrize("way", [{}, {"api": "v1"}], ids=["v2", "v1"])
def test_many_references_are_looked_up_in_few_queries(open_erp, world, way):
    erp = open_erp(**way)
    orders = {f"TAB-{number}": erp.order(f"TAB-{number}") for number in range(0, 120, 40)}
    world.requests.clear()

    answers = erp.send(
        *(("table:OXHEAD", {"OACUOR": f"TAB-{number}"}) for number in range(120)),
        columns=("OAORNO", "OACUNO"),
    )

    assert all(answer.outcome is Outcome.DONE for answer in answers)
    found = {number: answer.rows for number, answer in enumerate(answers) if answer.rows}
    assert set(found) == {0, 40, 80}
    assert found[40][-1] == {"OACUOR": "TAB-40", "OAORNO": orders["TAB-40"], "OACUNO": GUEST}
    assert len([request for request in world.requests if "token" not in request.operations]) <= (
        1 if not way else 5
    )


def test_the_columns_that_are_looked_up_by_can_be_more_than_one(erp):
    mine = erp.order("TWO-1", customer=GUEST)
    erp.order("TWO-2", customer=GUEST)

    answers = erp.send(
        ("table:OXHEAD", {"OACUOR": "TWO-1", "OACUNO": GUEST}),
        ("table:OXHEAD", {"OACUOR": "TWO-1", "OACUNO": "OTHER"}),
        ("table:OXHEAD", {"OACUOR": "TWO-2", "OACUNO": GUEST}),
        columns=("OAORNO",),
    )

    assert [len(answer.rows) for answer in answers] == [1, 0, 1]
    assert answers[0].rows[0]["OAORNO"] == mine


def test_a_number_is_looked_up_bare(erp, world):
    order = erp.order("NUM-1")
    (row,) = erp.call("table:OXHEAD", ("OAORDT",), OACUOR="NUM-1", OAORNO=order).rows

    answer = erp.call("table:OXHEAD", ("OAORNO",), OAORDT=int(row["OAORDT"]), OAORNO=order)

    assert [found["OAORNO"] for found in answer.rows] == [order]


def test_a_value_with_a_quote_stays_a_value(erp):
    erp.order("QUOTE-1")

    answer = erp.call("table:OXHEAD", ("OAORNO",), OACUOR="X' or OACUNO = 'W9999")

    assert (answer.outcome, answer.rows) == (Outcome.DONE, ())


def test_a_separator_in_the_data_is_no_obstacle(erp):
    erp.call("OIS100MI/AddBatchHead", CUNO=GUEST, ORTP="W01", FACI="A01", CUOR="SEP-1", YREF="a|b^c")

    (row,) = erp.call("table:OXHEAD", ("OAYREF",), OACUOR="SEP-1").rows

    assert row["OAYREF"] == "a|b^c"


def test_data_with_every_separator_is_a_failure_not_a_guess(erp):
    erp.call("OIS100MI/AddBatchHead", CUNO=GUEST, ORTP="W01", FACI="A01", CUOR="SEP-2", YREF="|^~;!")

    answer = erp.call("table:OXHEAD", ("OAYREF",), OACUOR="SEP-2")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)


def test_queries_whose_answer_was_cut_are_asked_in_parts(open_erp):
    erp = open_erp(page_size=10)
    for number in range(15):
        erp.order(f"CUT-{number}")

    answers = erp.send(
        *(("table:OXHEAD", {"OACUOR": f"CUT-{number}"}) for number in range(15)), columns=("OAORNO",)
    )

    assert [len(answer.rows) for answer in answers] == [1] * 15


def test_one_value_with_too_many_rows_is_a_failure_not_a_short_list(open_erp):
    erp = open_erp(page_size=10)
    for _ in range(12):
        erp.order("SAME-1")

    answer, other = erp.send(
        ("table:OXHEAD", {"OACUOR": "SAME-1"}), ("table:OXHEAD", {"OACUOR": "NONE-1"}), columns=("OAORNO",)
    )

    assert (answer.outcome, answer.rows, answer.failure.remedy) == (
        Outcome.NOT_SENT,
        (),
        Remedy.CONFIGURATION,
    )
    assert (other.outcome, other.rows) == (Outcome.DONE, ())


@pytest.mark.parametrize("value", ["", "  ", "a\nb", None, True])
def test_a_value_that_cannot_be_looked_up_is_refused_alone(erp, value):
    erp.order("FINE-1")

    bad, good = erp.send(
        ("table:OXHEAD", {"OACUOR": value}), ("table:OXHEAD", {"OACUOR": "FINE-1"}), columns=("OAORNO",)
    )

    assert (bad.outcome, bad.failure.remedy) == (Outcome.REFUSED, Remedy.BUSINESS)
    assert good.rows


def test_a_table_that_cannot_be_read_says_what_to_do(erp):
    answer = erp.call("table:NOTABLE", ("XXCUOR",), XXCUOR="A")

    assert answer.outcome is Outcome.REFUSED
    assert "does not exist" in answer.failure.message


def test_a_user_without_the_right_to_export_is_told_of_the_switch(open_erp):
    answer = open_erp(company=999).call("table:OXHEAD", ("OAORNO",), OACUOR="A")

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.AUTHENTICATION)
    assert "`table_reads: false`" in answer.failure.message


def test_tables_are_not_read_where_the_site_forbids_it(open_erp, world):
    table = open_erp().catalog.operation("table:OXHEAD")
    erp = open_erp(table_reads=False)

    (answer,) = erp.connection.send([Call("1", table, {"OACUOR": "A"}, ("OAORNO",))])

    assert (answer.outcome, answer.failure.remedy) == (Outcome.NOT_SENT, Remedy.CONFIGURATION)
    assert not world.requests


def test_a_snapshot_holds_what_the_tenant_tells(erp, world):
    taken = snapshot(erp.connection, erp.catalog, ["OIS100MI", "MNS150MI"], now=NOW)

    assert set(taken) == {"OIS100MI", "MNS150MI"}
    head = taken["OIS100MI"]["transactions"]["AddBatchHead"]
    assert (taken["OIS100MI"]["company"], taken["OIS100MI"]["taken_at"]) == ("100", "2026-11-23T09:00:00Z")
    assert head["many"] is False
    assert {
        "name": "CUNO",
        "type": "A",
        "length": 10,
        "mandatory": True,
        "description": "Customer number",
    } in [{**field, "description": "Customer number"} for field in head["inputs"]]
    assert [field["length"] for field in head["inputs"] if field["name"] == "ORDT"] == [8]
    assert [field["name"] for field in head["outputs"]] == ["ORNO"]
    assert taken["OIS100MI"]["transactions"]["LstBatchHead"]["many"] is True
    assert len(world.requests) < 10


def test_a_snapshot_holds_decimals_where_m3_tells_them(open_erp, erp, world):
    taken = snapshot(erp.connection, erp.catalog, ["OIS100MI"], now=NOW)
    known = open_erp(metadata={"m3/OIS100MI.json": taken["OIS100MI"]}).catalog

    charge = known.operation("OIS100MI/AddBatchHeadChg").inputs["CRAM"]
    assert (charge.type, charge.decimals) == ("N", 2)
    assert known.operation("OIS100MI/AddBatchHead").inputs["CUNO"].decimals is None


def test_a_snapshot_is_taken_without_decimals_where_they_cannot_be_asked_for(erp, world):
    whole = snapshot(erp.connection, erp.catalog, ["MNS150MI"], now=NOW)
    world.faults.add(Fault(kind="status", status=404, operation="MRS001MI/LstAdtFieldInf", times=99))

    taken = snapshot(erp.connection, erp.catalog, ["MNS150MI"], now=NOW)

    assert taken == whole


def test_a_catalog_made_of_a_snapshot_enters_an_order(open_erp, erp):
    taken = snapshot(erp.connection, erp.catalog, ["OIS100MI"], now=NOW)
    known = open_erp(metadata={"m3/OIS100MI.json": taken["OIS100MI"]})

    assert known.catalog.operation("OIS100MI/AddBatchHead").inputs["CUOR"].length == 20
    assert known.catalog.operation("OIS100MI/AddNothing") is None
    assert known.order("SNAP-1")


def test_a_catalog_can_be_made_of_every_program_of_the_tenant(erp):
    names = programs(erp.connection, erp.catalog)
    taken = snapshot(erp.connection, erp.catalog, sorted(names), now=NOW)

    made = M3.catalog(erp.config, metadata={f"m3/{name}.json": taken[name] for name in taken})

    assert "OIS100MI" in names
    assert names["OIS100MI"]
    assert made.operation("EXPORTMI/Select").inputs["QERY"].mandatory


def test_a_program_that_does_not_exist_is_named(erp):
    with pytest.raises(ConfigurationError, match="XYZ999MI"):
        snapshot(erp.connection, erp.catalog, ["XYZ999MI"], now=NOW)


def test_a_snapshot_of_an_m3_that_does_not_answer_is_an_access_error(erp, world):
    world.faults.add(Fault(kind="status", status=503, operation="MRS001MI/*"))

    with pytest.raises(AccessError, match="MRS001MI/LstTransactions failed"):
        snapshot(erp.connection, erp.catalog, ["OIS100MI"], now=NOW)


def test_a_snapshot_needs_the_repository_in_the_catalog(open_erp):
    document = {"program": "MRS001MI", "transactions": {}}
    erp = open_erp(metadata={"m3/MRS001MI.json": document})

    with pytest.raises(ConfigurationError, match="delete it"):
        snapshot(erp.connection, erp.catalog, ["OIS100MI"], now=NOW)
