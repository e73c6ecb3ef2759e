"""The sandbox and both systems by hand: what a user of the tutorial does, with and without a running sandbox."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from m3nop.app.control import Control
from m3nop.core import json
from m3nop.core.errors import AccessError
from tests.end_to_end.shops import PLAIN, make


@pytest.fixture
def shop(tmp_path):
    return make(tmp_path)


@contextmanager
def running(folder, *arguments):
    """Run ``m3nop sandbox --json`` in the foreground of another process; yield it and what it prints."""
    child = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "m3nop", "sandbox", "--json", *arguments], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **PLAIN},
    )  # fmt: skip
    printed = ""
    try:
        while not printed.endswith("}\n"):
            line = child.stdout.readline()
            assert line, child.stderr.read()
            printed += line
        yield child, json.loads(printed)
    finally:
        child.kill()
        child.communicate(timeout=30)


def entered(shop, number, *, store="B2C"):
    return shop.read("sandbox", "books", "m3.orders", "--where", f"CUOR={store}-{number}")


# -- the story of the tutorial


def test_an_order_paid_three_days_later_is_entered_once(shop):
    assert shop.run("sync", "orders").code == 0
    order = shop.read("sandbox", "order", "--sku", "TENT-2P", "--quantity", "2", "--pending")
    assert (order["payment_status"], order["lines"][0]["quantity"]) == ("pending", 2)
    assert shop.run("sync", "orders").code == 0
    assert entered(shop, order["id"]) == []
    before = shop.read("sandbox", "advance", "0s")["instant"]
    after = shop.read("sandbox", "advance", "3d")["instant"]
    assert after - before >= 3 * 86_400 * 1_000_000
    assert shop.read("sandbox", "pay", str(order["id"]))["payment_status"] == "paid"
    assert shop.run("sync", "orders").code == 0
    assert shop.run("sync", "orders").code == 0
    assert len(entered(shop, order["id"])) == 1


def test_a_sandbox_in_another_terminal_is_the_one_that_commands_act_on(shop):
    with running(shop.folder) as (child, access):
        order = shop.read("sandbox", "order", "--guest", "--store", "2")
        control = Control(access["url"])
        assert [row["id"] for row in control.get("books/shop.orders")][-1] == order["id"]
        assert shop.run("sync", "orders").code == 0
        assert [row for row in control.get("books/m3.orders") if row["CUOR"] == f"B2B-{order['id']}"]
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=30)
        assert (child.returncode, output) == (0, "")
        assert "its books stay" in errors
    assert len(entered(shop, order["id"], store="B2B")) == 1


def test_another_project_is_pointed_at_it_by_what_it_prints(shop, tmp_path):
    with running(shop.folder) as (_, access):
        (tmp_path / "elsewhere").mkdir()
        other = make(tmp_path / "elsewhere", "--with", "qa")
        other.change("https://qa.shop.example.com", access["shop_url"])
        other.change("username: m3nop,", f"username: {access['shop_user']},")
        other.change("# start: {customers: 2026-12-01", "start: {customers: 2020-12-01")
        other.change(" orders: 2026-12-01", " orders: 2020-12-01")
        secrets = {
            "M3NOP_SECRET_M3_IONAPI_QA_FILE": access["ionapi_file"], "SHOP_PASSWORD_QA": access["shop_password"],
        }  # fmt: skip
        synced = other.run("sync", "orders", "--env", "qa", "--key", "1004", **secrets)
        assert synced.code == 0, synced.err
        assert len(entered(shop, 1004)) == 1


def test_only_one_sandbox_has_the_books(shop):
    with running(shop.folder) as (_, access):
        second = shop.run("sandbox")
        assert second.code == 5
        assert access["url"] in second.err


def test_a_port_that_is_taken_is_refused(shop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = shop.run("sandbox", "--port", str(port))
    assert refused.code == 2
    assert f"port {port} cannot be used" in refused.err


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(shop):
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert shop.run("sync", "orders", "--limit", "1", **proxy).code == 0
    with running(shop.folder):
        assert shop.run("sandbox", "books", **proxy).code == 0


def test_a_sandbox_needs_no_project(tmp_path):
    shop = make(tmp_path)
    shop.folder = tmp_path
    assert shop.read("sandbox", "--folder", "books", "order")["id"] == 1014
    assert shop.read("sandbox", "order", "--folder", "books")["id"] == 1015
    assert shop.read("sandbox", "order")["id"] == 1014
    assert (tmp_path / ".m3nop" / "sandbox" / "books.db").exists()
    assert shop.run("sandbox", "order", "--project", "nowhere").code == 2


# -- acting in it


def test_lines_of_an_order_go_with_their_quantities_and_prices(shop):
    order = shop.read(
        "sandbox", "order", "--sku", "TENT-2P", "--quantity", "2", "--price", "100", "--sku", "MUG-TI", "--quantity",
        "1", "--price", "20.50", "--coupon", "WELCOME10",
    )  # fmt: skip
    assert [(line["quantity"], line["price"]) for line in order["lines"]] == [
        (2, 200),
        (1, json.loads("20.5")),
    ]
    alone = shop.run("sandbox", "order", "--sku", "TENT-2P", "--sku", "MUG-TI", "--quantity", "1")
    assert (alone.code, "one --quantity for each --sku" in alone.err) == (2, True)
    two = shop.run("sandbox", "order", "--guest", "--customer", "5")
    assert two.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["order", "--sku", "NOTHING"], "sells nothing under the SKU 'NOTHING'"),
        (["order", "--customer", "4711"], "no customer 4711"),
        (["pay", "4711"], "4711"),
        (["advance", "soon"], "a duration is written as"),
        (["books", "m3.nothing"], "m3.nothing"),
        (["books", "m3.orders", "--where", "CUOR"], "FIELD=TEXT"),
        (["fault", "earthquake"], "unknown fault kind 'earthquake'"),
    ],
)
def test_what_cannot_be_done_is_said(shop, arguments, said):
    refused = shop.run("sandbox", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_books_are_shown_by_table_row_and_column(shop):
    counts = shop.read("sandbox", "books")
    assert (counts["m3.orders"], counts["shop.orders"]) == (0, 13)
    rows = shop.read(
        "sandbox", "books", "shop.orders", "--where", "id=1004", "--column", "id", "--column", "store_id"
    )
    assert rows == [{"id": 1004, "store_id": 1}]
    assert len(shop.read("sandbox", "books", "shop.orders", "--limit", "2")) == 2
    plain = shop.run("sandbox", "books", "shop.stores", "--column", "id", "--column", "name").out.splitlines()
    assert plain == ["id  name", "1   Fjällräv Friluft", "2   Fjällräv Proffs"]
    assert json.loads(shop.run("sandbox", "books", "shop.stores").out.splitlines()[0])["id"] == 1
    assert "shop.orders" in shop.run("sandbox", "books").out


def test_what_shoppers_and_staff_cannot_do_is_said(shop):
    with running(shop.folder):
        for words, said in (
            ("refund 1003", "order 1003 cannot be refunded"),
            ("register erika@example.com", "has an account already"),
            ("edit-customer 5", "name at least one thing to change"),
            ("edit-product TENT-2P --warehouse 1", "--warehouse goes with --stock"),
            ("edit-product LAMP-OLD --price 1", "several products have the SKU 'LAMP-OLD'"),
            ("edit-product NOTHING --price 1", "no product has the SKU 'NOTHING'"),
        ):
            refused = shop.run("sandbox", *words.split())
            assert (refused.code, refused.out) == (2, "")
            assert said in refused.err


def test_money_is_given_back_and_orders_are_cancelled(shop):
    assert shop.read("sandbox", "refund", "1001", "--amount", "10")["payment_status"] == "partially refunded"
    assert "249.0200 of 249.0200 EUR are given back" in shop.run("sandbox", "refund", "1001").out
    assert shop.read("sandbox", "cancel", "1003")["order_status"] == "cancelled"
    assert "order 1002 is cancelled" in shop.run("sandbox", "cancel", "1002").out


def test_customers_register_and_are_edited(shop):
    made = shop.read(
        "sandbox", "register", "zoe@example.com", "--first-name", "Zoë", "--city", "Umeå", "--country", "SE",
        "--role", "Wholesale", "--store", "2",
    )  # fmt: skip
    assert (made["email"], made["registered_in_store_id"]) == ("zoe@example.com", 2)
    number = str(made["id"])
    edited = shop.read("sandbox", "edit-customer", number, "--company", "Zoë AB", "--street", "Gata 1")
    assert edited["company"] == "Zoë AB"
    assert (
        f"customer {number} of store 2: Zoë"
        in shop.run("sandbox", "edit-customer", number, "--phone", "1").out
    )
    (row,) = shop.read("sandbox", "books", "shop.customers", "--where", "email=zoe@example.com")
    (address,) = shop.read("sandbox", "books", "shop.addresses", "--where", f"id={row['billing_address_id']}")
    assert (address["city"], address["address1"]) == ("Umeå", "Gata 1")


def test_a_product_is_edited_by_its_sku_and_its_stock_where_it_is_counted(shop):
    product = shop.read(
        "sandbox", "edit-product", "TENT-2P", "--price", "155.50", "--stock", "3", "--unpublish"
    )
    assert (product["price"], product["stock_quantity"], product["published"]) == (155.5, 3, False)
    assert (
        "is changed: warehouses"
        in shop.run("sandbox", "edit-product", "MAT-AIR", "--stock", "7", "--warehouse", "2").out
    )
    shop.run("sandbox", "edit-product", "BOOT-43", "--stock", "2")
    (variant,) = shop.read("sandbox", "books", "shop.combinations", "--where", "sku=BOOT-43")
    assert variant["stock_quantity"] == 2
    rows = shop.read("sandbox", "books", "shop.inventories", "--where", "stock_quantity=7")
    assert [row["warehouse_id"] for row in rows] == [2]


def test_a_fault_strikes_and_is_removed(shop):
    said = shop.run(
        "sandbox", "fault", "reset_after", "--system", "m3", "--operation", "OIS100MI/AddBatchHead"
    )
    assert (said.code, "fault f1 is set" in said.out) == (0, True)
    assert shop.run("sync", "orders").code == 0
    (fault,) = shop.read("sandbox", "faults")
    assert (fault["operation"], fault["fired"]) == ("OIS100MI/AddBatchHead", 1)
    assert "reset_after" in shop.run("sandbox", "faults").out
    assert shop.read("sandbox", "faults", "--clear") == []
    assert "no faults are set" in shop.run("sandbox", "faults").err
    assert "reset_after" in shop.read("sandbox", "faults", "--kinds")
    assert "the connection is reset" in shop.run("sandbox", "faults", "--kinds").out
    forever = shop.read("sandbox", "fault", "status", "--status", "503", "--times", "0")
    assert forever == {"id": "f2"}


def test_a_reset_begins_both_systems_and_the_state_again(shop):
    assert shop.run("sync", "orders").code == 0
    shop.run("sandbox", "order")
    shop.run("sandbox", "advance", "2d")
    with running(shop.folder):
        assert shop.read("sandbox", "reset")["forgotten"] == ["sandbox"]
        counts = shop.read("sandbox", "books")
        assert (counts["m3.orders"], counts["shop.orders"]) == (0, 13)
    assert shop.run("sync", "orders").code == 0
    assert shop.read("sandbox", "books")["m3.orders"] == 10
    again = shop.run("sandbox", "reset")
    assert "the state of environment sandbox is forgotten" in again.out
    assert shop.read("sandbox", "order")["id"] == 1014


def test_a_sandbox_that_does_not_answer_is_named():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    with pytest.raises(AccessError, match="does not answer"):
        Control(url).get("health")


# -- each system by hand


def test_m3_tells_its_programs_transactions_and_fields(shop):
    assert shop.read("m3", "programs")["OIS100MI"] == "Customer order interface"
    assert "OIS100MI" in shop.run("m3", "programs").out
    assert shop.read("m3", "describe", "OIS100MI/Confirm")["inputs"][0]["name"] == "ORNO"
    assert "ORNO" in shop.run("m3", "describe", "OIS100MI/Confirm").out
    assert "AddBatchHead" in shop.run("m3", "describe", "OIS100MI").out
    unknown = shop.run("m3", "describe", "OIS100MI/Confrim")
    assert (unknown.code, "did you mean 'Confirm'" in unknown.err) == (2, True)
    assert shop.run("m3", "describe", "XXX999MI").code == 3


def test_a_reading_transaction_is_called_at_once(shop):
    (customer,) = shop.read("m3", "call", "CRS610MI/GetBasicData", "CUNO=W9999")
    assert customer["CUNM"] == "Web guests"
    assert "CUNM = Web guests" in shop.run("m3", "call", "CRS610MI/GetBasicData", "CUNO=W9999").out
    listed = shop.run("m3", "call", "CRS610MI/LstByNumber").out.splitlines()
    assert len(listed) == len(shop.read("sandbox", "books", "m3.customers"))
    assert shop.read("m3", "call", "CRS610MI/GetBasicData", "CUNO=NOBODY") == []


def test_an_acting_transaction_wants_to_be_meant(shop):
    order = ("m3", "call", "OIS100MI/AddBatchHead", "CUNO=W9999", "ORTP=W01", "FACI=A01")
    refused = shop.run(*order)
    assert (refused.code, "call it again with --yes" in refused.err) == (2, True)
    assert shop.read("sandbox", "books")["m3.batch_orders"] == 0
    (made,) = shop.read(*order, "--yes")
    assert shop.read("sandbox", "books")["m3.batch_orders"] == 1
    assert shop.read("m3", "call", "OIS100MI/DelBatchHead", f"ORNO={made['ORNO']}", "--yes") == []
    wrong = shop.run("m3", "call", "OIS100MI/AddBatchHead", "CUNO=NOBODY", "--yes")
    assert wrong.code == 1
    assert "Customer number NOBODY does not exist" in wrong.err


def test_in_production_the_environments_name_is_typed(shop):
    shop.change("environments:\n  sandbox:", "environments:\n  prod:")
    order = (
        "m3",
        "call",
        "OIS100MI/AddBatchHead",
        "CUNO=W9999",
        "ORTP=W01",
        "FACI=A01",
        "--yes",
        "--env",
        "prod",
    )
    for more in ((), ("--confirm", "yes")):
        refused = shop.run(*order, *more)
        assert (refused.code, "--confirm prod" in refused.err) == (2, True)
    assert shop.read("sandbox", "books")["m3.batch_orders"] == 0
    assert shop.run(*order, "--confirm", "prod").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["CRS610MI/GetBasicData", "CUN=1"], 2, "did you mean 'CUNO'"),
        (["CRS610MI/GetBasicData", "CUNO"], 2, "FIELD=VALUE"),
        (["CRS610MI/GetBasicData"], 2, "needs CUNO"),
        (["CRS610MI"], 2, "PROGRAM/Transaction"),
        (["table:OOHEAD"], 2, "PROGRAM/Transaction"),
        (["EXT999MI/Get"], 1, "EXT999MI is not found"),
        (["CRS610MI/GetBasicData", "CUNO=1", "--connection", "ero"], 2, "did you mean 'erp'"),
    ],
)
def test_a_call_that_cannot_be_made_is_explained(shop, arguments, code, said):
    ended = shop.run("m3", "call", *arguments)
    assert said in ended.err
    assert ended.code == code


def test_a_call_whose_answer_is_lost_says_that_nobody_knows(shop):
    shop.run("sandbox", "fault", "reset_after", "--operation", "OIS100MI/AddBatchHead")
    order = ("m3", "call", "OIS100MI/AddBatchHead", "CUNO=W9999", "ORTP=W01", "FACI=A01", "--yes")
    lost = shop.run(*order)
    assert lost.code == 4
    assert "nobody knows whether M3 did it" in lost.err
    shop.run("sandbox", "fault", "status", "--status", "401", "--times", "0", "--operation", "CRS610MI/*")
    assert shop.run("m3", "call", "CRS610MI/GetBasicData", "CUNO=W9999").code == 4


def test_a_snapshot_is_of_the_programs_that_the_pipelines_use(shop):
    written = shop.run("m3", "snapshot")
    assert [line.rpartition(os.sep)[2] for line in written.out.splitlines()] == [
        "CRS610MI.json", "GENERAL.json", "GLS840MI.json", "MMS015MI.json", "MMS025MI.json", "MMS060MI.json",
        "MMS200MI.json", "MWS410MI.json", "MWS411MI.json", "OIS017MI.json", "OIS100MI.json", "OIS275MI.json", "OIS320MI.json",
        "OIS350MI.json",
    ]  # fmt: skip
    checked = shop.run("validate")
    assert (checked.code, "not checked" in checked.err) == (0, False)
    shop.change("CUOR: reference", "CUOX: reference", file="pipelines/orders.yaml")
    assert "did you mean 'CUOR'" in shop.run("validate").out
    shop.change("CUOX: reference", "CUOR: reference", file="pipelines/orders.yaml")
    assert [path.rpartition(os.sep)[2] for path in shop.read("m3", "snapshot", "CRS045MI")] == [
        "CRS045MI.json"
    ]
    assert shop.run("sync", "orders").code == 0


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_records_of_the_shop_are_read(tmp_path, dialect):
    shop = make(tmp_path, "--dialect", dialect)
    assert [record["id"] for record in shop.read("nop", "get", "orders", "--limit", "2")] == [1013, 1012]
    assert shop.read("nop", "get", "orders", "1004")["payment_status"] == "paid"
    assert "Fjällräv Friluft" in shop.run("nop", "get", "stores").out
    table = shop.run("nop", "get", "orders", "--limit", "1").out.splitlines()
    assert table[0].split()[:2] == ["id", "store_id"]
    for resource in ("customers", "products", "countries"):
        assert shop.run("nop", "get", resource, "--limit", "3").code == 0


def test_what_the_shop_does_not_have_is_said(shop):
    gone = shop.run("nop", "get", "orders", "4711")
    assert (gone.code, "no orders 4711" in gone.err) == (2, True)
    assert shop.run("nop", "get", "invoices").code == 2


def test_an_order_in_m3_is_picked_delivered_invoiced_and_closed(shop):
    order = shop.read("sandbox", "order", "--sku", "TENT-2P", "--quantity", "3")
    assert shop.run("sync", "orders", "--key", str(order["id"])).code == 0
    (head,) = entered(shop, order["id"])
    number = head["ORNO"]

    assert shop.read("sandbox", "pick", number, "--line", "1=1")["orst"] == "44"
    delivered = shop.read("sandbox", "deliver", number, "--line", "1=1")
    assert (delivered["orsl"], delivered["orst"]) == ("22", "66")
    assert shop.read("sandbox", "invoice", number)["lines"][0]["invoiced"] == "1"
    assert shop.read("sandbox", "stop", number, "--code", "2")["oblc"] == 2
    told = shop.run("sandbox", "life", number)
    assert "stopped with code 2" in told.out
    assert "on a picking list" in told.out
    assert "tracking number RR" in told.out
    assert "left to pay" in told.out
    stopped = shop.run("sandbox", "deliver", number)
    assert (stopped.code, "is stopped" in stopped.err) == (2, True)
    assert shop.read("sandbox", "stop", number, "--code", "0")["oblc"] == 0
    assert shop.read("sandbox", "deliver", number)["orsl"] == "66"
    assert shop.run("sandbox", "delete", number).code == 2


def test_an_order_in_m3_is_deleted_while_nothing_of_it_has_left(shop):
    order = shop.read("sandbox", "order", "--sku", "TENT-2P")
    assert shop.run("sync", "orders", "--key", str(order["id"])).code == 0
    number = entered(shop, order["id"])[0]["ORNO"]

    assert shop.read("sandbox", "delete", number, "--line", "1")["orst"] == "90"
    wrong = shop.run("sandbox", "deliver", number, "--line", "one")
    assert (wrong.code, "no line" in wrong.err) == (2, True)
    assert shop.run("sandbox", "life", "4711").code == 2


def test_a_period_of_the_ledger_is_closed_and_opened(shop):
    assert shop.read("sandbox", "period", "202601") == {"closed": ["202601"]}
    assert shop.run("sandbox", "period", "202601", "--open").out == "closed periods: none\n"
    assert shop.run("sandbox", "period", "January").code == 2
