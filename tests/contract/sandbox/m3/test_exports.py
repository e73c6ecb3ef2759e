from __future__ import annotations


def select(m3, query: str, **record: str) -> list[str]:
    return [row["REPL"] for row in m3.rows("EXPORTMI/Select", QERY=query, SEPC="|", **record)]


def test_orders_are_found_by_their_exact_reference(m3):
    temporary, number = m3.order(CUOR="O'NEILL-1")
    left = m3.head(CUOR="O'NEILL-2")

    both = "OACUOR = 'O''NEILL-1' or OACUOR = 'O''NEILL-2'"

    assert select(m3, f"OAORNO,OACUOR,OAORST from OOHEAD where {both}") == [f"{number}|O'NEILL-1|22"]
    assert select(m3, f"OAORNO,OAORNR,OASTAT from OXHEAD where {both}", HDRS="1") == [
        "OAORNO|OAORNR|OASTAT",
        f"{temporary}|{number}|90",
        f"{left}||10",
    ]


def test_dates_and_lines_can_be_asked_for(m3):
    _, number = m3.order(CUOR="DATED-1")
    today = m3.row("GENERAL/GetServerTime")["DATE"]

    lines = select(
        m3, f"OBPONR,OBITNO,OBORQT,OBSAPR from OOLINE where OBORNO = '{number}' and OBLMDT >= {today}"
    )

    assert lines == ["1|TENT-2P|1|149.50"]
    assert select(m3, f"OAORNO from OOHEAD where OACUOR = 'DATED-1' and OALMDT > {today}") == []
    assert select(m3, "count(*) from OOHEAD where OACUOR = 'DATED-1'") == ["1"]
    assert select(m3, "OACONO,OADIVI,OACUOR from OOHEAD where OACUOR = 'DATED-1'") == ["100|AAA|DATED-1"]


def test_without_a_separator_columns_are_fixed_and_padding_fills_the_reply(m3):
    _, number = m3.order(CUOR="FLAT-1")
    query = "OAORNO,OACUOR,OAFACI from OOHEAD where OACUOR = 'FLAT-1'"

    assert m3.row("EXPORTMI/Select", QERY=query)["REPL"] == f"{number}{'FLAT-1':<20}A01"
    padded = m3.bulk("EXPORTMI", ("SelectPad", {"QERY": query, "SEPC": ";"}), rightTrim=False)
    assert len(padded["results"][0]["records"][0]["REPL"]) == 984


def test_the_reply_is_cut_at_maxrecs(m3):
    for _ in range(3):
        m3.order(CUOR="CUT")
    record = {"QERY": "OAORNO from OOHEAD where OACUOR = 'CUT'", "SEPC": "|", "HDRS": "1"}

    body = m3.bulk("EXPORTMI", ("Select", record), maxReturnedRecords=2)

    assert len(body["results"][0]["records"]) == 2
    assert body["results"][0]["records"][0] == {"REPL": "OAORNO"}


def test_a_query_of_another_form_is_refused(m3):
    for query in ("select OAORNO from OOHEAD", "OAORNO from OOHEAD where OACUOR = 'A' OR OACUOR = 'B'"):
        assert m3.refused("EXPORTMI/Select", QERY=query)[1] == "QERY"
    assert m3.refused("EXPORTMI/Select", QERY="A from NOSUCH") == ("WFI0103", "FILE")
    assert m3.refused("EXPORTMI/Select", QERY="OAORNO from OOHEAD", SEPC="#") == ("WSE0101", "SEPC")
    result = m3.result("EXPORTMI/Select", QERY="x" * 983)
    assert (result["errorType"], result["errorField"]) == ("InputFieldTooLong", "QERY")


def test_columns_of_a_table_are_told(m3):
    columns = {row["FLDN"]: row for row in m3.rows("EXPORTMI/LstFields", FILE="OOHEAD")}

    assert columns["OACUOR"]["FLTY"] == "A"
    assert columns["OALMDT"]["FLLE"] == "8"
    assert m3.refused("EXPORTMI/LstFields", FILE="NOSUCH") == ("WFI0103", "FILE")


def test_tables_of_goods_and_customers_can_be_read(m3):
    item = "ITNO = 'CARABINER'"
    m3.order(CUOR="STOCK-1")

    assert select(m3, f"MMITNO,MMSTAT,MMUNMS from MITMAS where MM{item}") == ["CARABINER|20|PCS"]
    assert select(m3, "LALNCD,LAFUDS from MITLAD where LAITNO = 'BOTTLE-1L' and LALNCD = 'DE'") == []
    assert select(m3, "LALNCD,LAFUDS from MITLAD where LAITNO = '10004711' and LALNCD = 'DE'") == [
        "DE|Flasche 1 l, grün"
    ]
    assert select(m3, f"MPPOPN from MITPOP where MP{item} and MPALWT = 2") == ["CARABINER"]
    assert select(m3, f"MUALUN,MUCOFA from MITAUN where MU{item} and MUAUTP = 1") == ["BOX|12"]
    (balance,) = select(m3, "MBSTQT,MBREQT,MBAVAL from MITBAL where MBITNO = 'TENT-2P' and MBWHLO = '001'")
    on_hand, reserved, allocatable = balance.split("|")
    assert int(reserved) > 0
    assert int(allocatable) == int(on_hand) - int(reserved)
    assert select(m3, f"ODSAPR from OPRBAS where OD{item} and ODPRRF = 'WEB' and ODCUCD = 'EUR'") == ["8.90"]
    assert select(m3, "count(*) from OPRICH where OJPRRF = 'WEB' and OJCUNO = ''") == ["2"]
    assert select(m3, "OKCUNO from OCUSMA where OKCUTP = 9 and OKBLCD = 0") == ["TPLB2C", "TPLB2B"]
    assert select(m3, "CTTX40 from CSYTAB where CTSTCO = 'MODL' and CTSTKY = 'POS'") == ["Parcel post"]


def test_deliveries_and_invoices_of_an_order_can_be_read(m3):
    _, number = m3.order(CUOR="EXP-FLOW")
    (delivery,) = m3.happen(f"orders/{number}/deliver")["deliveries"]
    (invoice,) = m3.happen(f"orders/{number}/invoice")["invoices"]

    def read(columns, table, where):
        query = f"{columns} from {table} where {where} = '{number}'"
        return [row["REPL"].split("|") for row in m3.rows("EXPORTMI/Select", QERY=query, SEPC="|")]

    assert read("UADLIX,UACUOR", "ODHEAD", "UAORNO") == [[str(delivery["dlix"]), "EXP-FLOW"]]
    ((shown, total),) = read("UHIVNO,UHIVAV", "OINVOH", "UHORNO")
    assert (shown, total) == (str(invoice["ivno"]), invoice["total"])
