"""Records that are rows of a reading operation, links of another pipeline, or handed over by another record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.clock import DAY, MINUTE
from m3nop.core.connector import Call
from m3nop.core.records import RecordState
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

CUSTOMERS_BACK = """
pipeline: customers_back
source:
  read: erp/CRS610MI/LstByNumber
  as: listed
  fields: {LMTS: watermark}
  watermark: {server_clock: LMTS, overlap: 5m}
  filter: listed.STAT == '20'
key: listed.CUNO
steps:
  - id: basics
    read: erp/CRS610MI/GetBasicData
    fields: {CUNO: listed.CUNO}
    outputs: [CUNO, CUNM]
  - id: note
    call: shop/customers/attribute
    fields:
      customer_id: "`1`"
      store_id: "`0`"
      key: concat('M3-', listed.CUNO)
      value: steps.basics.CUNM
"""
FOLLOWED = """
pipeline: followed
source: {links: orders, as: linked, recheck: {every: 15m, until: steps.head.NTAM > `100`}}
key: linked.key
steps:
  - {id: head, read: erp/OIS100MI/GetHead, fields: {ORNO: linked.m3}, outputs: [ORNO, ORSL, NTAM]}
  - id: note
    call: shop/orders/attribute
    fields:
      {order_id: linked.shop, store_id: "`0`", key: {value: Seen}, value: "concat(steps.head.ORNO, ' ', steps.head.ORSL)"}
"""
GUESTS = """
pipeline: guests
source: {given: visits, as: guest}
key: guest.email
steps:
  - id: create
    call: erp/CRS610MI/Add
    fields:
      {CUTM: settings.template_customer, CUNO: "concat('G', substr(sha256(guest.email), `0`, `7`))", CUNM: guest.first_name, CUA1: guest.address1, YREF: {value: guest}}
    outputs: [CUNO]
    probe: by_number
probes:
  by_number:
    read: erp/CRS610MI/GetBasicData
    fields: {CUNO: steps.create.fields.CUNO}
    outputs: [CUNO]
    proves_absence: true
link: {shop: guest.email, m3: steps.create.CUNO}
"""
VISITS = """
pipeline: visits
source: {read: shop/orders, as: order, quiet: 0s, watermark: {by: id}}
key: order.id
steps:
  - {id: guest, requires: {pipeline: guests, key: order.billing_address.email, record: order.billing_address}}
  - id: note
    call: shop/orders/attribute
    fields: {order_id: order.id, store_id: "`0`", key: {value: Guest}, value: steps.guest.m3}
"""


def add(bench: Bench, name: str, text: str) -> None:
    bench.write(f"pipelines/{name}.yaml", text)
    bench.load()


def attribute(bench: Bench, entity: int, key: str) -> str | None:
    found = [row["value"] for row in bench.rows("shop.generic_attributes", entity_id=entity, key=key)]
    return found[0] if found else None


def rename(bench: Bench, number: str, name: str) -> None:
    """Change a customer in M3's own panels."""
    operation = bench.project.catalogs["erp"].operation("CRS610MI/ChgBasicData")
    call = Call("0", operation, {"CUNO": number, "CUNM": name})
    answer = bench.connection("erp").send([call])[0]
    assert answer.failure is None, answer.failure


def test_rows_of_a_reading_operation_are_records_and_only_what_changed_is_worked_on_again(
    bench: Bench,
) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    first = bench.run("customers_back")
    assert bench.record("W9999", "customers_back").state is RecordState.DONE
    assert bench.record("W9002", "customers_back").state is RecordState.IGNORED
    assert attribute(bench, 1, "M3-W9999") == "Web guests"
    assert first.counts["done"] > 2

    # Within the overlap everything is worked on once more: it may have changed in what the list does not show.
    bench.clock.wait(3600)
    bench.run("customers_back")
    bench.clock.wait(3600)
    again = bench.run("customers_back")
    assert again.counts.get("done", 0) == 0

    rename(bench, "W9999", "Web visitors")
    bench.clock.wait(60)
    changed = bench.run("customers_back")
    assert changed.counts["done"] == 1
    assert attribute(bench, 1, "M3-W9999") == "Web visitors"


def test_everything_is_read_again_when_it_is_asked_for(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    first = bench.run("customers_back")
    bench.clock.wait(3600)
    full = bench.run("customers_back", full=True)
    assert full.counts["done"] == first.counts["done"]


def test_a_row_that_changes_again_wakes_a_record_that_was_refused(bench: Bench) -> None:
    add(
        bench,
        "customers_back",
        CUSTOMERS_BACK.replace(
            "steps:\n", "checks: [{condition: listed.CUNM != 'Nobody', message: nobody}]\nsteps:\n", 1
        ),
    )
    rename(bench, "W9999", "Nobody")
    bench.run("customers_back")
    assert bench.record("W9999", "customers_back").state is RecordState.DEAD

    bench.clock.wait(60)
    rename(bench, "W9999", "Somebody")
    bench.clock.wait(60)
    bench.run("customers_back")
    assert bench.record("W9999", "customers_back").state is RecordState.DONE
    assert bench.state.dead_letters(pipeline="customers_back") == []


def test_a_run_that_dies_anywhere_is_taken_up_where_it_was(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    for at in range(1, 60):
        if not bench.die(at, "customers_back").dead:
            break
    bench.run("customers_back", linger=600.0)
    assert set(bench.states("customers_back").values()) == {"done"}
    assert attribute(bench, 1, "M3-W9999") == "Web guests"


def test_what_only_reads_and_finds_nothing_to_do_leaves_no_line_in_the_call_log(bench: Bench) -> None:
    add(
        bench,
        "customers_back",
        CUSTOMERS_BACK.replace("  - id: note\n", "  - id: note\n    when: steps.basics.CUNM == 'x'\n"),
    )
    bench.run("customers_back")
    record = bench.record("W9999", "customers_back")
    assert (record.state, record.attempt_id) == (RecordState.DONE, None)
    assert bench.calls("W9999", "customers_back") == []


def test_links_of_another_pipeline_are_followed_until_they_are_finished(bench: Bench) -> None:
    add(bench, "followed", FOLLOWED)
    small, large = (
        bench.place(guest=GUEST),
        bench.place(guest=GUEST, lines=({"sku": "TENT-2P", "quantity": 2},)),
    )
    bench.run("orders")
    bench.run("followed")
    assert set(bench.states("followed")) == {str(small), str(large)}
    assert (attribute(bench, small, "Seen") or "").endswith("22")
    assert bench.record(small, "followed").not_before == bench.clock.now() + 15 * MINUTE
    assert bench.record(large, "followed").not_before is None

    asked = bench.sent("OIS100MI/GetHead")
    bench.clock.wait(15 * 60)
    bench.run("followed")
    assert bench.sent("OIS100MI/GetHead") == asked + 1


def test_an_order_that_was_entered_later_is_followed_too(bench: Bench) -> None:
    add(bench, "followed", FOLLOWED)
    bench.run("followed")
    order = bench.place(guest=GUEST)
    bench.run("orders")
    bench.run("followed")
    assert str(order) in bench.states("followed")


def test_a_record_is_handed_over_by_the_one_that_requires_it_and_made_once(bench: Bench) -> None:
    add(bench, "guests", GUESTS)
    add(bench, "visits", VISITS)
    orders = [bench.place(guest=GUEST), bench.place(guest=GUEST)]
    bench.run("visits")
    assert {bench.record(order, "visits").state for order in orders} == {RecordState.DONE}
    made = [row for row in bench.rows("m3.customers", YREF="guest") if row["CUNM"] == GUEST["first_name"]]
    assert len(made) == 1
    assert attribute(bench, orders[0], "Guest") == attribute(bench, orders[1], "Guest") == made[0]["CUNO"]


def test_a_guest_is_made_once_wherever_the_run_dies(bench: Bench) -> None:
    add(bench, "guests", GUESTS)
    add(bench, "visits", VISITS)
    orders = [bench.place(guest=GUEST), bench.place(guest=GUEST)]
    for at in range(1, 60):
        if not bench.die(at, "visits").dead:
            break
    bench.clock.wait(DAY // 1_000_000)
    bench.run("visits", linger=600.0)
    assert {bench.record(order, "visits").state for order in orders} == {RecordState.DONE}
    assert (
        len([row for row in bench.rows("m3.customers", YREF="guest") if row["CUNM"] == GUEST["first_name"]])
        == 1
    )
