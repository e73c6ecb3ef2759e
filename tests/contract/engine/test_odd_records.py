"""Records that cannot be read again, are handed over by halves, or have nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from m3nop.core.records import RecordState
from tests.contract.engine.test_feeds import CUSTOMERS_BACK, GUESTS, VISITS, add, attribute, rename
from tests.contract.engine.test_making_equal import NAMES, TEXTS, notes, refund
from tests.contract.engine.test_run import GUEST

if TYPE_CHECKING:
    from tests.contract.engine.bench import Bench

LINK = "link: {shop: order.id, m3: steps.post.id}\n"


@pytest.mark.parametrize(
    ("record", "key"),
    [("order.billing_address.email", "order.billing_address.email"), ("{email: ''}", "order.billing_address.email"), ("order.items", "order.id")],
)  # fmt: skip
def test_a_record_that_is_handed_over_by_halves_stops_no_other(bench: Bench, record: str, key: str) -> None:
    add(bench, "guests", GUESTS)
    text = VISITS.replace("key: order.billing_address.email", f"key: {key}")
    add(bench, "visits", text.replace("record: order.billing_address", f'record: "{record}"'))
    order = bench.place(guest=GUEST)
    bench.run("visits", "orders")
    assert bench.record(order, "visits").state in (RecordState.DEAD, RecordState.BLOCKED)
    assert bench.record(order).state is RecordState.DONE


def test_a_record_on_which_nothing_moved_has_no_link(bench: Bench) -> None:
    add(bench, "texts", TEXTS + LINK)
    order = bench.place(guest=GUEST)
    bench.run("texts")
    assert bench.record(order, "texts").state is RecordState.DONE
    assert bench.state.link("texts", str(order)) is None
    refund(bench, order, "10.00")
    bench.clock.wait(900)
    bench.run("texts")
    link = bench.state.link("texts", str(order))
    assert link is not None
    assert notes(bench, order) == ["refund 10 number 1"]


def test_what_the_commit_answered_can_be_remembered(bench: Bench) -> None:
    add(
        bench,
        "texts",
        TEXTS.replace(
            "order.refunded_amount}\nprobes", "order.refunded_amount, note: steps.post.id}\nprobes"
        ),
    )
    order = bench.place(guest=GUEST)
    bench.run("texts")
    refund(bench, order, "10.00")
    bench.clock.wait(900)
    bench.run("texts")
    made = next(
        row for row in bench.rows("shop.order_notes", order_id=order) if row["note"].startswith("refund")
    )
    assert str((bench.record(order, "texts").remembered or {})["note"]) == str(made["id"])


@pytest.mark.parametrize(("before", "after"), [("0150", "150"), ("1E3", "1000"), ("Nan", "Nan")])
def test_texts_that_look_like_numbers_are_compared_as_texts(bench: Bench, before: str, after: str) -> None:
    rename(bench, "W9999", before)
    customers = bench.world.books.table("shop.customers")
    customers["1"] = {**customers["1"], "first_name": after}
    add(bench, "names", NAMES)
    sent = bench.sent("CRS610MI/ChgBasicData")
    bench.run("names")
    assert bench.rows("m3.customers", CUNO="W9999")[0]["CUNM"] == after
    assert bench.sent("CRS610MI/ChgBasicData") - sent == (0 if before == after else 1)


@pytest.mark.parametrize("at", [None, 3])
def test_a_movement_that_a_restored_state_does_not_know_is_not_entered_again(
    bench: Bench, at: int | None
) -> None:
    add(bench, "texts", TEXTS)
    order = bench.place(guest=GUEST)
    bench.run("texts")
    backup = bench.folder.parent / "backup.db"
    bench.state.backup(backup)
    refund(bench, order, "10.00")
    bench.clock.wait(900)
    bench.run("texts")
    bench.lose_state(backup)
    bench.run("texts")
    assert notes(bench, order) == ["refund 10 number 1"]
    assert (bench.record(order, "texts").remembered or {})["refunded"] == 10


def test_plan_shows_rows_that_have_changed_and_writes_nothing(bench: Bench) -> None:
    add(bench, "customers_back", CUSTOMERS_BACK)
    bench.run("customers_back")
    bench.clock.wait(60)
    rename(bench, "W9999", "Web visitors")
    before = bench.record("W9999", "customers_back")
    planned = {one.key: one for one in bench.plan("customers_back")}
    assert planned["W9999"].acts
    assert bench.record("W9999", "customers_back") == before
    assert attribute(bench, 1, "M3-W9999") == "Web guests"


def test_plan_leaves_out_what_is_skipped(bench: Bench) -> None:
    add(bench, "texts", TEXTS)
    bench.place(guest=GUEST)
    assert [one.acts for one in bench.plan("texts") if one.state is RecordState.READY] == []


def test_a_row_that_was_refused_can_be_tried_again(bench: Bench) -> None:
    text = CUSTOMERS_BACK.replace(
        "steps:\n", "checks: [{condition: listed.CUNM != 'Web guests', message: nobody}]\nsteps:\n", 1
    )
    add(bench, "customers_back", text)
    bench.run("customers_back")
    assert bench.record("W9999", "customers_back").state is RecordState.DEAD
    add(bench, "customers_back", CUSTOMERS_BACK)
    bench.retry("W9999", pipeline="customers_back")
    bench.clock.wait(3600)
    bench.run("customers_back")
    assert bench.record("W9999", "customers_back").state is RecordState.DONE
    assert attribute(bench, 1, "M3-W9999") == "Web guests"
