"""The example that calls M3 by the endpoints of the brief, exactly as they are printed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from m3nop.core import json
from m3nop.sandbox import access
from m3nop.sandbox.server import Serving
from tests.end_to_end.conftest import Project, rows
from tests.end_to_end.pack import EXAMPLES
from tests.end_to_end.reconciling import Reconciler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m3nop.sandbox.world import World

ENDPOINTS = (
    "OIS100MI/AddHead", "OIS100MI/AddLine", "MMS200MI/GetItmBasic", "CRS610MI/Add", "MMS080MI/LstItemBal",
    "GLS200MI/Add",
)  # fmt: skip
ENVIRONMENT = """
environments:
  sandbox:
    connections:
      erp: {{url: "{m3}", timeout: 2s, settle_after: 3s, rate_limit: null}}
      shop: {{url: "{shop}", credentials: {{username: "{user}", password: "${{secret:SHOP_PASSWORD}}"}}}}
    start: {{customers: 2020-01-01T00:00:00Z, orders: 2020-01-01T00:00:00Z, payments: 2020-01-01T00:00:00Z}}
"""


@pytest.fixture
def project(tmp_path: Path, world: World) -> Iterator[Project]:
    """The example, pointed at a sandbox of this process."""
    serving, folder = Serving(world), tmp_path / "brief-names"
    shutil.copytree(EXAMPLES / "brief-names", folder, ignore=shutil.ignore_patterns(".m3nop"))
    text = (folder / "m3nop.yaml").read_text(encoding="utf-8")
    ours = ENVIRONMENT.format(m3=serving.m3_url, shop=serving.shop_url, user=access.SHOP_USER)
    (folder / "m3nop.yaml").write_text(text[: text.index("\nenvironments:")] + ours, encoding="utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = {
        "M3_IONAPI": json.dumps(serving.ionapi),
        "SHOP_PASSWORD": access.SHOP_PASSWORD,
        "NO_COLOR": "1",
    }
    yield Project(folder, world, serving.url, environ, scratch)
    serving.close()


def test_every_endpoint_is_called_as_printed_and_both_systems_are_equal_then(
    project: Project, world: World
) -> None:
    ended = project.run("sync", "--all")

    assert ended.code == 0, ended.err
    paths = {request.path.split("?")[0].split(";")[0] for request in world.requests if request.system == "m3"}
    called = {path for path in paths if "/m3/api-rest/execute/" in path}
    for endpoint in ENDPOINTS:
        assert any(path.endswith(f"/m3/api-rest/execute/{endpoint}") for path in called), endpoint
    assert rows(world, "m3.orders")
    assert any(str(row["VTXT"]).endswith(" capture") for row in rows(world, "m3.ledger"))
    reconciler = Reconciler(project)
    for subject in ("orders", "customers", "inventory", "payments"):
        assert reconciler.compare(subject) == []
    again = len(world.requests)
    assert project.run("sync", "--all").code == 0
    later = list(world.requests)[again:]
    assert not [one for one in later if one.path.endswith(("/AddHead", "/GLS200MI/Add", "/CRS610MI/Add"))]


def test_stock_that_drifted_in_the_shop_is_found_and_published_again(project: Project, world: World) -> None:
    assert project.run("sync", "inventory").code == 0
    product = next(row for row in rows(world, "shop.products") if row["sku"] == "LAMP-HEAD")
    with world.books.change():
        table = world.books.table("shop.products")
        table[str(product["id"])] = {**table[str(product["id"])], "stock_quantity": 3}
    reconciler = Reconciler(project)

    (found,) = reconciler.compare("inventory")

    assert (found.kind, found.key, found.state) == ("stock", "LAMP-HEAD", "done")
    assert found.message.startswith("LAMP-HEAD: 3 published, ")
    assert reconciler.apply() == 1
    assert project.run("sync", "inventory").code == 0
    assert reconciler.compare("inventory") == []
