"""`m3nop reconcile customers` and `payments` on a shop and an M3 that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.app.reconcile.findings import Fix, Kind
from m3nop.sandbox import shop
from tests.end_to_end.conftest import MakeProject, place, rows
from tests.end_to_end.reconciling import Reconciler

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


def change(world: World, table: str, key: str, **changes: Any) -> None:
    with world.books.change():
        books = world.books.table(table)
        books[key] = {**books[key], **changes}


def test_customers_are_equal_then_one_is_deleted_and_one_is_blocked_in_m3(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    place(world)
    place(world, customer_id=6)
    assert project.run("sync", "orders").code in (0, 1)
    reconciler = Reconciler(project)
    clean = reconciler.compare("customers")
    linked = [row for row in rows(world, "m3.customers") if str(row.get("YREF", "")).startswith("b2c-")]
    assert len(linked) == 2
    assert [one for one in clean if one.kind is not Kind.MISSING] == []

    with world.books.change():
        del world.books.table("m3.customers")[linked[0]["CUNO"]]
    change(world, "m3.customers", linked[1]["CUNO"], STAT="90")
    found = {one.kind: one for one in reconciler.compare("customers", start=1) if one.m3}

    assert set(found) == {Kind.GONE, Kind.BLOCKED}
    assert found[Kind.GONE].m3 == (linked[0]["CUNO"],)
    assert "has status 90 in M3" in found[Kind.BLOCKED].message
    assert found[Kind.BLOCKED].fix is Fix.DECIDE


def test_what_was_paid_is_unposted_until_a_run_and_then_its_voucher_is_missed_when_it_is_gone(
    make_project: MakeProject, world: World
) -> None:
    project = make_project(change=lambda text: text.replace("post_gl: false", "post_gl: true"))
    order = place(world)
    reconciler = Reconciler(project)
    before = {one.key: one for one in reconciler.compare("payments")}
    assert before[str(order)].kind is Kind.UNPOSTED
    assert before[str(order)].details[0].startswith("captured: ")
    synced = project.run("sync", "payments")
    assert synced.code in (0, 1), synced.err
    world.settle()
    assert [one for one in reconciler.compare("payments") if one.key == str(order)] == []

    table = world.books.table("m3.ledger")
    with world.books.change():
        for key in [key for key, row in table.items() if f"B2C-{order} " in str(row.get("VTXT"))]:
            del table[key]
    found = [one for one in reconciler.compare("payments") if one.key == str(order)]

    assert [one.kind for one in found] == [Kind.VOUCHER]
    assert found[0].fix is Fix.DECIDE
    shop.change_order(world, order, {"refund": "5.00"})
    again = {one.kind for one in reconciler.compare("payments") if one.key == str(order)}
    assert again == {Kind.VOUCHER, Kind.UNPOSTED}
