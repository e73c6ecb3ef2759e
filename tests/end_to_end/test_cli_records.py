"""Commands about records, over real HTTP: what happened to one, and what people decide about it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from m3nop.core import json
from m3nop.core.clock import SystemClock
from m3nop.sandbox import shop
from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from m3nop.sandbox.m3.seed import STOPPED_CUSTOMER
from m3nop.state.ownership import Ownership
from tests.end_to_end.conftest import MakeProject, Project, patiently, place, rows

if TYPE_CHECKING:
    from m3nop.sandbox.world import World
    from tests.end_to_end.children import Ended

RED = "\x1b[31m"
GUEST = {
    "first_name": "Kari", "last_name": "Nordmann", "address1": "Bakkegata 2", "city": "Oslo",
    "zip_postal_code": "0150", "country": "NO",
}  # fmt: skip
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass
class Shop:
    """A project whose orders were synced once, and the orders of each kind."""

    project: Project
    delivered: int
    refused: int
    """It has an item that M3 does not know."""
    unmapped: int
    """Its payment method is in no lookup."""
    discounted: int
    """A check puts it to review."""
    unpaid: int
    elsewhere: int
    """Of a store that is not served."""

    def run(self, *arguments: str) -> Ended:
        return self.project.run(*arguments)

    def document(self, *arguments: str) -> object:
        ended = self.run(*arguments, "--json")
        assert ended.code in (0, 1), ended.err
        return json.loads(ended.out)


@pytest.fixture
def a_shop(make_project: MakeProject, world: World) -> Shop:
    made = Shop(
        make_project(change=patiently),
        delivered=place(world),
        refused=place(
            world, lines=[{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": UNKNOWN_SKU, "quantity": 1}]
        ),
        unmapped=place(world, payment_method=f"Payments.New{RED}"),
        discounted=place(world, coupon="WELCOME10"),
        unpaid=place(world, payment_status="pending"),
        elsewhere=place(world, store_id=3, guest=GUEST),
    )
    assert (
        f"orders {made.refused}: dead: Item number {UNKNOWN_SKU} does not exist"
        in made.run("sync", "orders").err
    )
    return made


def steady(text: str) -> str:
    """Replace what differs from run to run."""
    text = re.sub(r"\d+\.\d{3} s", "0.000 s", _INSTANT.sub("<instant>", text))
    text = re.sub(r"\b00\d{8}\b", "<number>", text)
    return re.sub(r"mapping [0-9a-f]{12}", "mapping <digest>", text)


def real_number(world: World, reference: str) -> str:
    return next(row["ORNO"] for row in rows(world, "m3.orders") if row["CUOR"] == reference)


# -- trace


def test_trace_tells_the_whole_life_of_a_delivered_order(a_shop: Shop, world: World) -> None:
    ended = a_shop.run("trace", str(a_shop.delivered))
    assert (ended.code, ended.err) == (0, "")
    told = steady(ended.out).splitlines()
    assert "\n".join(told[:14]) == snapshot("""\
orders 1014 (b2c) done
  created <instant>, read <instant> from shop/orders
  reference B2C-1014
  link: shop 1014, M3 <number> (run, <instant>)
  only this document is ever made real: {"head": {"ORNO": "<number>"}}
  looked at again <instant>, until <instant>

attempt 1: done, opened <instant>, reference B2C-1014, mapping <digest>, committed
  + head: erp/OIS100MI/AddBatchHead: done
      sent <instant>, answered after 0.000 s, run 1
      CUNO = W0000005    <- coalesce(steps.customer.m3, steps.guest.m3, settings.guest_customer)
      ORTP = W01    <- vars.order_type -> lookup order_types
      FACI = A01    <- settings.facility
      WHLO = 001    <- coalesce(lookup('warehouses', store.code), settings.warehouse)\
""")
    assert "\n".join(told[-12:]) == snapshot("""\
      sent <instant>, answered after 0.000 s, run 1
      ORNO = <number>    <- steps.head.ORNO
      -> ORNO = <number>, STAT = 90
  + write_back: shop/orders/attribute: done
      sent <instant>, answered after 0.000 s, run 1
      order_id = 1014    <- order.id
      store_id = 1    <- order.store_id
      key      = M3OrderNumber    <- value "M3OrderNumber"
      value    = <number>    <- steps.confirm.order_number

runs
  1: <instant> ok: m3nop sync orders\
""")


def test_trace_finds_an_order_by_every_number_that_it_has(a_shop: Shop, world: World) -> None:
    reference = f"B2C-{a_shop.delivered}"
    temporary = next(row["ORNO"] for row in rows(world, "m3.batch_orders") if row["CUOR"] == reference)
    told = a_shop.run("trace", str(a_shop.delivered)).out
    names = (
        reference,
        reference.lower(),
        temporary,
        real_number(world, reference),
        f"orders/{a_shop.delivered}",
    )
    for name in names:
        assert a_shop.run("trace", name).out == told, name


def test_trace_as_json_has_every_call_with_the_expression_of_each_value(a_shop: Shop) -> None:
    found = a_shop.document("trace", f"orders/{a_shop.delivered}")
    (record,) = found["records"]
    (attempt,) = record["attempts"]
    head = next(call for call in attempt["calls"] if call["step"] == "head")
    assert (record["state"], record["source"], record["link"]["shop"]) == (
        "done", "shop/orders", str(a_shop.delivered)
    )  # fmt: skip
    assert head["fields"]["CUOR"] == f"B2C-{a_shop.delivered}"
    assert head["from"]["TEPY"] == "vars.payment -> lookup payment_methods.TEPY"
    assert head["sent"] <= head["answered"]
    assert [run["command"] for run in record["runs"]] == ["sync orders"]
    assert found["why"] == []


def test_trace_tells_what_became_of_an_order_that_m3_refused(a_shop: Shop) -> None:
    told = a_shop.run("trace", f"B2C-{a_shop.refused}").out
    assert "lines/" in told
    assert "      ! Item number DISC-2019 does not exist (WIT0103 ITNO); business" in told
    assert "+ undo:head: erp/OIS100MI/DelBatchHead: done" in told
    assert "? gone:head: erp/table:OXHEAD: done" in told
    assert re.search(r"dead letters\n  \d+: .* business: Item number DISC-2019 does not exist .*; open", told)


def test_trace_finds_an_order_that_was_never_attempted_by_the_reference_that_it_would_have(
    a_shop: Shop,
) -> None:
    ended = a_shop.run("trace", f"B2C-{a_shop.unpaid}")
    assert ended.code == 0
    assert ended.out.startswith(f"orders {a_shop.unpaid} (b2c) waiting: not ready:")
    assert f"reference B2C-{a_shop.unpaid}\n  looked at again" in ended.out


def test_trace_says_that_a_store_is_not_served(a_shop: Shop) -> None:
    ended = a_shop.run("trace", str(a_shop.elsewhere))
    assert ended.out.startswith(
        f"orders {a_shop.elsewhere} (no store) ignored: store 3 is not served by this project"
    )


def test_trace_says_that_an_order_was_not_read_yet(a_shop: Shop, world: World) -> None:
    new = place(world)
    ended = a_shop.run("trace", str(new))
    assert ended.code == 1
    assert f"{new} is above, so it was not read yet: `m3nop sync orders`" in ended.out
    asked = a_shop.run("trace", str(new), "--read")
    assert asked.code == 1
    assert re.search(
        rf"the shop, asked now, has orders {new}, created .*: ready: the next run takes it in", asked.out
    )


def test_trace_says_that_an_order_is_older_than_the_start(a_shop: Shop) -> None:
    ended = a_shop.run("trace", "B2C-1003")
    assert ended.code == 1
    assert re.search(
        rf"orders: 1003 lies before what was read, which began with {a_shop.delivered}: "
        r"records created before \S+ are left alone",
        ended.out,
    )
    asked = a_shop.run("trace", "1003", "--read")
    assert "baselined: created before the start of this pipeline" in asked.out


def test_trace_says_that_an_order_is_not_where_it_should_be(a_shop: Shop, world: World) -> None:
    gone = place(world)
    place(world)
    shop.change_order(world, gone, {"delete": True})
    a_shop.run("sync", "orders")
    ended = a_shop.run("trace", str(gone))
    assert ended.code == 1
    assert (
        f"orders: {gone} was not there when the ids around it were read, and is asked for again" in ended.out
    )
    assert f"the shop, asked now, has no orders {gone}" in a_shop.run("trace", str(gone), "--read").out


def test_trace_says_of_an_order_that_the_dialect_hides_that_its_store_is_not_served(
    make_project: MakeProject, world: World
) -> None:
    project = make_project(dialect="oss")
    place(world, store_id=2)
    hidden = place(world, store_id=3, guest=GUEST)
    place(world)
    project.run("sync", "orders")
    ended = project.run("trace", str(hidden), "--read")
    assert ended.code == 1
    assert "or of a store that is not served (served: b2c, b2b)" in ended.out
    assert f"the shop, asked now, has no orders {hidden} (stores asked for: b2c, b2b)" in ended.out
    assert "not read yet" not in ended.out


def test_trace_says_what_nothing_is_known_of(a_shop: Shop) -> None:
    ended = a_shop.run("trace", f"nothing{RED}")
    assert ended.code == 1
    assert ended.out == snapshot("""\
nothing is known of nothing\\x1b[31m
  no record has it as its key, its reference, its link, or a number that the shop or M3 gave it
""")
    assert a_shop.document("trace", "nothing")["records"] == []


def test_trace_of_a_project_that_was_never_run_says_so(make_project: MakeProject) -> None:
    ended = make_project().run("trace", "1001")
    assert (ended.code, ended.out) == snapshot(
        (
            1,
            """\
nothing is known of 1001
  nothing was ever run in sandbox
""",
        )
    )


def test_trace_of_something_that_many_records_have_lists_them(a_shop: Shop) -> None:
    ended = a_shop.run("trace", "erika@example.com")
    assert ended.code == 0
    assert f"orders/{a_shop.delivered} done" in ended.out.splitlines()
    assert "erika@example.com is in 6 records; name one of them" in ended.err


# -- reviews


def test_reviews_are_listed_with_their_reasons(a_shop: Shop) -> None:
    ended = a_shop.run("reviews", "list")
    assert (ended.code, ended.err) == (0, "")
    assert steady(ended.out) == snapshot("""\
pipeline  key   store  read                  reason
orders    1016  b2c    <instant>  TEPY: lookup 'payment_methods' has no row for text 'Payments.New\\x1b[31m'
orders    1017  b2c    <instant>  the order has a discount on its total, and there is no total_discount_charge
""")
    assert [record["key"] for record in a_shop.document("reviews", "list", "--pipeline", "orders")] == [
        str(a_shop.unmapped), str(a_shop.discounted)
    ]  # fmt: skip
    assert a_shop.document("reviews", "list", "--pipeline", "customers") == []


def test_a_review_is_shown_with_what_the_mapping_makes_of_it_now(a_shop: Shop) -> None:
    ended = a_shop.run("reviews", "show", str(a_shop.discounted))
    assert ended.code == 0
    assert (
        "! review: the order has a discount on its total, and there is no total_discount_charge" in ended.out
    )
    assert "ITNO = LAMP-HEAD    <- " in ended.out
    assert f"m3nop reviews release orders/{a_shop.discounted} --reason WHY" in ended.err
    shown = a_shop.document("reviews", "show", str(a_shop.unmapped))
    problems = [call["problem"] for call in shown["now"]["calls"] if call["problem"]]
    assert problems == ["TEPY: lookup 'payment_methods' has no row for text 'Payments.New\\x1b[31m'"]


def test_a_released_record_passes_its_reviews_and_is_delivered(a_shop: Shop, world: World) -> None:
    key = str(a_shop.discounted)
    ended = a_shop.run("reviews", "release", key, "--reason", "agreed\twith \n finance")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"orders {key} is ready: `m3nop sync orders` goes on with it\n"
    assert a_shop.run("sync", "orders").code == 0
    assert real_number(world, f"B2C-{key}")
    told = a_shop.run("trace", key).out
    assert re.search(r"decisions\n  \S+ release by \S+: agreed with finance\n", told)


def test_a_rejected_record_is_dead_and_its_dead_letter_settled(a_shop: Shop, world: World) -> None:
    key = str(a_shop.discounted)
    ended = a_shop.run("reviews", "reject", key, "--reason", "not ours")
    assert (ended.code, ended.out) == (0, f"orders {key} is dead\n")
    assert key not in [letter["key"] for letter in a_shop.document("dead-letters", "list")]
    (letter,) = [each for each in a_shop.document("dead-letters", "list", "--all") if each["key"] == key]
    assert (letter["settlement"], letter["message"]) == snapshot(
        (
            "discarded: not ours",
            "the order has a discount on its total, and there is no total_discount_charge",
        )
    )
    assert a_shop.run("sync", "orders").code == 0
    assert f"B2C-{key}" not in {row["CUOR"] for row in rows(world, "m3.orders")}
    assert "rejected: not ours" in a_shop.run("trace", key).out


def test_what_a_rejected_record_began_in_m3_is_removed_by_the_next_run(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    number = place(world)
    customer = next(row["customer_id"] for row in rows(world, "shop.orders") if row["id"] == number)
    pairs = project.folder / "pairs.csv"
    pairs.write_text(f"pipeline,key,shop,m3\ncustomers,{customer},{customer},{STOPPED_CUSTOMER}\n")
    assert project.run("links", "import", str(pairs)).code == 0
    assert "review: the customer's credit is stopped" in project.run("sync", "orders").err
    assert [row["CUOR"] for row in rows(world, "m3.batch_orders")] == [f"B2C-{number}"]
    rejected = project.run("reviews", "reject", str(number), "--reason", "no credit")
    assert "what it began in M3 and is not real is removed by the next run" in rejected.out
    assert project.run("sync", "orders").code == 0
    assert rows(world, "m3.batch_orders") == []
    assert rows(world, "m3.orders") == []


def test_a_delivered_record_that_changed_stays_as_it_is_when_it_is_released(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    pipeline = project.folder / "pipelines" / "orders.yaml"
    text = pipeline.read_text(encoding="utf-8")
    assert "every: 15m" in text
    pipeline.write_text(text.replace("every: 15m", "every: 0.1s"), encoding="utf-8")
    number = place(world)
    project.run("sync", "orders")
    line = next(row["id"] for row in rows(world, "shop.order_items") if row["order_id"] == number)
    shop.change_order(world, number, {"quantities": {str(line): 7}})
    assert "changed in the shop since it was entered" in project.run("sync", "orders").err
    refused = project.run("reviews", "reject", str(number), "--reason", "too late")
    assert refused.code == 2
    assert "was delivered, so it cannot be rejected" in refused.err
    released = project.run("reviews", "release", str(number), "--reason", "told the warehouse")
    assert released.out == f"orders {number} is done: what was delivered stays as it is\n"
    again = project.run("sync", "orders")
    assert (again.code, again.err) == (0, "")
    assert len(rows(world, "m3.orders")) == 1
    shop.change_order(world, number, {"quantities": {str(line): 8}})
    assert "changed in the shop since it was entered" in project.run("sync", "orders").err


def test_a_record_that_waited_too_long_waits_again_when_it_is_released(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    pipeline = project.folder / "pipelines" / "orders.yaml"
    text = pipeline.read_text(encoding="utf-8")
    assert "every: 15m, for: 60d" in text
    pipeline.write_text(text.replace("every: 15m, for: 60d", "every: 0.1s, for: 1s"), encoding="utf-8")
    number = place(world, payment_status="pending")
    project.run("sync", "orders")
    assert f"orders {number}: review: expired: not ready: " in project.run("sync", "orders").err
    released = project.run("reviews", "release", str(number), "--reason", "the bank is slow")
    assert released.out.startswith(f"orders {number} waits again: not ready: ")
    shop.change_order(world, number, {"payment_status": "paid"})
    assert project.run("sync", "orders").code == 0
    assert real_number(world, f"B2C-{number}")


def test_a_guest_that_was_put_aside_goes_on_though_only_an_order_can_hand_it_over(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    settings, countries = project.folder / "m3nop.yaml", project.folder / "lookups" / "countries.csv"
    settings.write_text(settings.read_text().replace("guest_policy: collective", "guest_policy: per_email"))
    known = countries.read_text()
    countries.write_text(known.replace("NO,NO\n", ""))
    address = {"first_name": "Kari", "last_name": "Nordmann", "email": "kari@example.com", "address1": "Bakkegata 2",
               "city": "Oslo", "zip_postal_code": "0150", "country": "NO"}  # fmt: skip
    number = place(world, guest=address)
    assert project.run("sync", "orders", "--linger", "0s").code == 1
    countries.write_text(known)
    assert project.run("reviews", "release", "258CBIX3VFHOZSBR0VTS", "--reason", "added").code == 0
    assert project.run("sync", "orders", "--linger", "0s").code == 0
    (order,) = rows(world, "m3.orders")
    assert (order["CUOR"], order["CUNO"]) == (f"B2C-{number}", "G258CBIX3V")


def test_a_call_in_doubt_is_probed_again_when_its_record_is_released(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    number = place(world)
    world.faults.add(Fault(kind="late_effect", operation="OIS100MI/AddBatchHead", seconds=60))
    project.run("sync", "orders", "--linger", "0s")
    world.clock.advance(60)
    world.settle()
    (made,) = rows(world, "m3.batch_orders")
    orders = world.books.table("m3.batch_orders")
    with world.books.change():
        orders[made["ORNO"]] = {**made, "CUNO": STOPPED_CUSTOMER}
    assert "what was found is not ours" in project.run("sync", "orders", "--linger", "0s").err
    with world.books.change():
        orders[made["ORNO"]] = made
    assert project.run("reviews", "release", str(number), "--reason", "put right in M3").code == 0
    assert project.run("sync", "orders", "--linger", "0s").code == 0
    assert [row["CUOR"] for row in rows(world, "m3.orders")] == [f"B2C-{number}"]
    assert len(rows(world, "m3.batch_orders")) == 1


@pytest.mark.parametrize("command", ["release", "reject"])
def test_a_decision_needs_a_reason_and_a_record_that_waits_for_one(a_shop: Shop, command: str) -> None:
    key = str(a_shop.discounted)
    assert a_shop.run("reviews", command, key).code == 2
    blank = a_shop.run("reviews", command, key, "--reason", " \n")
    assert (blank.code, "--reason is blank" in blank.err) == (2, True)
    settled = a_shop.run("reviews", command, str(a_shop.delivered), "--reason", "x")
    assert settled.code == 2
    assert f"does not wait for a decision: orders/{a_shop.delivered} is done" in settled.err
    unknown = a_shop.run("reviews", command, "77777", "--reason", "x")
    assert (unknown.code, unknown.err) == (
        2, "m3nop: there is no record 77777; `m3nop trace 77777` looks for it by other numbers\n"
    )  # fmt: skip
    assert a_shop.run("reviews", "list", "--pipeline", "ordres").err == snapshot(
        "m3nop: there is no pipeline 'ordres'; did you mean 'orders'?\n"
    )


# -- dead letters


def test_dead_letters_are_listed_and_grouped_by_what_may_help(a_shop: Shop) -> None:
    assert steady(a_shop.run("dead-letters", "list").out) == snapshot("""\
id  pipeline  key   store  created               remedy    message
1   orders    1015  b2c    <instant>  business  Item number DISC-2019 does not exist (WIT0103 ITNO)
""")
    assert a_shop.run("dead-letters", "list", "--group").out == snapshot("""\
1 business: OIS100MI/AddBatchLine WIT0103 ITNO
  Item number DISC-2019 does not exist (WIT0103 ITNO)
  put it right in the shop or in M3, or map it (a lookup), then retry
  orders/1015
""")
    (group,) = a_shop.document("dead-letters", "list", "--group")
    assert (group["signature"], group["count"]) == ("OIS100MI/AddBatchLine WIT0103 ITNO", 1)


def test_a_dead_letter_is_shown_with_values_origins_and_failure(a_shop: Shop) -> None:
    ended = a_shop.run("dead-letters", "show", "1")
    assert ended.code == 0
    assert "\n".join(steady(ended.out).splitlines()[:7]) == snapshot("""\
dead letter 1: <instant> business: Item number DISC-2019 does not exist (WIT0103 ITNO); open
  group OIS100MI/AddBatchLine WIT0103 ITNO, step lines/2031
  put it right in the shop or in M3, or map it (a lookup), then retry

orders 1015 (b2c) dead: Item number DISC-2019 does not exist (WIT0103 ITNO)
  created <instant>, read <instant> from shop/orders
  reference B2C-1015\
""")
    assert "ITNO = DISC-2019    <- " in ended.out
    assert a_shop.run("dead-letters", "show", str(a_shop.refused)).out == ended.out
    shown = a_shop.document("dead-letters", "show", f"orders/{a_shop.refused}")
    assert shown["dead_letter"]["step"].startswith("lines/")
    assert shown["record"]["id"] == a_shop.refused


def test_an_item_mapped_by_a_lookup_is_retried_to_success(a_shop: Shop, world: World) -> None:
    lookup = a_shop.project.folder / "lookups" / "item_numbers.yaml"
    lookup.write_text(lookup.read_text(encoding="utf-8") + f"  {UNKNOWN_SKU}: LAMP-HEAD\n", encoding="utf-8")
    ended = a_shop.run("dead-letters", "retry", str(a_shop.refused))
    assert (ended.code, ended.out) == (0, f"orders {a_shop.refused} is ready\n")
    assert ended.err == "run `m3nop sync orders` to deliver\n"
    assert a_shop.document("dead-letters", "list") == []
    assert a_shop.run("sync", "orders").code == 0
    assert real_number(world, f"B2C-{a_shop.refused}")
    (letter,) = a_shop.document("dead-letters", "list", "--all")
    assert letter["settlement"] == "retried"


def test_a_record_that_was_put_right_in_the_shop_is_read_again_when_it_is_retried(
    a_shop: Shop, world: World
) -> None:
    wrong = next(
        row["id"]
        for row in rows(world, "shop.order_items")
        if row["order_id"] == a_shop.refused and row["unit_price_excl_tax"] == 15
    )
    shop.change_order(world, a_shop.refused, {"quantities": {str(wrong): 0}})
    a_shop.run("dead-letters", "retry", "--all")
    ended = a_shop.run("sync", "orders")
    assert (ended.code, real_number(world, f"B2C-{a_shop.refused}") != "") == (0, True), ended.err


@pytest.mark.parametrize(
    "choice",
    [
        ["--all"],
        ["--pipeline", "orders"],
        ["--group", "OIS100MI/AddBatchLine WIT0103 ITNO"],
        ["1"],
        ["id:1", "1"],
    ],
    ids=" ".join,
)
def test_dead_letters_are_retried_by(choice: list[str], a_shop: Shop) -> None:
    assert [letter["key"] for letter in a_shop.document("dead-letters", "retry", *choice)] == [
        str(a_shop.refused)
    ]
    assert a_shop.document("dead-letters", "list") == []
    repeated = a_shop.run("dead-letters", "retry", "--all")
    assert (repeated.code, repeated.out, repeated.err) == (0, "", "there are no open dead letters\n")


def test_a_retry_that_means_nothing_is_refused(a_shop: Shop) -> None:
    def refusal(*arguments: str) -> str:
        ended = a_shop.run("dead-letters", "retry", *arguments)
        assert (ended.code, ended.out) == (2, "")
        return ended.err

    assert refusal() == snapshot(
        "m3nop: say which: numbers or keys, --group SIGNATURE, --pipeline NAME, or --all\n"
    )
    assert refusal("1", "--all") == snapshot(
        "m3nop: name dead letters, or describe them with --group, --pipeline or --all; not both\n"
    )
    assert refusal("4711") == snapshot(
        "m3nop: there is no open dead letter 4711; `m3nop dead-letters list` shows them\n"
    )
    assert refusal("--group", "OIS100MI/AddBatchLine WIT0103") == snapshot(
        "m3nop: there is no open group 'OIS100MI/AddBatchLine WIT0103'; did you mean 'OIS100MI/AddBatchLine WIT0103 ITNO'?\n"
    )
    assert refusal("--pipeline", "order") == snapshot(
        "m3nop: there is no pipeline 'order'; did you mean 'orders'?\n"
    )
    a_shop.run("dead-letters", "retry", "1")
    assert refusal("1") == snapshot(
        "m3nop: dead letter 1 (orders/1015) is settled: retried, and its record is ready\n"
    )


def test_a_discarded_dead_letter_is_closed_and_its_record_can_still_be_retried(a_shop: Shop) -> None:
    key = str(a_shop.refused)
    assert a_shop.run("dead-letters", "discard", "1").code == 2
    ended = a_shop.run("dead-letters", "discard", "1", "--reason", "test order")
    assert (ended.code, ended.out) == (0, f"dead letter 1 (orders {key}) is closed\n")
    assert a_shop.run("dead-letters", "list").err == "there are no open dead letters\n"
    told = a_shop.run("trace", key).out
    assert "; discarded: test order (" in told
    assert re.search(r"decisions\n  \S+ discard by \S+: test order\n", told)
    assert a_shop.run("dead-letters", "discard", "1", "--reason", "again").code == 2
    assert a_shop.run("dead-letters", "retry", key).out == f"orders {key} is ready\n"


def test_dead_letters_are_exported_as_csv_and_as_json_with_their_records(a_shop: Shop) -> None:
    ended = a_shop.run("dead-letters", "export")
    (row,) = csv.DictReader(io.StringIO(ended.out))
    assert (row["key"], row["remedy"], row["settled"]) == (str(a_shop.refused), "business", "")
    (letter,) = a_shop.document("dead-letters", "export", "--all")
    assert letter["record"]["id"] == a_shop.refused


# -- all of them


def test_with_nothing_to_decide_the_lists_are_empty(make_project: MakeProject, world: World) -> None:
    project = make_project()
    place(world)
    project.run("sync", "orders")
    for command in (["reviews", "list"], ["dead-letters", "list"], ["dead-letters", "list", "--group"]):
        ended = project.run(*command)
        assert (ended.code, ended.out) == (0, "")
        assert json.loads(project.run(*command, "--json").out) == []
    assert project.run("dead-letters", "export").out.count("\n") == 1


def test_before_the_first_run_there_is_nothing_to_look_at(make_project: MakeProject) -> None:
    project = make_project()
    for command in (
        ["reviews", "list"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "1"],
        ["links", "list"],
    ):
        ended = project.run(*command)
        assert (ended.code, ended.out) == (3, "")
        assert "there is no state yet" in ended.err


def test_while_a_run_goes_on_it_can_be_read_but_nothing_is_decided(a_shop: Shop) -> None:
    owner = Ownership(a_shop.project.state_file)
    owner.acquire(command="sync orders", clock=SystemClock())
    try:
        for command in (
            ["reviews", "release", str(a_shop.discounted), "--reason", "x"],
            ["reviews", "reject", str(a_shop.discounted), "--reason", "x"],
            ["dead-letters", "retry", "--all"],
            ["dead-letters", "discard", "--all", "--reason", "x"],
            ["state", "baseline", "orders", "--before", "2026-01-01"],
        ):
            ended = a_shop.run(*command)
            assert ended.code == 5
            assert re.search(r"is in use by process \d+ \(sync orders\), since ", ended.err)
        for command in (
            ["reviews", "list"],
            ["dead-letters", "list"],
            ["trace", str(a_shop.delivered)],
            ["state", "show"],
        ):
            assert a_shop.run(*command).code == 0
    finally:
        owner.release(clean=True)
    assert a_shop.run("reviews", "release", str(a_shop.discounted), "--reason", "x").code == 0


def test_data_cannot_command_the_terminal(a_shop: Shop) -> None:
    key = str(a_shop.unmapped)
    for command in (
        ["trace", key], ["reviews", "list"], ["reviews", "show", key], ["lookup", "gaps", "orders"],
        ["map", "orders", "--key", key, "--expr", "order.payment_method"],
    ):  # fmt: skip
        ended = a_shop.run(*command)
        assert ended.code == 0
        assert "Payments.New\\x1b[31m" in ended.out
        assert "\x1b" not in ended.out + ended.err
