from __future__ import annotations

import tracemalloc

import pytest


def post(m3, path: str, body):
    return m3.http.post(f"{m3.running.url}/sandbox/{path}", json=body)


def done(m3, path: str, body):
    answer = post(m3, path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def error(m3, path: str, body) -> str:
    answer = post(m3, path, body)
    assert answer.status_code in {400, 404}, answer.text
    return answer.json()["error"]


@pytest.fixture
def since(m3) -> str:
    m3.world.clock.advance(2)
    return m3.row("GENERAL/GetServerTime")["LMTS"]


def test_an_item_is_changed(m3, since):
    done(m3, "m3/items/CAP-WOOL", {"STAT": "90", "SAPR": "25.00", "SALE": 0, "names": {"DE": "Wollmütze"}})

    (row,) = m3.rows("MMS200MI/SelItem", LMTS=since)
    assert (row["ITNO"], row["STAT"], row["SAPR"]) == ("CAP-WOOL", "90", "25.00")
    assert m3.row("MMS200MI/GetItmBasic", ITNO="CAP-WOOL", LNCD="DE")["FUDS"] == "Wollmütze"
    done(m3, "m3/items/CAP-WOOL", {"STAT": "20", "names": {"DE": "Wollmütze, grau"}})
    assert m3.row("MMS200MI/GetItmBasic", ITNO="CAP-WOOL", LNCD="DE")["FUDS"] == "Wollmütze, grau"


def test_a_new_item_is_kept_in_every_warehouse(m3, since):
    done(m3, "m3/items/TENT-NEW", {"FUDS": "Nytt tält", "ITDS": "Nytt tält", "SAPR": "300"})

    assert [row["ITNO"] for row in m3.rows("MMS200MI/SelItem", LMTS=since)] == ["TENT-NEW"]
    balances = m3.http.get(f"{m3.running.url}/sandbox/m3/stock/TENT-NEW").json()
    assert [(row["WHLO"], row["AV01"]) for row in balances] == [("001", "0"), ("002", "0")]


def test_stock_is_counted(m3, since):
    done(m3, "m3/stock", {"itno": "BOOT-42", "whlo": "002", "quantity": 7})
    rows = [{"itno": name, "whlo": "001", "quantity": "3"} for name in ("BOOT-43", "BOOT-44")]
    assert [row["AV01"] for row in done(m3, "m3/stock", rows)] == ["3", "3"]

    changed = m3.rows("OIS100MI/LstNewBalances", LMTS=since)
    assert {(row["WHLO"], row["ITNO"], row["AV01"]) for row in changed} == {
        ("002", "BOOT-42", "7"),
        ("001", "BOOT-43", "3"),
        ("001", "BOOT-44", "3"),
    }


def test_a_price_changes(m3, since):
    done(m3, "m3/prices", {"itno": "GLOVE-M", "price": "26.00"})
    done(m3, "m3/prices", {"itno": "GLOVE-M", "price": "20", "quantity": 10, "cuno": "W9999"})

    rows = m3.rows("OIS320MI/LstNewPrices", LMTS=since)
    assert [(row["CUNO"], row["QTYL"], row["SAPR"]) for row in rows] == [
        ("", "0", "26.00"),
        ("W9999", "10", "20.00"),
    ]


def test_a_customer_is_changed(m3, since):
    done(m3, "m3/customers/W0000001", {"PHNO": "+358 1", "TEPY": "014"})

    (row,) = m3.rows("CRS610MI/LstByNumber", LMTS=since)
    assert (row["CUNO"], row["PHNO"], row["TEPY"]) == ("W0000001", "+358 1", "014")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("m3/items/TENT-2P", {"COLOUR": "red"}, "COLOUR is not a column of an item"),
        ("m3/items/TENT-2P", {"STAT": 90}, "STAT must be a text, not 90"),
        ("m3/items/TENT-2P", {"SALE": "yes"}, "SALE must be a whole number, not 'yes'"),
        ("m3/items/TENT-2P", {"SAPR": "-1"}, "Sales price -1 is not valid"),
        ("m3/items/TENT-2P", {"names": {"XX": "x"}}, "Language XX does not exist"),
        ("m3/stock", {"itno": "NOPE", "whlo": "001", "quantity": 1}, "Item number NOPE does not exist"),
        ("m3/stock", {"itno": "TENT-2P", "whlo": "001", "quantity": "many"}, "'many' is no quantity"),
        ("m3/stock", {"itno": "TENT-2P", "whlo": "001"}, "not found or missing: 'quantity'"),
        ("m3/prices", {"itno": "NOPE", "price": "1"}, "Item number NOPE does not exist"),
        ("m3/prices", {"itno": "TENT-2P", "price": "1", "prrf": "NO"}, "Price list NO in EUR does not exist"),
        ("m3/prices", {"itno": "TENT-2P", "price": "1", "cuno": "W0"}, "Customer number W0 does not exist"),
        ("m3/customers/W0", {"PHNO": "1"}, "Customer number W0 does not exist"),
        ("m3/customers/W9999", {"CUNO": "W1"}, "CUNO is not a column of a customer"),
        ("m3/customers/W9999", {"PHNO": 1}, "PHNO must be a text"),
        ("m3/bulk", {"items": 0}, "items must be from 1 to 500000, and on_hand not below 0"),
    ],
)
def test_what_cannot_happen_says_why_and_changes_nothing(m3, since, path, body, said):
    assert said in error(m3, path, body)
    assert m3.rows("MMS200MI/SelItem", LMTS=since) == []
    assert m3.rows("OIS100MI/LstNewBalances", LMTS=since) == []


def test_a_list_of_counts_is_taken_as_a_whole_or_not_at_all(m3, since):
    rows = [{"itno": name, "whlo": "001", "quantity": "3"} for name in ("BOOT-43", "NOPE")]

    assert error(m3, "m3/stock", rows) == "Item number NOPE does not exist"
    assert m3.rows("OIS100MI/LstNewBalances", LMTS=since) == []


def test_many_items_are_made_at_once_and_read_in_pages_of_little_memory(m3):
    m3.world.books.table("m3.options")["features"] = {"position_key": True}
    made = done(m3, "m3/bulk", {"items": 2000, "on_hand": 5})
    assert done(m3, "m3/bulk", {"items": 500})["balances"] == made["balances"] + 500
    found, position = 0, "0"
    tracemalloc.start()
    while position is not None:
        query = {"FWHL": "001", "TWHL": "001", "maxrecs": "500", "returncols": "ITNO,AV01"}
        answer = m3.get("MMS080MI/LstItemWarehous", headers={"positionkey": position}, **query)
        (result,) = answer.json()["results"]
        found += sum(row["ITNO"].startswith("BULK-") for row in result["records"])
        position = result.get("positionKey")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == 2500
    assert peak < 30_000_000
    assert m3.row("MMS200MI/GetItmWhsBal", WHLO="001", ITNO="BULK-002000")["AV01"] == "5"
    assert m3.row("OIS320MI/GetPriceLine", CUNO="W9999", ITNO="BULK-002500")["SAPR"] == "1.90"
