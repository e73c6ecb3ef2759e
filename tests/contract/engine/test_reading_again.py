"""Rows that come twice, change in what they do not show, or are wanted again; lists whose clock goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.clock import HOUR
from m3nop.core.errors import AccessError, SourceError
from m3nop.core.records import RecordState
from tests.contract.engine.test_feeds import CUSTOMERS_BACK, add, attribute, rename

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

BY_DATE = """
pipeline: dated
source:
  read: erp/MMS200MI/LstItmByChgDate
  as: listed
  fields: {FLMD: watermark}
  watermark: {by: LMDT}
  full: {read: erp/CRS610MI/LstByNumber}
key: coalesce(listed.CUNO, listed.ITNO)
steps:
  - id: note
    call: shop/customers/attribute
    fields: {customer_id: "`1`", store_id: "`0`", key: "concat('I-', coalesce(listed.CUNO, listed.ITNO))", value: {value: seen}}
"""
STOCK = """
pipeline: stocks
source:
  read: erp/OIS100MI/LstNewBalances
  as: held
  fields: {LMTS: watermark}
  watermark: {server_clock: LMTS}
  distinct: held.ITNO
  filter: held.WHLO == '001'
key: held.ITNO
steps:
  - id: note
    call: shop/customers/attribute
    fields: {customer_id: "`1`", store_id: "`0`", key: "concat('H-', held.ITNO)", value: "concat(held.WHLO, ' ', to_string(attempt.number))"}
"""
ITEM = "LAMP-HEAD"


def touch(bench: Bench, table: str, key: str, **columns: object) -> None:
    """Change a row of M3's books, with the stamp of this moment."""
    rows = bench.world.books.table(table)
    rows[key] = {**rows[key], **columns, "LMTS": bench.clock.now() // 1000}


def only_one_item(bench: Bench, *warehouses: str) -> None:
    rows = bench.world.books.table("m3.balances")
    for key in list(rows):
        if key.partition("/")[2] != ITEM or key.partition("/")[0] not in warehouses:
            del rows[key]


def test_a_change_in_what_the_list_does_not_show_is_a_change(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    for _ in range(2):
        bench.run("customers_back")
        bench.clock.wait(3600)
    touch(bench, "m3.customers", "W9999", CUNM="Web guests", BLCD="1")
    bench.clock.wait(60)
    assert bench.run("customers_back").counts.get("done") == 1


def test_a_filter_that_an_analyst_widens_takes_up_what_is_read_again(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK.replace("listed.STAT == '20'", "listed.CUNO == 'W9999'"))
    bench.run("customers_back")
    assert bench.record("W9001", "customers_back").state is RecordState.IGNORED
    add(bench, "customers_back", CUSTOMERS_BACK)
    bench.clock.wait(3600)
    bench.run("customers_back", full=True)
    assert bench.record("W9001", "customers_back").state is RecordState.DONE


@pytest.mark.parametrize("order", [("001", "002"), ("002", "001")])
def test_a_row_that_is_not_wanted_says_nothing_of_one_that_is(bench: Bench, order: tuple[str, str]) -> None:
    only_one_item(bench, "001", "002")
    add(bench, "stocks", STOCK)
    for warehouse in order:
        bench.clock.wait(1)
        touch(bench, "m3.balances", f"{warehouse}/{ITEM}")
    bench.run("stocks")
    assert attribute(bench, 1, f"H-{ITEM}") == "001 1"
    bench.clock.wait(60)
    for warehouse in order:
        bench.clock.wait(1)
        touch(bench, "m3.balances", f"{warehouse}/{ITEM}")
    bench.run("stocks")
    assert attribute(bench, 1, f"H-{ITEM}") == "001 2"
    bench.clock.wait(60)
    touch(bench, "m3.balances", f"002/{ITEM}")
    bench.run("stocks")
    assert bench.record(ITEM, "stocks").state is RecordState.DONE


def test_a_clock_that_is_set_back_loses_no_change(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    bench.clock.instant += 3 * HOUR
    bench.run("customers_back")
    bench.clock.instant -= 3 * HOUR
    rename(bench, "W9999", "Changed after the clock was set")
    bench.clock.wait(1800)
    bench.run("customers_back")
    bench.run("customers_back")
    assert attribute(bench, 1, "M3-W9999") == "Changed after the clock was set"


def test_a_list_of_everything_without_dates_is_not_read_at_every_run(bench: Bench) -> None:
    add(bench, "dated", BY_DATE)
    bench.run("dated")
    bench.clock.wait(600)
    bench.run("dated")
    assert bench.sent("CRS610MI/LstByNumber") == 1
    assert bench.sent("MMS200MI/LstItmByChgDate") == 1


def test_what_a_watermark_is_kept_by_can_be_changed(bench: Bench) -> None:
    dates = BY_DATE.replace("  full: {read: erp/CRS610MI/LstByNumber}\n", "").replace("listed.CUNO, ", "")
    dates = dates.replace("{by: LMDT}", "{by: LMDT, overlap: 1d}")
    stamps = dates.replace("LstItmByChgDate", "SelItem").replace("FLMD:", "LMTS:")
    stamps = stamps.replace("{by: LMDT, overlap: 1d}", "{server_clock: LMTS}")
    for text in (stamps, dates, stamps):
        add(bench, "dated", text)
        assert bench.run("dated").read > 0
        bench.clock.wait(60)


def test_a_pipeline_whose_list_cannot_be_read_does_nothing_while_others_go_on(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    add(bench, "stocks", STOCK)
    bench.fault("status", "*SaveAttribute*", system="shop", status=401, times=50)
    with pytest.raises(AccessError):
        bench.run("customers_back")
    bench.world.faults.clear()
    assert "ready" in bench.states("customers_back").values()
    ready = bench.states("customers_back")

    bench.fault("status", "CRS610MI/LstByNumber", system="m3", status=404, times=20)
    summary = bench.run("customers_back", "stocks")
    assert isinstance(summary.error, AccessError | SourceError)
    assert bench.states("customers_back") == ready
    assert set(bench.states("stocks").values()) == {"done"}
