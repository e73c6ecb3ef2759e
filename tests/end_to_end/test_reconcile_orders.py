"""`m3nop reconcile orders` on a shop and an M3 that differ in every way that it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from m3nop.app.reconcile.findings import Difference, Fix, Kind
from m3nop.core.clock import HOUR, SystemClock
from m3nop.core.errors import AccessError, UsageError
from m3nop.sandbox import shop
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import MakeProject, Project, place, rows
from tests.end_to_end.reconciling import Reconciler

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


@dataclass
class Day:
    """A project whose two orders are in M3."""

    project: Project
    world: World
    orders: list[int]

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(self.project)

    def sync(self, *names: str) -> None:
        ended = self.project.run("sync", *(names or ("orders",)))
        assert ended.code in (0, 1), ended.err

    def head(self, order: int) -> dict[str, object]:
        return next(row for row in rows(self.world, "m3.orders") if row["CUOR"] == f"B2C-{order}")

    def change(self, table: str, key: str, **changes: object) -> None:
        books = self.world.books.table(table)
        with self.world.books.change():
            books[key] = {**books[key], **changes}


@pytest.fixture
def day(make_project: MakeProject, world: World) -> Day:
    """Two orders, delivered."""
    project = make_project()
    made = Day(project, world, [place(world), place(world)])
    made.sync()
    return made


def only(found: list[Difference]) -> Difference:
    (one,) = found
    return one


def test_a_clean_day_has_no_difference_and_both_sides_were_read(day: Day) -> None:
    reconciler = day.reconciler

    assert reconciler.compare("orders") == []
    compared = reconciler.found[0].tally.compared
    assert compared["orders in the shop"] >= 2
    assert compared["orders in M3"] == compared["orders in the shop"]
    assert reconciler.found[0].tally.notes == []


def test_an_order_that_a_run_has_not_seen_is_missing_and_the_next_run_enters_it(day: Day) -> None:
    late = place(day.world)

    found = only(day.reconciler.compare("orders"))

    assert (found.kind, found.key, found.state, found.fix) == (
        Kind.MISSING,
        str(late),
        "never read",
        Fix.SYNC,
    )
    assert found.remedy == "m3nop sync orders reads it"
    day.sync()
    assert day.reconciler.compare("orders") == []


def test_an_order_that_is_not_paid_is_no_difference(day: Day) -> None:
    place(day.world, payment_status="pending")
    day.sync()

    assert day.reconciler.compare("orders") == []


def test_what_m3_refused_and_what_a_person_has_to_decide_say_so_and_a_fix_retries_the_refused(
    day: Day,
) -> None:
    refused = place(day.world, lines=[{"sku": UNKNOWN_SKU, "quantity": 1}])
    decided = place(day.world, coupon="WELCOME10")
    day.sync()

    reconciler = day.reconciler
    by_key = {one.key: one for one in reconciler.compare("orders")}

    assert {key: (one.kind, one.state, one.fix) for key, one in by_key.items()} == {
        str(refused): (Kind.MISSING, "dead", Fix.RETRY),
        str(decided): (Kind.MISSING, "review", Fix.DECIDE),
    }
    assert f"m3nop dead-letters retry orders/{refused}" in by_key[str(refused)].remedy
    assert f"m3nop reviews show orders/{decided}" in by_key[str(decided)].remedy
    assert reconciler.apply() == 1
    assert {one.state for one in reconciler.compare("orders")} == {"ready", "review"}


def test_an_order_that_somebody_entered_by_hand_once_more_is_doubled(day: Day) -> None:
    first = day.head(day.orders[0])
    day.world.books.table("m3.orders")
    with day.world.books.change():
        day.world.books.table("m3.orders")["0000999999"] = {**first, "ORNO": "0000999999"}

    found = only(day.reconciler.compare("orders"))

    assert (found.kind, found.fix) == (Kind.DUPLICATED, Fix.DECIDE)
    assert set(found.m3) == {first["ORNO"], "0000999999"}
    assert "OIS300" in found.remedy


def test_quantities_prices_and_charges_that_were_changed_in_m3_are_named(day: Day) -> None:
    number = day.head(day.orders[0])["ORNO"]
    line = next(row for row in rows(day.world, "m3.order_lines") if row["ORNO"] == number)
    day.change("m3.order_lines", f"{number}/{int(line['PONR']):05}", ORQT="7", NLAM="999.00")

    found = {one.kind: one for one in day.reconciler.compare("orders")}

    assert set(found) == {Kind.LINES, Kind.AMOUNT}
    assert found[Kind.LINES].details == ("line 1 LAMP-HEAD: ORQT 1 in the shop, 7 in M3",)
    assert found[Kind.AMOUNT].details[0].startswith("goods: ")
    assert found[Kind.AMOUNT].details[0].endswith("in M3")


def test_a_temporary_order_that_does_not_become_real_is_stuck(day: Day) -> None:
    head = day.head(day.orders[0])
    batch = next(row for row in rows(day.world, "m3.batch_orders") if row["CUOR"] == head["CUOR"])
    with day.world.books.change():
        table = day.world.books.table("m3.batch_orders")
        table["0009999999"] = {**batch, "ORNO": "0009999999", "ORNR": "", "STAT": "20"}

    assert day.reconciler.compare("orders", stuck_after=3600.0) == []
    found = only(day.reconciler.compare("orders", stuck_after=0.0))

    assert (found.kind, found.m3) == (Kind.STUCK, ("0009999999",))
    assert "status 20 (OIS275)" in found.message


def test_an_order_of_ours_that_the_shop_does_not_know_is_found_from_m3(day: Day) -> None:
    first = day.head(day.orders[0])
    with day.world.books.change():
        table = day.world.books.table("m3.orders")
        table["0000888888"] = {**first, "ORNO": "0000888888", "CUOR": "B2C-777777"}
        table["0000888889"] = {**first, "ORNO": "0000888889", "CUOR": "PHONE-1"}

    found = only(day.reconciler.compare("orders"))

    assert (found.kind, found.key, found.m3) == (Kind.UNKNOWN, "777777", ("0000888888",))
    assert "B2C-777777" in found.message


def test_an_order_that_is_cancelled_on_one_side_only_differs(day: Day) -> None:
    shop.change_order(day.world, day.orders[0], {"order_status": "cancelled"})
    number = day.head(day.orders[1])["ORNO"]
    day.change("m3.orders", str(number), ORSL="90", ORST="90")

    found = {one.key: one for one in day.reconciler.compare("orders")}

    assert {one.kind for one in found.values()} == {Kind.STATUS}
    assert "cancelled in the shop" in found[str(day.orders[0])].message
    assert "deleted or closed in M3" in found[str(day.orders[1])].message


def test_a_deleted_order_that_we_entered_is_missing(day: Day) -> None:
    number = str(day.head(day.orders[0])["ORNO"])
    with day.world.books.change():
        del day.world.books.table("m3.orders")[number]

    found = only(day.reconciler.compare("orders"))

    assert (found.kind, found.state, found.fix) == (Kind.MISSING, "done", Fix.DECIDE)
    assert f"m3nop trace orders/{day.orders[0]}" in found.remedy


def test_a_window_without_orders_and_a_store_without_any_have_no_difference(day: Day) -> None:
    place(day.world)
    long_ago = SystemClock().now() - 900 * 24 * HOUR

    assert day.reconciler.compare("orders", start=long_ago, end=long_ago + HOUR) == []
    assert day.reconciler.compare("orders", stores=("b2b",)) == []


def test_without_any_state_everything_that_should_be_in_m3_is_missing(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    order = place(world)

    found = Reconciler(project).compare("orders", stores=("b2c",))

    assert str(order) in {one.key for one in found}
    assert {(one.kind, one.state) for one in found} == {(Kind.MISSING, "never read")}
    assert not project.state_file.exists()


def test_where_tables_may_not_be_read_lists_are_used_and_what_is_left_out_is_said(
    make_project: MakeProject, world: World
) -> None:
    project = make_project(
        change=lambda text: text.replace("rate_limit: null", "rate_limit: null, table_reads: false").replace(
            "guest_customer: W9999", "guest_customer: null"
        )
    )
    order = place(world)
    assert project.run("sync", "orders").code in (0, 1)
    reconciler = Reconciler(project)
    number = next(row["ORNO"] for row in rows(world, "m3.orders") if row["CUOR"] == f"B2C-{order}")
    key = f"{number}/00001"
    with world.books.change():
        table = world.books.table("m3.order_lines")
        table[key] = {**table[key], "ORQT": "3"}

    found = [one for one in reconciler.compare("orders", stores=("b2c",)) if one.key == str(order)]

    assert [one.kind for one in found] == [Kind.LINES]
    (note,) = reconciler.found[0].tally.notes
    assert "table_reads: false" in note


def test_more_orders_than_one_answer_holds_are_read_part_by_part(
    make_project: MakeProject, world: World
) -> None:
    project = make_project(
        change=lambda text: text.replace("rate_limit: null", "rate_limit: null, page_size: 10")
    )
    placed = [place(world) for _ in range(12)]
    assert project.run("sync", "orders").code in (0, 1)
    head = next(row for row in rows(world, "m3.orders") if row["CUOR"] == f"B2C-{placed[0]}")
    with world.books.change():
        table = world.books.table("m3.orders")
        table["0000888888"] = {**head, "ORNO": "0000888888", "CUOR": "B2C-777777"}
        for number, order in enumerate(list(table)):
            table[order] = {**table[order], "RGTM": 90000 + number}
    reconciler = Reconciler(project)

    found = only(reconciler.compare("orders"))

    assert (found.kind, found.key) == (Kind.UNKNOWN, "777777")
    assert reconciler.found[0].tally.compared["M3 orders of that time"] >= 13


def test_m3_that_is_away_ends_with_an_error_of_access(day: Day) -> None:
    day.world.faults.add(Fault(kind="status", system="m3", operation="EXPORTMI/*", status=503))

    with pytest.raises(AccessError):
        day.reconciler.compare("orders")


def test_a_subject_or_store_that_does_not_exist_is_a_mistake_of_the_command_line(day: Day) -> None:
    with pytest.raises(UsageError, match="there is no subject 'ordres'; did you mean 'orders'"):
        day.reconciler.compare("ordres")
    with pytest.raises(UsageError, match="there is no store"):
        day.reconciler.compare("orders", stores=("x",))
    with pytest.raises(UsageError, match="--from has to be before --to"):
        day.reconciler.compare("orders", start=5, end=4)
