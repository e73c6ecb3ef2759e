from __future__ import annotations

import httpx
import pytest


def order(m3, *lines: dict[str, str], charges: dict[str, str] | None = None, **head: str) -> str:
    temporary = m3.head(**head)
    for record in lines or ({"ORQT": "3", "SAPR": "10"},):
        m3.line(temporary, **record)
    for charge, price in (charges or {}).items():
        m3.rows("OIS100MI/AddBatchHeadChg", ORNO=temporary, CRID=charge, CRAM=price)
    return m3.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"]


def invoiced(m3, **head: str) -> tuple[str, dict[str, str]]:
    number = order(m3, **head)
    m3.happen(f"orders/{number}/deliver")
    m3.happen(f"orders/{number}/invoice")
    return number, m3.row("OIS350MI/LstAllInvByCO", ORNO=number)


def today(m3) -> str:
    return m3.row("GENERAL/GetServerTime")["DATE"]


def posted(m3, text: str) -> list[str]:
    query = f"EGAIT1,EGACAM from FGLEDG where EGVTXT = '{text}'"
    return [row["REPL"] for row in m3.rows("EXPORTMI/Select", QERY=query, SEPC="|")]


def receivable(m3, invoice: dict[str, str], customer: str = "W9999") -> dict[str, str]:
    rows = m3.rows("ARS200MI/LstInvoices", CUNO=customer)
    (row,) = [row for row in rows if row["CINO"] == invoice["EXIN"]]
    return row


def batch(m3, number: int, *payments: tuple[dict[str, str], str], kind: str = "BNK", **head: str) -> None:
    m3.row("ARS040MI/AddBatchHead", PBID=str(number), BOPE=kind, **head)
    for place, (invoice, amount) in enumerate(payments, start=1):
        record = {"PBID": str(number), "TRNO": str(place), **paid(invoice, amount)}
        m3.rows("ARS040MI/AddBatchLine", **record)


def paid(invoice: dict[str, str], amount: str) -> dict[str, str]:
    return {
        "CINO": invoice["EXIN"], "INYR": invoice["YEA4"], "CUNO": invoice["CUNO"], "PYAM": amount,
        "IRNO": f"Shop {invoice['EXIN']}",
    }  # fmt: skip


def test_what_was_delivered_is_invoiced_with_charges_and_vat(m3):
    number = order(m3, charges={"FRT": "9.90"}, TEPY="014")
    (delivery,) = m3.happen(f"orders/{number}/deliver")["deliveries"]

    life = m3.happen(f"orders/{number}/invoice")

    (shown,) = life["invoices"]
    assert (shown["net"], shown["vat"], shown["total"], shown["left"]) == ("39.90", "9.98", "49.88", "49.88")
    assert (life["orsl"], life["orst"], life["lines"][0]["invoiced"]) == ("77", "77", "3")
    invoice = m3.row("OIS350MI/LstAllInvByCO", ORNO=number)
    assert (invoice["IVAV"], invoice["RAFC"], invoice["CUCD"]) == ("49.88", "49.88", "EUR")
    assert invoice["DUDT"] > invoice["IDAT"]
    by_delivery = m3.row("OIS350MI/LstInvHeadByCo", ORNO=number, DLIX=str(delivery["dlix"]))
    assert (by_delivery["IVNO"], by_delivery["AMT2"], by_delivery["ORST"]) == (invoice["IVNO"], "30.00", "77")
    head = m3.row("OIS350MI/GetInvHead", YEA4=invoice["YEA4"], IVNO=invoice["IVNO"])
    assert (head["AMT2"], head["CUC2"], head["PYNO"]) == ("49.88", "EUR", "W9999")
    lines = m3.rows("OIS350MI/LstInvLine", YEA4=invoice["YEA4"], IVNO=invoice["IVNO"])
    assert [(line["IVTP"], line["AMT2"]) for line in lines] == [
        ("31", "30.00"),
        ("60", "9.90"),
        ("80", "9.98"),
    ]
    assert m3.row("MWS410MI/GetHead", DLIX=str(delivery["dlix"]))["IVNO"] == invoice["IVNO"]
    assert posted(m3, f"Invoice {invoice['EXIN']}") == ["1510|49.88", "3001|-39.90", "2611|-9.98"]


def test_part_deliveries_are_invoiced_apart_and_no_cent_is_lost(m3):
    number = order(m3, {"ORQT": "3", "SAPR": "10", "DIA1": "0.01"}, charges={"FRT": "5"})
    for _ in range(3):
        m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": "1"}]})
        m3.happen(f"orders/{number}/invoice")

    invoices = m3.rows("OIS350MI/LstAllInvByCO", ORNO=number)
    goods = [
        line["AMT2"]
        for invoice in invoices
        for line in m3.rows("OIS350MI/LstInvLine", YEA4=invoice["YEA4"], IVNO=invoice["IVNO"])
        if line["IVTP"] == "31"
    ]
    assert goods == ["10.00", "9.99", "10.00"]
    assert len(m3.rows("OIS350MI/LstInvHeadByCo", ORNO=number)) == 3
    assert "not invoiced" in m3.cannot_happen(f"orders/{number}/invoice")


def test_a_line_shows_what_is_delivered_invoiced_and_open(m3):
    number = order(m3)
    m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": "1"}]})
    life = m3.happen(f"orders/{number}/invoice")
    assert (life["lines"][0]["status"], life["orsl"], life["orst"]) == ("27", "22", "77")

    life = m3.happen(f"orders/{number}/deliver")

    assert (life["lines"][0]["status"], life["orsl"], life["orst"]) == ("67", "66", "77")
    line = m3.row("OIS100MI/GetLine", ORNO=number, PONR="1")
    assert (line["DLQT"], line["IVQT"]) == ("3", "1")


def test_an_invoice_in_another_currency_balances_in_the_ledgers(m3):
    _, invoice = invoiced(m3, CUCD="SEK", charges={"FRT": "0.07"})

    head = m3.row("OIS350MI/GetInvHead", YEA4=invoice["YEA4"], IVNO=invoice["IVNO"])
    amounts = [float(row.split("|")[1]) for row in posted(m3, f"Invoice {invoice['EXIN']}")]

    assert (head["CUC1"], head["CUC2"]) == ("EUR", "SEK")
    assert round(sum(amounts), 2) == 0


def test_a_customer_outside_the_eu_pays_no_vat(m3):
    number = m3.row("CRS610MI/Add", CUTM="TPLB2C", CUNM="Nordmann", CUA1="-", CSCD="NO")["CUNO"]
    m3.rows("CRS610MI/ChgFinancial", CUNO=number, VTCD="3")

    _, invoice = invoiced(m3, CUNO=number)

    assert invoice["IVAV"] == "30.00"
    assert len(posted(m3, f"Invoice {invoice['EXIN']}")) == 2


def test_nothing_is_invoiced_in_a_closed_period_nor_before_it_left(m3):
    number = order(m3)
    m3.happen(f"orders/{number}/pick")
    assert "not invoiced" in m3.cannot_happen(f"orders/{number}/invoice")
    m3.happen(f"orders/{number}/deliver")
    m3.happen("periods/close", {"period": today(m3)[:6]})
    assert "closed" in m3.cannot_happen(f"orders/{number}/invoice")
    m3.happen("periods/open", {"period": today(m3)[:6]})
    assert len(m3.happen(f"orders/{number}/invoice")["invoices"]) == 1


def test_an_invoice_is_open_until_it_is_paid(m3):
    number, invoice = invoiced(m3)
    owed = receivable(m3, invoice)
    key = {field: owed[field] for field in ("YEA4", "JRNO", "JSNO")}
    assert (owed["RECO"], owed["TRCD"]) == ("0", "10")

    batch(m3, 501, (invoice, "7.50"))
    m3.rows("ARS040MI/ControlBatch", PBID="501")
    assert m3.row("OIS350MI/LstAllInvByCO", ORNO=number)["RAFC"] == "30.00"
    assert m3.row("ARS200MI/GetInvoice", **key)["RECO"] == "0"
    batch(m3, 502, (invoice, "20"), (invoice, "10"), kind="CRD")
    m3.rows("ARS040MI/ControlBatch", PBID="502")

    entry = m3.row("ARS200MI/GetInvoice", **key)
    assert (entry["RECO"], entry["REDE"], entry["CUAM"]) == ("9", today(m3), "37.50")
    assert m3.row("OIS350MI/LstAllInvByCO", ORNO=number)["RAFC"] == "0.00"
    assert m3.rows("OIS350MI/LstInvHeadByCo", ORNO=number, OOIN="1") == []
    still_open = m3.rows("ARS200MI/LstInvoices", CUNO="W9999", AAC0="1")
    assert invoice["EXIN"] not in [row["CINO"] for row in still_open]
    assert m3.rows("ARS200MI/LstInvoices", CUNO="W9999", IVDT="20991231") == []
    query = f"ESTRCD,ESCUAM,ESRECO from FSLEDG where ESCINO = '{invoice['EXIN']}'"
    rows = [row["REPL"] for row in m3.rows("EXPORTMI/Select", QERY=query, SEPC="|")]
    assert rows == ["10|37.50|9", "20|-7.50|0", "20|-20.00|9", "20|-10.00|9"]
    assert posted(m3, f"Shop {invoice['EXIN']}") == [
        "1930|7.50", "1510|-7.50", "1580|20.00", "1510|-20.00", "1580|10.00", "1510|-10.00",
    ]  # fmt: skip


def test_a_payment_that_was_entered_can_be_taken_back(m3):
    number, invoice = invoiced(m3)
    batch(m3, 511, (invoice, "37.50"))
    m3.rows("ARS040MI/ControlBatch", PBID="511")
    batch(m3, 512, (invoice, "-10"))
    m3.rows("ARS040MI/ControlBatch", PBID="512")

    assert receivable(m3, invoice)["RECO"] == "0"
    assert m3.row("OIS350MI/LstAllInvByCO", ORNO=number)["RAFC"] == "10.00"


def test_a_payment_batch_is_numbered_once_and_entered_once(m3):
    _, invoice = invoiced(m3)
    batch(m3, 521, (invoice, "1"))

    record = {"PBID": "521", "TRNO": "1", **paid(invoice, "1")}
    assert m3.refused("ARS040MI/AddBatchHead", PBID="521", BOPE="BNK") == ("WPB0104", "PBID")
    assert m3.refused("ARS040MI/AddBatchHead", PBID="522", BOPE="XXX") == ("WBO0103", "BOPE")
    assert m3.refused("ARS040MI/AddBatchLine", **record) == ("WTN0104", "TRNO")
    m3.rows("ARS040MI/ControlBatch", PBID="521")
    assert m3.refused("ARS040MI/ControlBatch", PBID="521") == ("WPB0105", "PBID")
    assert m3.refused("ARS040MI/AddBatchLine", **{**record, "TRNO": "2"}) == ("WPB0105", "PBID")
    assert m3.refused("ARS040MI/ControlBatch", PBID="9") == ("WPB0103", "PBID")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"CINO": "1"}, "WCN0103", "CINO"),
        ({"INYR": "2001"}, "WCN0103", "CINO"),
        ({"CUNO": "W0000001"}, "WCN0103", "CINO"),
        ({"CUNO": "W9"}, "WCU0103", "CUNO"),
        ({"PYAM": "0"}, "WPA0102", "PYAM"),
        ({"PYAM": "0.001"}, "WPA0101", "PYAM"),
        ({"CUCD": "SEK"}, "WCC0101", "CUCD"),
    ],
)
def test_a_payment_that_does_not_fit_is_refused(m3, wrong, code, field):
    _, invoice = invoiced(m3)
    number = str(600 + int(invoice["IVNO"]) % 100)
    m3.row("ARS040MI/AddBatchHead", PBID=number, BOPE="BNK")

    record = {"PBID": number, "TRNO": "1", **paid(invoice, "1"), **wrong}
    assert m3.refused("ARS040MI/AddBatchLine", **record) == (code, field)
    assert m3.refused("ARS040MI/ControlBatch", PBID=number) == ("WTN0102", "TRNO")


def test_more_than_is_owed_cannot_be_paid_nor_anything_in_a_closed_period(m3):
    number, invoice = invoiced(m3)
    batch(m3, 531, (invoice, "30"), (invoice, "7.51"))
    batch(m3, 532, (invoice, "1"), ACDT="20260115")
    m3.happen("periods/close", {"period": "202601"})

    assert m3.refused("ARS040MI/ControlBatch", PBID="531") == ("WPA0106", "PYAM")
    assert m3.refused("ARS040MI/ControlBatch", PBID="532") == ("WPE0105", "ACDT")
    m3.happen("periods/open", {"period": "202601"})
    assert m3.row("OIS350MI/LstAllInvByCO", ORNO=number)["RAFC"] == "37.50"


def test_payments_may_be_entered_in_the_background(m3):
    m3.fault("background_update", operation="ARS040MI/ControlBatch", seconds=20)
    _, invoice = invoiced(m3)
    batch(m3, 541, (invoice, "37.50"))

    m3.rows("ARS040MI/ControlBatch", PBID="541")
    assert receivable(m3, invoice)["RECO"] == "0"
    assert m3.refused("ARS040MI/ControlBatch", PBID="541") == ("WPB0105", "PBID")
    m3.world.clock.advance(21)

    assert receivable(m3, invoice)["RECO"] == "9"


def cash(m3, number: str, **changes: str) -> dict[str, str]:
    return {
        "PMNB": number, "CSHD": "WEB01", "PYNO": "W9999", "PYCD": "CRD", "PYDT": today(m3), "CUCD": "EUR",
        "PMAM": "37.50", "IRNO": f"Cash {number}", "3RDP": "ADYEN", **changes,
    }  # fmt: skip


def test_a_payment_at_a_cash_desk_is_entered_once(m3):
    m3.fault("reset_after", operation="OIS215MI/AddPayment")
    with pytest.raises(httpx.ReadError):
        m3.rows("OIS215MI/AddPayment", **cash(m3, "701"))

    assert m3.refused("OIS215MI/AddPayment", **cash(m3, "701")) == ("WPN0104", "PMNB")
    assert posted(m3, "Cash 701") == ["1580|37.50", "2420|-37.50"]


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"CSHD": "NONE"}, "WCD0103", "CSHD"),
        ({"PYNO": "W9"}, "WPY0103", "PYNO"),
        ({"PYCD": "XXX"}, "WPM0103", "PYCD"),
        ({"CUCD": "XXX"}, "WCC0103", "CUCD"),
        ({"PMAM": "0"}, "WPA0102", "PMAM"),
    ],
)
def test_a_cash_payment_that_is_wrong_leaves_nothing(m3, wrong, code, field):
    assert m3.refused("OIS215MI/AddPayment", **cash(m3, "702", **wrong)) == (code, field)
    assert posted(m3, "Cash 702") == []


def test_what_does_not_exist_is_refused(m3):
    assert m3.refused("OIS350MI/GetInvHead", YEA4="2026", IVNO="1") == ("WIV0103", "IVNO")
    assert m3.refused("OIS350MI/LstInvLine", YEA4="2026", IVNO="1") == ("WIV0103", "IVNO")
    assert m3.refused("OIS350MI/LstAllInvByCO", ORNO="9") == ("WOR0103", "ORNO")
    assert m3.refused("OIS350MI/LstInvHeadByCo", ORNO="9") == ("WOR0103", "ORNO")
    assert m3.refused("ARS200MI/LstInvoices", CUNO="W9") == ("WCU0103", "CUNO")
    assert m3.refused("ARS200MI/GetInvoice", YEA4="2026", JRNO="1", JSNO="1") == ("WJR0103", "JRNO")
    assert m3.rows("OIS350MI/LstAllInvByCO", ORNO=order(m3)) == []


def test_payments_left_to_the_background_wait_when_the_period_was_closed_meanwhile(m3):
    m3.fault("background_update", operation="ARS040MI/ControlBatch", seconds=20)
    _, invoice = invoiced(m3)
    batch(m3, 551, (invoice, "37.50"))
    period = {"period": today(m3)[:6]}

    m3.rows("ARS040MI/ControlBatch", PBID="551")
    m3.happen("periods/close", period)
    m3.world.clock.advance(21)

    assert receivable(m3, invoice)["RECO"] == "0"
    m3.happen("periods/open", period)
    m3.rows("ARS040MI/ControlBatch", PBID="551")
    assert receivable(m3, invoice)["RECO"] == "9"


def test_what_costs_nothing_is_paid_at_once_and_posts_nothing(m3):
    number = order(m3, {"ORQT": "1", "SAPR": "0"})
    m3.happen(f"orders/{number}/deliver")
    m3.happen(f"orders/{number}/invoice")

    invoice = m3.row("OIS350MI/LstAllInvByCO", ORNO=number)
    assert (invoice["IVAV"], invoice["RAFC"]) == ("0.00", "0.00")
    assert receivable(m3, invoice)["RECO"] == "9"
    assert posted(m3, f"Invoice {invoice['EXIN']}") == []
