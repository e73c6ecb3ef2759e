from __future__ import annotations

from typing import Any

import pytest


def order(m3, *lines: dict[str, str], **head: str) -> str:
    temporary = m3.head(**head)
    for record in lines or ({"ORQT": "3"}, {"ITNO": "MUG-TI", "ORQT": "2"}):
        m3.line(temporary, **record)
    return m3.row("OIS100MI/Confirm", ORNO=temporary)["ORNO"]


def states(m3, number: str) -> tuple[str, ...]:
    head = m3.row("OIS100MI/GetHead", ORNO=number)
    lines = m3.rows("OIS100MI/LstLine", ORNO=number)
    return (head["ORSL"], head["ORST"], *(line["ORST"] for line in lines))


def quantities(m3, number: str, position: str = "1") -> tuple[str, str, str]:
    line = m3.row("OIS100MI/GetLine", ORNO=number, PONR=position)
    return line["ALQT"], line["DLQT"], line["IVQT"]


def balance(m3, item: str = "TENT-2P", warehouse: str = "001") -> dict[str, Any]:
    row = m3.world.books.table("m3.balances")[f"{warehouse}/{item}"]
    return {field: int(row[field]) for field in ("STQT", "REQT", "ALQT")}


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[int, ...]:
    return tuple(after[field] - before[field] for field in before)


def test_an_order_is_allocated_picked_and_delivered(m3):
    before = balance(m3)
    number = order(m3)
    assert states(m3, number) == ("22", "22", "22", "22")
    assert changes(before, balance(m3)) == (0, 3, 0)

    m3.happen(f"orders/{number}/allocate")
    assert states(m3, number) == ("33", "33", "33", "33")
    assert quantities(m3, number) == ("3", "0", "0")
    assert changes(before, balance(m3)) == (0, 0, 3)

    m3.happen(f"orders/{number}/pick")
    assert states(m3, number) == ("44", "44", "44", "44")
    (picked,) = m3.rows("OIS100MI/LstDelLineByCO", ORNO=number, PONR="1")
    assert (picked["PGRS"], picked["TRQT"], picked["PLQT"]) == ("40", "3", "3")
    assert m3.row("MWS410MI/GetHead", DLIX=picked["DLIX"])["ETRN"] == ""
    assert m3.rows("MWS410MI/LstPackages", DLIX=picked["DLIX"]) == []

    life = m3.happen(f"orders/{number}/deliver")
    assert states(m3, number) == ("66", "66", "66", "66")
    assert quantities(m3, number) == ("0", "3", "0")
    assert changes(before, balance(m3)) == (-3, 0, 0)
    (delivery,) = life["deliveries"]
    assert str(delivery["dlix"]) == picked["DLIX"]
    assert [line["quantity"] for line in delivery["lines"]] == ["3", "2"]


def test_a_delivery_has_a_package_with_a_tracking_number(m3):
    number = order(m3, CUOR="B2C-DLIX")
    (delivery,) = m3.happen(f"orders/{number}/deliver")["deliveries"]

    head = m3.row("MWS410MI/GetHead", DLIX=str(delivery["dlix"]))
    (package,) = m3.rows("MWS410MI/LstPackages", DLIX=head["DLIX"])
    assert (head["PGRS"], head["RIDN"], head["CUOR"], head["NRUL"]) == ("90", number, "B2C-DLIX", "1")
    assert head["FWNO"]
    assert head["CONN"] != "0"
    assert head["ETRN"] == package["ETRN"] == delivery["etrn"]
    assert head["TRDT"] == m3.row("GENERAL/GetServerTime")["DATE"]
    assert len(package["SSCC"]) == 18
    assert m3.row("MWS410MI/GetPackage", SSCC=package["SSCC"])["PANR"] == package["PANR"]
    assert m3.row("MWS410MI/GetPackage", PANR=package["PANR"], DLIX=head["DLIX"])["SSCC"] == package["SSCC"]
    content = m3.rows("MWS410MI/LstPackageLine", DLIX=head["DLIX"], PDSO="1")
    assert [(row["RIDL"], row["ITNO"], row["DLQT"]) for row in content] == [
        ("1", "TENT-2P", "3"),
        ("2", "MUG-TI", "2"),
    ]
    assert len(m3.rows("MWS410MI/LstPackageLine", DLIX=head["DLIX"], PDSO="1", ITNO="MUG-TI")) == 1


def test_each_part_delivery_is_one_of_its_own(m3):
    number = order(m3)

    m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": "2"}]})
    assert states(m3, number) == ("22", "66", "26", "22")
    assert quantities(m3, number) == ("0", "2", "0")
    life = m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 2}]})
    assert (life["orsl"], life["orst"]) == ("22", "66")
    life = m3.happen(f"orders/{number}/deliver")

    assert states(m3, number) == ("66", "66", "66", "66")
    assert [
        [(line["ponr"], line["quantity"]) for line in delivery["lines"]] for delivery in life["deliveries"]
    ] == [[(1, "2")], [(2, "2")], [(1, "1")]]
    by_order = m3.rows("MWS411MI/LstDelLnByOrd", RORC="3", RIDN=number)
    assert [(row["RIDL"], row["TRQT"], row["PLQT"]) for row in by_order] == [
        ("1", "2", "0"),
        ("1", "1", "0"),
        ("2", "2", "0"),
    ]
    assert len(m3.rows("MWS411MI/LstDelLnByOrd", RIDN=number, RIDL="1", RIDX="0")) == 2
    assert m3.rows("MWS411MI/LstDelLnByOrd", RORC="1", RIDN=number) == []
    assert [row["TRQT"] for row in m3.rows("OIS100MI/LstDelLineByCO", ORNO=number, PONR="1")] == ["2", "1"]
    assert "nothing" in m3.cannot_happen(f"orders/{number}/deliver").lower()


def test_lines_of_two_warehouses_leave_in_two_deliveries(m3):
    number = order(m3, {"WHLO": "001"}, {"ITNO": "MUG-TI", "WHLO": "002"})

    life = m3.happen(f"orders/{number}/deliver")

    assert [delivery["whlo"] for delivery in life["deliveries"]] == ["001", "002"]
    assert len({delivery["etrn"] for delivery in life["deliveries"]}) == 2


def test_lines_of_a_delivery_can_be_listed_and_fetched(m3):
    number = order(m3)
    (delivery,) = m3.happen(f"orders/{number}/deliver")["deliveries"]
    dlix = str(delivery["dlix"])

    lines = m3.rows("MWS411MI/LstDeliveryLine", DLIX=dlix)
    key = {"DLIX": dlix, "RORC": "3", "RIDN": number, "RIDL": "2", "RIDX": "0"}
    line = m3.row("MWS411MI/GetDeliveryLine", **key)

    assert [row["ITNO"] for row in lines] == ["TENT-2P", "MUG-TI"]
    assert (line["TRQT"], line["WHLO"], line["ALUN"]) == ("2", "001", "PCS")
    assert m3.refused("MWS411MI/GetDeliveryLine", **{**key, "RIDL": "9"}) == ("WRL0103", "RIDL")
    assert m3.refused("MWS411MI/LstDeliveryLine", DLIX="9") == ("WDL0103", "DLIX")
    assert m3.refused("MWS410MI/GetHead") == ("WDL0102", "DLIX")
    assert m3.refused("MWS410MI/GetPackage", PANR="9") == ("WPK0103", "PANR")
    assert m3.refused("OIS100MI/LstDelLineByCO", ORNO=number, PONR="9") == ("WPO0103", "PONR")


def test_a_picking_list_is_reported_through_m3_once(m3):
    number = order(m3)
    (delivery,) = m3.happen(f"orders/{number}/pick")["deliveries"]
    record = {"DLIX": str(delivery["dlix"]), "PLSX": "1"}
    details = m3.rows("MWS422MI/LstPickDetail", **record)
    assert [(row["ITNO"], row["TRQT"], row["STAT"], row["PAQT"]) for row in details] == [
        ("TENT-2P", "3", "40", "0"),
        ("MUG-TI", "2", "40", "0"),
    ]

    m3.rows("MWS420MI/Confirm", **record)

    assert states(m3, number) == ("66", "66", "66", "66")
    assert m3.rows("MWS422MI/LstPickDetail", **record)[0]["PAQT"] == "3"
    assert m3.refused("MWS420MI/Confirm", **record) == ("WDL0105", "DLIX")
    assert m3.refused("MWS420MI/Confirm", **{**record, "PLSX": "2"}) == ("WPL0101", "PLSX")


def test_what_is_on_a_picking_list_and_what_is_not_leave_apart(m3):
    number = order(m3)
    m3.happen(f"orders/{number}/pick", {"lines": [{"ponr": 1, "quantity": 1}]})
    assert states(m3, number) == ("22", "44", "24", "22")

    life = m3.happen(f"orders/{number}/deliver")

    assert [len(delivery["lines"]) for delivery in life["deliveries"]] == [1, 2]
    assert (life["orsl"], life["orst"]) == ("66", "66")


def test_fractions_and_small_stocks_are_minded(m3):
    number = order(m3, {"ITNO": "ROPE-M", "ORQT": "2.5"}, {"ORQT": "1"})

    life = m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": "1.25"}]})
    assert life["lines"][0]["delivered"] == "1.25"
    assert "decimals" in m3.cannot_happen(
        f"orders/{number}/deliver", {"lines": [{"ponr": 2, "quantity": "0.5"}]}
    )
    for quantity in ("2", "0", "-1"):
        wrong = {"lines": [{"ponr": 2, "quantity": quantity}]}
        assert "left" in m3.cannot_happen(f"orders/{number}/deliver", wrong)
    stock = m3.world.books.table("m3.balances")
    row = stock["001/TENT-2P"]
    stock["001/TENT-2P"] = {**row, "STQT": "0"}
    assert "can be allocated" in m3.cannot_happen(f"orders/{number}/deliver")
    stock["001/TENT-2P"] = row
    assert m3.happen(f"orders/{number}/deliver")["orsl"] == "66"


@pytest.mark.parametrize(
    "body",
    [
        {"lines": []},
        {"lines": [{"ponr": 1}, {"ponr": 1}]},
        {"lines": [{"ponr": 9}]},
        {"lines": [{"ponr": "x"}]},
        {"lines": [{"ponr": 1, "quantity": "NaN"}]},
        {"lines": [{"ponr": 1, "quantity": "many"}]},
    ],
)
def test_a_delivery_that_makes_no_sense_does_nothing(m3, body):
    number = order(m3)

    m3.cannot_happen(f"orders/{number}/deliver", body)

    assert states(m3, number) == ("22", "22", "22", "22")


def test_a_stopped_order_does_not_move(m3):
    number = order(m3)

    assert m3.happen(f"orders/{number}/stop")["oblc"] == 1
    assert m3.row("OIS100MI/GetHead", ORNO=number)["OBLC"] == "1"
    for step in ("allocate", "pick", "deliver"):
        assert "stopped" in m3.cannot_happen(f"orders/{number}/{step}")
    m3.cannot_happen(f"orders/{number}/stop", {"code": 10})
    m3.happen(f"orders/{number}/stop", {"code": 0})
    assert m3.happen(f"orders/{number}/deliver")["orsl"] == "66"


def test_a_deleted_line_is_free_again_and_stays_to_be_seen(m3):
    before = balance(m3)
    number = order(m3)

    m3.rows("OIS100MI/DelLine", ORNO=number, PONR="1")

    assert states(m3, number) == ("22", "22", "90", "22")
    assert changes(before, balance(m3)) == (0, 0, 0)
    assert m3.refused("OIS100MI/DelLine", ORNO=number, PONR="1") == ("WPO0106", "PONR")
    assert m3.refused("OIS100MI/DelLine", ORNO=number, PONR="9") == ("WPO0103", "PONR")
    assert [row["PONR"] for row in m3.rows("OIS100MI/LstLine", ORNO=number, ORST="77")] == ["2"]
    m3.happen(f"orders/{number}/deliver")
    assert states(m3, number) == ("66", "66", "90", "66")


def test_an_order_is_deleted_only_while_nothing_of_it_is_picked(m3):
    before = balance(m3)
    number, picked = order(m3), order(m3)
    m3.happen(f"orders/{number}/allocate")
    m3.happen(f"orders/{picked}/pick", {"lines": [{"ponr": 2}]})

    m3.rows("OIS100MI/DelHead", ORNO=number)

    assert states(m3, number) == ("90", "90", "90", "90")
    assert m3.refused("OIS100MI/DelHead", ORNO=number) == ("WOR0106", "ORNO")
    assert m3.refused("OIS100MI/DelHead", ORNO=picked) == ("WPO0106", "PONR")
    assert states(m3, picked) == ("22", "44", "22", "44")
    assert changes(before, balance(m3)) == (0, 3, 0)
    assert m3.refused("OIS100MI/DelHead", ORNO="9") == ("WOR0103", "ORNO")


def test_a_closed_line_gives_up_what_is_left(m3):
    number = order(m3)
    m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": "1"}]})

    m3.rows("OIS100MI/CloLine", ORNO=number, PONR="1")
    m3.rows("OIS100MI/CloLine", ORNO=number, PONR="2")

    assert states(m3, number) == ("66", "66", "66", "99")
    assert m3.refused("OIS100MI/CloLine", ORNO=number, PONR="1") == ("WPO0106", "PONR")
    assert m3.refused("OIS100MI/CloLine", PONR="1") == ("WOR0102", "ORNO")
    assert "left" in m3.cannot_happen(f"orders/{number}/deliver")


def test_cancelling_deletes_what_is_untouched_and_closes_the_rest(m3):
    before = balance(m3)
    untouched, started = order(m3), order(m3)
    m3.happen(f"orders/{started}/deliver", {"lines": [{"ponr": 1, "quantity": "1"}]})

    assert m3.happen(f"orders/{untouched}/cancel")["orst"] == "90"
    assert m3.happen(f"orders/{started}/cancel", {"lines": [{"ponr": 1}]})["lines"][0]["status"] == "66"
    assert m3.happen(f"orders/{started}/cancel")["lines"][1]["status"] == "90"

    assert states(m3, started) == ("66", "66", "66", "90")
    assert changes(before, balance(m3)) == (-1, 0, 0)
    assert "left to cancel" in m3.cannot_happen(f"orders/{started}/cancel")


def test_an_order_that_does_not_exist_has_no_life(m3):
    number = order(m3)
    url = f"{m3.running.url}/sandbox/m3/orders"

    assert m3.http.get(f"{url}/{number.lstrip('0')}").json()["orno"] == number
    assert m3.http.get(f"{url}/9").status_code == 400
    assert "does not exist" in m3.cannot_happen("orders/9/deliver")
    assert m3.http.post(f"{url}/{number}/burn").status_code == 404


def test_a_line_in_boxes_leaves_the_warehouse_in_pieces(m3):
    before = balance(m3, "CARABINER")
    number = order(m3, {"ITNO": "CARABINER", "ORQT": "2", "ALUN": "BOX"})

    (delivery,) = m3.happen(f"orders/{number}/deliver", {"lines": [{"ponr": 1, "quantity": 1}]})["deliveries"]

    (line,) = m3.rows("MWS411MI/LstDeliveryLine", DLIX=str(delivery["dlix"]))
    assert (line["TRQT"], line["TRQA"], line["ALUN"]) == ("12", "1", "BOX")
    assert changes(before, balance(m3, "CARABINER")) == (-12, 12, 0)
    m3.rows("OIS100MI/CloLine", ORNO=number, PONR="1")
    assert changes(before, balance(m3, "CARABINER")) == (-12, 0, 0)


def test_a_picking_list_waits_while_the_goods_are_not_there(m3):
    number = order(m3)
    (delivery,) = m3.happen(f"orders/{number}/pick")["deliveries"]
    record = {"DLIX": str(delivery["dlix"]), "PLSX": "1"}
    stock = m3.world.books.table("m3.balances")
    row = stock["001/TENT-2P"]

    stock["001/TENT-2P"] = {**row, "STQT": "2"}
    assert m3.refused("MWS420MI/Confirm", **record) == ("WSQ0101", "STQT")
    assert states(m3, number) == ("44", "44", "44", "44")
    stock["001/TENT-2P"] = row
    m3.rows("MWS420MI/Confirm", **record)
    assert states(m3, number) == ("66", "66", "66", "66")
