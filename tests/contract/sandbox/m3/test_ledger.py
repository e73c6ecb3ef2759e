from __future__ import annotations

import httpx
import pytest

from m3nop.sandbox.m3.finance_seed import INTERFACE

KEYS = iter(f"NB2C{number}-1" for number in range(1, 1000))


def batch(m3, **record: str) -> str:
    key = next(KEYS)
    head = {"CONO": "100", "KEY1": key, "INTN": INTERFACE, "DESC": f"Shop order {key}", **record}
    m3.rows("GLS840MI/AddBatchHead", **head)
    return key


def line(m3, key: str, number: int, **record: str) -> None:
    m3.rows("GLS840MI/AddBatchLineFld", KEY1=key, LINE=str(number), **fields(m3, **record))


def fields(m3, **record: str) -> dict[str, str]:
    return {"INRI": "I1", "AIT1": "1930", "CUCD": "EUR", "CUAM": "1", "ACDT": today(m3), **record}


def today(m3) -> str:
    return m3.row("GENERAL/GetServerTime")["DATE"]


def pair(m3, amount: str = "99.90", **record: str) -> str:
    key = batch(m3)
    line(m3, key, 1, CUAM=amount, VTXT=key, **record)
    line(m3, key, 2, AIT1="2421", CUAM=f"-{amount}", VTXT=key, **record)
    return key


def vouchers(m3, text: str) -> list[list[str]]:
    query = f"EGYEA4,EGVONO,EGAIT1,EGACAM,EGDBCR from FGLEDG where EGVTXT = '{text}'"
    return [row["REPL"].split("|") for row in m3.rows("EXPORTMI/Select", QERY=query, SEPC="|")]


def finish(m3, key: str, transaction: str) -> list[dict[str, str]]:
    return m3.rows(f"GLS840MI/{transaction}", CONO="100", KEY1=key)


def refused(m3, key: str, transaction: str) -> tuple[str, str]:
    return m3.refused(f"GLS840MI/{transaction}", CONO="100", KEY1=key)


def period(m3, verb: str, name: str) -> httpx.Response:
    return m3.http.post(f"{m3.running.url}/sandbox/m3/periods/{verb}", json={"period": name})


def test_a_batch_becomes_a_voucher_that_is_found_by_its_text(m3):
    key = pair(m3)

    assert finish(m3, key, "CtrlBatch") == [{"CONO": "100"}]
    assert vouchers(m3, key) == []
    finish(m3, key, "UpdBatch")

    debit, credit = vouchers(m3, key)
    assert debit[2:] == ["1930", "99.90", "D"]
    assert credit[2:] == ["2421", "-99.90", "C"]
    named = {"DIVI": "AAA", "YEA4": debit[0], "VONO": debit[1]}
    head = m3.row("GLS200MI/GetVoucherHead", **named)
    assert (head["DSUM"], head["CSUM"], head["CUCD"]) == ("99.90", "99.90", "EUR")
    first, second = m3.rows("GLS200MI/LstVoucherLines", **named)
    assert (first["AIT1"], first["VTXT"], second["CUAM"], first["ACYP"]) == (
        "1930",
        key,
        "-99.90",
        today(m3)[:6],
    )
    assert m3.row("GLS200MI/GetVoucherLine", **named, JRNO=first["JRNO"], JSNO="2")["AIT1"] == "2421"
    listed = m3.rows("GLS200MI/LstVouchersByDt", FRDT=today(m3), TODT=today(m3))
    assert [row["AIT1"] for row in listed if row["VTXT"] == key] == ["1930", "2421"]
    assert m3.rows("GLS200MI/LstVouchersByDt", FRDT="20200101", TODT="20201231") == []


def test_a_batch_is_posted_once_and_then_left_alone(m3):
    key = pair(m3)
    finish(m3, key, "UpdBatch")

    for transaction in ("UpdBatch", "CtrlBatch"):
        assert refused(m3, key, transaction) == ("WKE0105", "KEY1")
    record = {"KEY1": key, "LINE": "3", **fields(m3)}
    assert m3.refused("GLS840MI/AddBatchLineFld", **record) == ("WKE0105", "KEY1")
    assert len(vouchers(m3, key)) == 2


def test_a_key_can_be_used_once(m3):
    key = batch(m3)

    head = {"CONO": "100", "KEY1": key, "INTN": INTERFACE, "DESC": "Again"}
    assert m3.refused("GLS840MI/AddBatchHead", **head) == ("WKE0104", "KEY1")
    assert m3.refused("GLS840MI/AddBatchHead", **{**head, "KEY1": "OTHER", "INTN": "NONE"}) == (
        "WIN0103",
        "INTN",
    )
    assert m3.refused("GLS840MI/AddBatchHead", **{**head, "CONO": "200"})[1] == "CONO"
    assert m3.refused("GLS840MI/CtrlBatch", CONO="100", KEY1="NONE") == ("WKE0103", "KEY1")


def test_lines_are_numbered_once_and_of_a_kind_that_the_interface_has(m3):
    key = batch(m3)
    line(m3, key, 1)

    record = {"KEY1": key, **fields(m3)}
    assert m3.refused("GLS840MI/AddBatchLineFld", **record, LINE="1") == ("WLI0104", "LINE")
    assert m3.refused("GLS840MI/AddBatchLineFld", **{**record, "INRI": "I9"}, LINE="2") == (
        "WIR0101",
        "INRI",
    )
    assert m3.refused("GLS840MI/AddBatchLineFld", **record, LINE="2", DIVI="BBB") == ("WDV0103", "DIVI")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"AIT1": ""}, "WAI0102", "AIT1"),
        ({"AIT1": "9999"}, "WAI0103", "AIT1"),
        ({"AIT1": "1999"}, "WAI0101", "AIT1"),
        ({"AIT2": "999"}, "WAI0103", "AIT2"),
        ({"CUCD": "XXX"}, "WCC0103", "CUCD"),
        ({"CUCD": "SEK"}, "WAM0106", "CUAM"),
        ({"CUAM": "0"}, "WAM0102", "CUAM"),
        ({"CUAM": "1.005"}, "WAM0101", "CUAM"),
        ({"ACAM": "2"}, "WAC0101", "ACAM"),
        ({"DBCR": "C"}, "WDB0101", "DBCR"),
        ({"ACDT": ""}, "WAD0102", "ACDT"),
        ({"VTCD": "9"}, "WVT0103", "VTCD"),
        ({"CUAM": "2"}, "WAM0106", "CUAM"),
        ({"ACDT": "20260101"}, "WAC0106", "ACDT"),
    ],
)
def test_a_batch_with_something_wrong_is_refused_and_posts_nothing(m3, wrong, code, field):
    key = batch(m3)
    line(m3, key, 1, VTXT=key, **wrong)
    line(m3, key, 2, VTXT=key, AIT1="2421", CUAM="-1")

    assert refused(m3, key, "CtrlBatch") == (code, field)
    assert refused(m3, key, "UpdBatch") == (code, field)
    assert vouchers(m3, key) == []
    query = f"FHKEY1,FHSTAT from FGLINH where FHKEY1 = '{key}'"
    assert m3.row("EXPORTMI/Select", QERY=query, SEPC="|")["REPL"] == f"{key}|15"


def test_a_batch_needs_lines(m3):
    key = batch(m3)
    assert refused(m3, key, "CtrlBatch") == ("WLI0102", "LINE")
    line(m3, key, 1)
    assert refused(m3, key, "CtrlBatch") == ("WLI0106", "LINE")


def test_an_amount_in_another_currency_is_recorded_by_its_rate(m3):
    given, known = pair(m3, "100", CUCD="SEK", ARAT="0.09"), pair(m3, "100", CUCD="SEK")
    for key in (given, known):
        finish(m3, key, "UpdBatch")

    assert [row[3] for row in vouchers(m3, given)] == ["9.00", "-9.00"]
    assert [row[3] for row in vouchers(m3, known)] == ["8.75", "-8.75"]


def test_lines_of_fixed_text_are_read_by_the_interfaces_layout(m3):
    key = batch(m3)
    for number, (account, amount, group) in enumerate(
        (("1942", "5.50", "A"), ("2421", "-5.50", "A"), ("1930", "1", "B"), ("2421", "-1", "B")), start=1
    ):
        text = f"I1{group:<10}{account:<10}{'200':<10}EUR{amount:>17} {today(m3)}00{key:<40}"
        m3.rows("GLS840MI/AddBatchLine", CONO="100", KEY1=key, LINE=str(number), PARM=text)
    finish(m3, key, "UpdBatch")

    found = vouchers(m3, key)
    assert [row[2] for row in found] == ["1942", "2421", "1930", "2421"]
    assert len({row[1] for row in found}) == 2

    other = batch(m3)
    record = {"CONO": "100", "KEY1": other, "LINE": "1"}
    assert m3.refused("GLS840MI/AddBatchLine", **record, PARM="X1") == ("WIR0101", "INRI")
    assert m3.refused("GLS840MI/AddBatchLine", **record, PARM="I1" + "x" * 110) == ("WPR0101", "PARM")
    text = f"I1{'':<10}{'1930':<20}EUR{'1':>17} 2026113100"
    m3.rows("GLS840MI/AddBatchLine", **record, PARM=text)
    assert refused(m3, other, "CtrlBatch") == ("WAD0101", "ACDT")


def test_a_closed_period_takes_nothing_until_it_is_opened(m3):
    key = pair(m3)
    name = today(m3)[:6]

    assert period(m3, "close", name).json() == {"closed": [name]}
    assert refused(m3, key, "CtrlBatch") == ("WPE0105", "ACDT")
    assert refused(m3, key, "UpdBatch") == ("WPE0105", "ACDT")
    assert period(m3, "open", name).json() == {"closed": []}
    finish(m3, key, "UpdBatch")
    assert len(vouchers(m3, key)) == 2
    assert period(m3, "close", "2026-11").status_code == 400
    assert period(m3, "close", "202613").status_code == 400


def test_a_batch_may_be_posted_in_the_background_and_once(m3):
    m3.fault("background_update", operation="GLS840MI/UpdBatch", seconds=30)
    key = pair(m3)

    finish(m3, key, "UpdBatch")
    assert vouchers(m3, key) == []
    assert refused(m3, key, "UpdBatch") == ("WKE0105", "KEY1")
    m3.world.clock.advance(31)

    assert len(vouchers(m3, key)) == 2
    assert refused(m3, key, "UpdBatch") == ("WKE0105", "KEY1")


def test_a_background_update_fails_when_the_period_was_closed_meanwhile(m3):
    m3.fault("background_update", operation="GLS840MI/UpdBatch", seconds=30)
    key = pair(m3)
    name = today(m3)[:6]

    finish(m3, key, "UpdBatch")
    period(m3, "close", name)
    m3.world.clock.advance(31)

    assert vouchers(m3, key) == []
    period(m3, "open", name)
    finish(m3, key, "UpdBatch")
    assert len(vouchers(m3, key)) == 2


def test_an_update_whose_answer_is_lost_has_posted(m3):
    m3.fault("reset_after", operation="GLS840MI/UpdBatch")
    key = pair(m3)

    with pytest.raises(httpx.ReadError):
        finish(m3, key, "UpdBatch")

    assert len(vouchers(m3, key)) == 2


def test_an_update_that_arrives_late_posts_nothing_twice(m3):
    m3.fault("late_effect", operation="GLS840MI/UpdBatch", seconds=20)
    late, repeated = pair(m3), pair(m3)
    with pytest.raises(httpx.ReadError):
        finish(m3, late, "UpdBatch")
    assert vouchers(m3, late) == []
    m3.fault("late_effect", operation="GLS840MI/UpdBatch", seconds=20)
    with pytest.raises(httpx.ReadError):
        finish(m3, repeated, "UpdBatch")
    finish(m3, repeated, "UpdBatch")

    m3.world.clock.advance(21)

    assert len(vouchers(m3, late)) == 2
    assert len(vouchers(m3, repeated)) == 2


def test_the_sites_own_transaction_posts_two_lines_each_time(m3):
    record = {
        "VTXT": "Shop B2C 77", "ACDT": today(m3), "CUCD": "EUR", "CUAM": "12.50", "AITD": "1942",
        "AITC": "2421",
    }  # fmt: skip
    posted = m3.row("GLS200MI/Add", **record)
    m3.row("GLS200MI/Add", **record)

    assert [row[2:] for row in vouchers(m3, "Shop B2C 77")] == [
        ["1942", "12.50", "D"],
        ["2421", "-12.50", "C"],
    ] * 2
    lines = m3.rows("GLS200MI/LstVoucherLines", DIVI="AAA", YEA4=posted["YEA4"], VONO=posted["VONO"])
    assert [row["VSER"] for row in lines] == ["WEB", "WEB"]
    assert m3.refused("GLS200MI/Add", **{**record, "CUAM": "-1"}) == ("WAM0101", "CUAM")
    assert m3.refused("GLS200MI/Add", **{**record, "AITC": "9"}) == ("WAI0103", "AIT1")
    assert len(vouchers(m3, "Shop B2C 77")) == 4


def test_accounts_can_be_looked_up(m3):
    assert m3.row("CRS630MI/GetAccountID", AITP="1", AITM="1930")["TX40"] == "Bank"
    assert m3.refused("CRS630MI/GetAccountID", AITP="1", AITM="9") == ("WAI0103", "AITM")
    assert [row["AITM"] for row in m3.rows("CRS630MI/LstAccountID", AITP="2")] == ["100", "200"]
    listed = m3.rows("CRS630MI/LstAccountID", AITP="1", AITM="3000")
    assert [row["AITM"] for row in listed] == ["3001", "3740", "6570"]


def test_a_voucher_that_does_not_exist_is_refused(m3):
    named = {"DIVI": "AAA", "YEA4": "2026", "VONO": "1"}
    for transaction in ("GetVoucherHead", "LstVoucherLines"):
        assert m3.refused(f"GLS200MI/{transaction}", **named) == ("WVO0103", "VONO")
    finish(m3, key := pair(m3), "UpdBatch")
    year, number = vouchers(m3, key)[0][:2]
    found = {"DIVI": "AAA", "YEA4": year, "VONO": number}
    journal = m3.rows("GLS200MI/LstVoucherLines", **found)[0]["JRNO"]
    assert m3.refused("GLS200MI/GetVoucherLine", **found, JRNO=journal, JSNO="9") == ("WJS0103", "JSNO")


def test_the_repository_tells_what_the_ledger_can(m3):
    transactions = {row["TRNM"] for row in m3.rows("MRS001MI/LstTransactions", MINM="GLS840MI")}
    assert transactions == {"AddBatchHead", "AddBatchLine", "AddBatchLineFld", "CtrlBatch", "UpdBatch"}
    told = m3.rows("MRS001MI/LstFields", MINM="GLS840MI", TRNM="AddBatchHead", TRTP="I")
    assert [row["FLNM"] for row in told if row["MAND"] == "1"] == ["CONO", "KEY1", "INTN", "DESC"]
    for name, transaction in (
        ("GLS200MI", "LstVoucherLines"),
        ("MWS410MI", "GetHead"),
        ("OIS350MI", "GetInvHead"),
    ):
        for row in m3.rows("MRS001MI/LstFields", MINM=name, TRNM=transaction, TRTP="O"):
            assert row["FLDS"] != row["FLNM"], row
