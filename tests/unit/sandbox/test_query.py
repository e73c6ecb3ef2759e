from __future__ import annotations

import pytest

from m3nop.sandbox.m3.programs.exports import TABLES
from m3nop.sandbox.m3.programs.query import parse
from m3nop.sandbox.m3.refusal import RefusalError


def test_columns_table_and_conditions_are_read():
    query = parse(
        "OAORNO, OACUOR from OOHEAD where OALMDT >= 20261101 and OAFACI = 'A01' or OACUOR = 'O''Neill'",
        TABLES,
    )

    assert query.table == "OOHEAD"
    assert [column.field for column in query.columns] == ["ORNO", "CUOR"]
    assert query.groups == (
        (("LMDT", ">=", 20261101), ("FACI", "=", "A01")),
        (("CUOR", "=", "O'Neill"),),
    )


def test_all_columns_and_counts():
    assert len(parse("* from OXHEAD", TABLES).columns) == len(TABLES["OXHEAD"])
    assert parse("count(*) from OOLINE", TABLES).columns == ()
    assert parse("count(#) from OOLINE where OBPONR <> 1", TABLES).groups == ((("PONR", "!=", 1),),)


@pytest.mark.parametrize(
    "query",
    [
        "select OAORNO from OOHEAD",
        "OAORNO FROM OOHEAD",
        "OAORNO from",
        "OAORNO from OOHEAD where",
        "OAORNO from OOHEAD where OACUOR = 'x' and",
        "OAORNO from OOHEAD where OACUOR = 'x' AND OAFACI = 'A01'",
        "OAORNO from OOHEAD where (OACUOR = 'x')",
        "OAORNO from OOHEAD where OACUOR like 'x'",
        "OAORNO from OOHEAD where OACUOR = 10",
        "OAORNO from OOHEAD where OALMDT = '20261101'",
        "OAORNO from OOHEAD where OALMDT = 2026.5",
        "OAORNO from OOHEAD where OACUOR = 'open",
        "OAORNO from OOHEAD where OACUOR = 'x' 'y'",
        "OAORNO from OOHEAD order by OAORNO",
        "OAORNO OACUOR from OOHEAD",
        ", from OOHEAD",
        "from OOHEAD",
        "ORNO from OOHEAD",
        "OBORNO from OOHEAD",
        "OBORNO from OOLINE where OBSAPR = 10",
        "OAORNO from OOHEAD where OACUOR = 'x'; delete",
    ],
)
def test_anything_else_is_refused(query):
    with pytest.raises(RefusalError) as refused:
        parse(query, TABLES)

    assert refused.value.field == "QERY"


def test_an_unknown_table_is_refused():
    with pytest.raises(RefusalError, match="NOSUCH does not exist"):
        parse("A from NOSUCH", TABLES)
