"""`m3nop reconcile products`, `inventory` and `customers` on a shop that differs from M3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m3nop.app.reconcile.findings import Fix, Kind
from tests.end_to_end.conftest import MakeProject, place, rows
from tests.end_to_end.reconciling import Reconciler

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


def change(world: World, table: str, key: str, **changes: Any) -> None:
    with world.books.change():
        books = world.books.table(table)
        books[key] = {**books[key], **changes}


def test_a_price_that_drifted_in_the_shop_is_found_and_made_equal_by_the_plan(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    synced = project.run("sync", "products")
    assert synced.code in (0, 1), synced.err
    reconciler = Reconciler(project)
    clean = reconciler.compare("products")
    assert [one for one in clean if one.state == "done" and one.pipeline == "products"] == []
    product = next(row for row in rows(world, "shop.products") if row["sku"] == "LAMP-HEAD")
    change(world, "shop.products", str(product["id"]), price="1.0000", name="Lampe")

    found = {one.key: one for one in reconciler.compare("products") if one.pipeline == "products"}

    lamp = found["LAMP-HEAD"]
    assert (lamp.kind, lamp.state, lamp.fix) == (Kind.FIELDS, "done", Fix.AGAIN)
    assert [detail.split(":")[0] for detail in lamp.details] == ["name", "price"]
    assert reconciler.apply() >= 1
    assert project.run("sync", "products").code in (0, 1)
    left = reconciler.compare("products")
    assert "LAMP-HEAD" not in {one.key for one in left}


def test_a_customer_that_was_changed_in_m3_differs_in_the_fields_that_the_shop_owns(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    place(world)
    assert project.run("sync", "orders").code in (0, 1)
    reconciler = Reconciler(project)
    (ours,) = [row for row in rows(world, "m3.customers") if str(row.get("YREF", "")).startswith("b2c-")]
    assert [one for one in reconciler.compare("customers") if one.m3] == []
    change(world, "m3.customers", ours["CUNO"], TOWN="Elsewhere")

    (found,) = [one for one in reconciler.compare("customers", start=1) if one.m3]

    assert (found.kind, found.m3) == (Kind.FIELDS, (ours["CUNO"],))
    assert found.details[0].startswith("TOWN: ")
    assert found.fix is Fix.AGAIN
    assert reconciler.apply() == 1
    assert project.run("sync", "customers").code in (0, 1)
    assert [one for one in reconciler.compare("customers", start=1) if one.m3] == []
