"""The pack and the examples in the embedded sandbox: what M3's own books say about the shop's orders."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.sandbox import shop
from m3nop.sandbox.books import Books
from m3nop.sandbox.seed import seed
from m3nop.sandbox.world import World
from tests.end_to_end import children
from tests.end_to_end.pack import EXAMPLES, PACK, project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RUNNABLE = sorted(
    path.parent for path in EXAMPLES.glob("*/m3nop.yaml")
    if "sandbox" in project(path.parent, environment=None).environments
)  # fmt: skip
COUPONS = ("WELCOME10", "HÖST5")
"""One off the total, one off the subtotal."""
DISCOUNT = {"CRID": "DSC", "CRTY": 0, "CRD0": "Discount", "CRAM": "0", "VTCD": 1, "CUCD": "EUR"}

Rows = list[dict[str, Any]]


class Site:
    """A copy of a shipped project, and the books of its sandbox."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self._scratch = scratch
        self._runs = 0

    def change(self, old: str, new: str, *, file: str = "m3nop.yaml") -> None:
        """Change a file as an analyst would."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def books(self, use: Callable[[World], Any]) -> Any:
        """Look into the sandbox's books, or write in them, while it does not run."""
        folder = self.folder / ".m3nop" / "sandbox"
        folder.mkdir(parents=True, exist_ok=True)
        books = Books(folder / "books.db")
        world = World(books)
        try:
            seed(world)
            with books.change():
                return use(world)
        finally:
            world.close()

    def table(self, name: str) -> Rows:
        """Return every row of a table."""
        return self.books(lambda world: list(world.books.table(name).values()))

    def sync(self, *arguments: str, environ: Mapping[str, str] | None = None) -> children.Ended:
        """Run a sync to its end."""
        self._runs += 1
        scratch = self._scratch / f"run{self._runs}"
        scratch.mkdir(parents=True)
        return children.run(
            "sync",
            *arguments,
            folder=self.folder,
            environ={"NO_COLOR": "1", **(environ or {})},
            scratch=scratch,
        )

    @property
    def entered(self) -> dict[str, dict[str, Any]]:
        """M3's orders by reference."""
        orders = self.table("m3.orders")
        assert len({order["CUOR"] for order in orders}) == len(orders)
        return {order["CUOR"]: order for order in orders}

    def net(self, order: Mapping[str, Any]) -> Decimal:
        """Return what an M3 order comes to: its lines and its charges."""
        lines = [row for row in self.table("m3.order_lines") if row["ORNO"] == order["ORNO"]]
        charges = sum((Decimal(charge["CRAM"]) for charge in order["charges"]), Decimal(0))
        return charges + sum((Decimal(line["SAPR"]) * Decimal(line["ORQT"]) for line in lines), Decimal(0))


@pytest.fixture
def site(tmp_path):
    def make(folder: Path = PACK) -> Site:
        copy = tmp_path / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".m3nop"))
        return Site(copy, tmp_path / "scratch")

    return make


def _net_of(order: Mapping[str, Any]) -> Decimal:
    """Return what a shop order comes to without VAT, its discount on the total taken off as it is."""
    return (
        order["order_subtotal_excl_tax"] - order["order_sub_total_discount_excl_tax"]
        + order["order_shipping_excl_tax"] + order["payment_method_additional_fee_excl_tax"]
        - order["order_discount"]
    )  # fmt: skip


def _ready(order: Mapping[str, Any]) -> bool:
    return order["payment_status_id"] in (20, 30) and order["order_status_id"] != 40


@pytest.mark.parametrize("dialect", ["official", "oss"])
def test_every_ready_order_is_in_m3_with_the_shops_total(site, dialect):
    shipped = site()
    shipped.books(lambda world: world.books.table("m3.charges").__setitem__("DSC", DISCOUNT))
    shipped.change("order_discount_charge: null", "order_discount_charge: DSC")
    shipped.change("total_discount_charge: null", "total_discount_charge: DSC")
    shipped.books(lambda world: [_place(world, "TENT-2P", coupon=coupon) for coupon in COUPONS])
    ended = shipped.sync("orders", environ={"SHOP_DIALECT": dialect})
    assert (ended.code, ended.err) == (0, "")
    expected = {
        f"{'B2C' if order['store_id'] == 1 else 'B2B'}-{order['id']}": _net_of(order)
        for order in shipped.table("shop.orders") if _ready(order)
    }  # fmt: skip
    assert {reference: shipped.net(order) for reference, order in shipped.entered.items()} == expected
    assert {order["CUCD"] for order in shipped.entered.values()} == {"EUR"}
    written = {
        (row["entity_id"], row["value"])
        for row in shipped.table("shop.generic_attributes")
        if row["key"] == "M3OrderNumber"
    }
    numbers = {(int(reference.split("-")[1]), order["ORNO"]) for reference, order in shipped.entered.items()}
    assert written == (numbers if dialect == "official" else set())


def test_as_shipped_an_order_with_a_discount_of_its_own_waits_for_a_person(site):
    shipped = site()
    discounted = shipped.books(lambda world: [_place(world, "TENT-2P", coupon=coupon) for coupon in COUPONS])
    ended = shipped.sync("orders")
    assert ended.code == 1
    for number in discounted:
        assert f"orders {number}: review: the order has a discount on its" in ended.err
        assert f"B2C-{number}" not in shipped.entered
    again = shipped.sync("orders")
    assert (again.code, again.err) == (0, "")


def test_orders_in_the_customers_currency_are_converted(site):
    shipped = site()
    shipped.change("order_currency: primary", "order_currency: customer")
    shipped.sync("orders")
    swedish = [order for order in shipped.table("shop.orders") if order["customer_currency_code"] == "SEK"]
    assert swedish
    for order in swedish:
        entered = shipped.entered[f"B2B-{order['id']}"]
        assert entered["CUCD"] == "SEK"
        assert abs(shipped.net(entered) - _net_of(order) * order["currency_rate"]) < Decimal("0.05")


def test_skus_that_are_aliases_become_item_numbers(site):
    shipped = site()
    shipped.change("item_by: sku", "item_by: alias")
    shipped.change('BOTTLE-1L: "10004711"', "BOTTLE-1L: NOWHERE", file="lookups/item_numbers.yaml")
    number = shipped.books(lambda world: _place(world, "BOTTLE-1L"))
    assert shipped.sync("orders", "--key", str(number)).code == 0
    order = shipped.entered[f"B2C-{number}"]
    lines = [row["ITNO"] for row in shipped.table("m3.order_lines") if row["ORNO"] == order["ORNO"]]
    assert lines == ["10004711"]


def test_m3s_prices_are_taken_when_they_come_to_the_shops_total(site):
    shipped = site()
    shipped.change("price_from: shop", "price_from: m3")
    same = shipped.books(lambda world: _place(world, "TENT-2P"))
    cheaper = shipped.books(lambda world: _place(world, "TENT-2P", unit_price="99.00"))
    ended = shipped.sync("orders")
    assert f"B2C-{same}" in shipped.entered
    assert f"B2C-{cheaper}" not in shipped.entered
    assert f"orders {cheaper}: review: M3's prices come to another total than the shop's" in ended.err
    assert not [row for row in shipped.table("m3.batch_orders") if row["CUOR"] == f"B2C-{cheaper}"]


def test_an_item_that_m3_does_not_know_is_a_dead_letter_that_names_it(site):
    shipped = site()
    number = shipped.books(lambda world: _place(world, "DISC-2019"))
    ended = shipped.sync("orders")
    assert ended.code == 1
    assert f"orders {number}: dead:" in ended.err
    assert "DISC-2019" in ended.err
    assert not [row for row in shipped.table("m3.batch_orders") if row["CUOR"] == f"B2C-{number}"]


@pytest.mark.parametrize("folder", RUNNABLE, ids=lambda path: path.name)
def test_an_example_enters_orders_in_its_sandbox(site, folder):
    example = site(folder)
    for name in project(folder).pipelines:
        if name.startswith("orders"):
            ended = example.sync(name)
            assert ended.code in (0, 1), ended.err
            assert "dead" not in ended.err
    assert example.entered
    assert len({order["CUOR"].split("-")[0] for order in example.entered.values()}) == len(
        project(folder).stores
    )


def _place(world: World, sku: str, *, coupon: str | None = None, **line: Any) -> int:
    order = {
        "guest": {"first_name": "Kari", "last_name": "Nordmann", "address1": "Bakkegata 2", "city": "Oslo",
                  "zip_postal_code": "0150", "country": "NO"},
        "created": "2026-11-10T08:00:00", "lines": [{"sku": sku, **line}],
        "coupon": coupon,
    }  # fmt: skip
    return int(shop.place_order(world, order)["id"])
