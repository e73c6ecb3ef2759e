"""Pipelines that are no documents entered in steps: plain writes, keyed creations, calls that nothing settles."""

from __future__ import annotations

from typing import Any

import pytest

from m3nop.core.clock import DAY
from m3nop.core.errors import PausedError
from m3nop.core.records import RecordState
from m3nop.engine.ports import Job
from tests.contract.engine.bench import SETTLE, Bench
from tests.contract.engine.test_run import GUEST

NOTES = """
pipeline: notes
source: {{read: shop/orders, as: order, quiet: 0s, recheck: {{every: 15m}}}}
key: order.id
on_change: steps
{vars}steps:
  - id: note
    call: shop/{operation}
    fields: {{order_id: order.id, {fields}}}
{more}"""
ATTRIBUTE = "store_id: order.store_id, key: {value: K}, value: %s"
COUNTED = """\"concat(order.order_status, ' ', vars.count)\""""
COUNT = 'vars: {count: "add(default(remembered.count, `0`), `1`)"}\n'


def notes(
    bench: Bench, *, operation: str = "orders/attribute", fields: str = ATTRIBUTE % "order.order_status",
    more: str = "", vars_: str = "",
) -> None:  # fmt: skip
    """Add a pipeline that writes something to each order of the shop."""
    bench.write(
        "pipelines/notes.yaml", NOTES.format(operation=operation, fields=fields, more=more, vars=vars_)
    )
    bench.load()


def counted(bench: Bench) -> None:
    notes(bench, fields=ATTRIBUTE % COUNTED, more="remember: {count: vars.count}\n", vars_=COUNT)


def attribute(bench: Bench, order: int) -> str | None:
    found = [row["value"] for row in bench.rows("shop.generic_attributes", entity_id=order, key="K")]
    return found[0] if found else None


def test_a_pipeline_without_a_commit_and_a_link_delivers_and_remembers(bench: Bench) -> None:
    counted(bench)
    order = bench.place(guest=GUEST)
    bench.run("notes")

    record = bench.record(order, "notes")
    assert record.state is RecordState.DONE
    assert record.remembered == {"count": 1}
    assert attribute(bench, order) == "processing 1"
    assert bench.state.link("notes", str(order)) is None


def test_what_is_remembered_is_there_the_next_time(bench: Bench) -> None:
    counted(bench)
    order = bench.place(guest=GUEST)
    bench.run("notes")
    bench.change(order, order_status=30)
    bench.clock.wait(900)
    bench.run("notes")

    assert attribute(bench, order) == "complete 2"
    assert bench.record(order, "notes").remembered == {"count": 2}
    assert len(bench.state.attempts(bench.record(order, "notes").id)) == 2


def test_something_to_remember_that_cannot_be_worked_out_is_a_dead_letter_and_stops_nobody(
    bench: Bench,
) -> None:
    notes(bench, more='remember: {share: "divide(`1`, subtract(order.items[0].quantity, `1`))"}\n')
    broken = bench.place(guest=GUEST)
    fine = bench.place(guest=GUEST, lines=[{"sku": "MUG-TI", "quantity": 3}])
    bench.run("notes")

    assert bench.record(broken, "notes").state is RecordState.DEAD
    assert "cannot divide" in bench.record(broken, "notes").reason
    assert bench.record(fine, "notes").state is RecordState.DONE


def test_a_link_without_both_sides_is_not_remembered(bench: Bench) -> None:
    notes(bench, more="link: {shop: order.id, m3: order.vat_number}\n")
    order = bench.place(guest=GUEST)
    taxed = bench.place(guest=GUEST, vat_number="SE1")
    bench.run("notes")

    assert bench.record(order, "notes").state is RecordState.DONE
    assert bench.state.link("notes", str(order)) is None
    assert bench.state.link("notes", str(taxed)).m3 == "SE1"


def test_an_absolute_write_without_an_answer_is_made_again(bench: Bench) -> None:
    notes(bench)
    order = bench.place(guest=GUEST)
    bench.fault("reset_after", "*GenericAttribute*", system="shop")
    bench.run("notes", keys=(str(order),))

    assert bench.record(order, "notes").state is RecordState.DONE
    assert [str(call.state) for call in bench.calls(order, "notes")] == ["absent", "done"]


def test_a_call_that_nothing_settles_is_made_once_and_left_to_a_person(bench: Bench) -> None:
    notes(bench, operation="orders/note", fields="note: {value: hello}", more="    in_doubt: review\n")
    order = bench.place(guest=GUEST)
    bench.fault("reset_after", "*OrderNote*", system="shop")
    bench.run("notes", keys=(str(order),))
    bench.clock.wait(SETTLE + 1)
    bench.run("notes", keys=(str(order),))

    record = bench.record(order, "notes")
    assert record.state is RecordState.REVIEW
    assert "nothing can tell whether it took effect" in record.reason
    assert len([row for row in bench.rows("shop.order_notes", order_id=order) if row["note"] == "hello"]) == 1


# -- a customer's number is its key


def without_probe(bench: Bench) -> None:
    text = bench.read("pipelines/customers.yaml").replace("    probe: customer_by_number\n", "")
    start, end = text.index("probes:\n"), text.index("link: {shop")
    bench.write("pipelines/customers.yaml", text[:start] + text[end:])
    bench.load()


def test_without_a_probe_a_creation_that_was_lost_is_repeated_and_its_refusal_means_done(
    bench: Bench,
) -> None:
    without_probe(bench)
    order = bench.place(customer_id=6)
    bench.fault("reset_after", "CRS610MI/Add")
    bench.run()

    assert bench.record(6, "customers").state is RecordState.DONE
    assert bench.sent("CRS610MI/Add") == 2
    assert bench.record(order).state is RecordState.DONE


def test_without_a_probe_what_exists_already_is_never_taken_for_ours(bench: Bench) -> None:
    without_probe(bench)
    customers = bench.world.books.table("m3.customers")
    customers["W0000006"] = {**customers["W0000001"], "CUNO": "W0000006"}
    bench.place(customer_id=6)
    bench.run()

    assert bench.record(6, "customers").state is RecordState.DEAD
    assert "it exists already, and was not made by this record" in bench.record(6, "customers").reason


# -- stores, windows, sweeps of other pipelines


def only_b2c(bench: Bench) -> dict[str, Job]:
    jobs = bench.jobs("orders")
    return {name: Job(name, {"b2c": job.by_store["b2c"]}, {1: "b2c"}) for name, job in jobs.items()}


def test_what_is_ready_and_of_a_store_that_is_not_served_any_more_waits_for_it(bench: Bench) -> None:
    order = bench.place(store_id=2, customer_id=11)
    bench.run(limit=0)
    assert bench.record(order).state is RecordState.READY
    bench.run(jobs=only_b2c(bench))
    assert (bench.record(order).state, bench.record(order).reason) == (
        RecordState.WAITING,
        "store b2b is not served",
    )

    bench.clock.wait(DAY // 1_000_000)
    bench.run()
    assert bench.record(order).state is RecordState.DONE
    assert bench.judge(order, store="B2B").missing == ()


def test_sweeps_of_pipelines_that_do_not_run_are_left_for_later(bench: Bench) -> None:
    bench.place(guest=GUEST)
    bench.fault("reset_after", "OIS100MI/AddBatchHead")
    bench.run()
    bench.clock.wait(SETTLE + 1)
    notes(bench)
    seen = bench.sent("EXPORTMI/Select")
    bench.run("notes")
    assert bench.sent("EXPORTMI/Select") == seen

    bench.run()
    assert bench.sent("EXPORTMI/Select") > seen


def test_in_a_maintenance_window_nothing_is_begun(bench: Bench) -> None:
    bench.place(guest=GUEST)
    bench.closed = lambda _now: "erp is closed for backup until 05:00"
    with pytest.raises(PausedError, match="nothing was sent, run again later") as refused:
        bench.run()

    assert refused.value.exit_code == 7
    assert bench.state.runs() == []
    assert not bench.world.requests


def test_a_maintenance_window_that_begins_meanwhile_lets_what_is_under_way_finish(
    bench: Bench, monkeypatch: Any
) -> None:
    monkeypatch.setattr("m3nop.engine.claims.CLAIM", 2)
    monkeypatch.setattr("m3nop.engine.delivery.CLAIM", 2)
    orders = [bench.place(guest=GUEST) for _ in range(5)]
    begun: list[str] = []

    def look(request: Any) -> None:
        begun.extend(name for name in request.operations if name == "OIS100MI/AddBatchHead")

    bench.world.on_request.append(look)
    bench.closed = lambda _now: "erp is closed for backup until 05:00" if begun else ""
    with pytest.raises(PausedError, match="the rest is kept, run again later"):
        bench.run()

    assert sorted(bench.states().values()) == ["done", "done", "ready", "ready", "ready"]
    bench.closed = None
    bench.run()
    assert bench.judge(*orders).missing == ()
