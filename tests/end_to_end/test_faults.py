"""Every way an answer can go wrong, over real HTTP, and what becomes of the orders."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from m3nop.sandbox.catalogue import UNKNOWN_SKU
from m3nop.sandbox.faults import Fault
from tests.end_to_end.conftest import CLEAN, MakeProject, judge, place, slowly

if TYPE_CHECKING:
    from m3nop.sandbox.world import World

FAULTS = {
    "the answer to AddBatchHead is lost": Fault(kind="reset_after", operation="OIS100MI/AddBatchHead"),
    "the answer to a line is lost": Fault(kind="reset_after", operation="OIS100MI/AddBatchLine"),
    "the answer to Confirm is lost": Fault(kind="reset_after", operation="OIS100MI/Confirm"),
    "AddBatchHead never arrives": Fault(kind="reset_before", operation="OIS100MI/AddBatchHead"),
    "a line never arrives": Fault(kind="reset_before", operation="OIS100MI/AddBatchLine"),
    "Confirm never arrives": Fault(kind="reset_before", operation="OIS100MI/Confirm"),
    "a bulk of heads is cut": Fault(kind="truncate_bulk", operation="OIS100MI/AddBatchHead", count=1),
    "a bulk of lines is cut": Fault(kind="truncate_bulk", operation="OIS100MI/AddBatchLine", count=1),
    "a bulk of confirmations is cut": Fault(kind="truncate_bulk", operation="OIS100MI/Confirm", count=1),
    "only a prefix of the heads is processed": Fault(
        kind="drop_after", operation="OIS100MI/AddBatchHead", count=1
    ),
    "only a prefix of the lines is processed": Fault(
        kind="drop_after", operation="OIS100MI/AddBatchLine", count=1
    ),
    "heads are flagged notProcessed": Fault(kind="not_processed", operation="OIS100MI/AddBatchHead", count=1),
    "lines are flagged notProcessed": Fault(kind="not_processed", operation="OIS100MI/AddBatchLine", count=1),
    "confirmations are flagged notProcessed": Fault(
        kind="not_processed", operation="OIS100MI/Confirm", count=1
    ),
    "heads are refused as a whole": Fault(kind="terminated", operation="OIS100MI/AddBatchHead"),
    "confirmations are refused as a whole": Fault(kind="terminated", operation="OIS100MI/Confirm"),
    "M3 says 429 with Retry-After": Fault(kind="status", operation="OIS100MI/*", status=429, retry_after=1),
    "M3 says 429 without it": Fault(kind="status", operation="OIS100MI/*", status=429, times=2),
    "M3 says 503": Fault(kind="status", operation="OIS100MI/AddBatchHead", status=503),
    "a gateway says 504 after the effect": Fault(
        kind="status", operation="OIS100MI/AddBatchLine", status=504, effect=True
    ),
    "a gateway says 502 in HTML": Fault(kind="html", operation="OIS100MI/AddBatchHead"),
    "a gateway says 502 in HTML after the effect of Confirm": Fault(
        kind="html", operation="OIS100MI/Confirm", effect=True
    ),
    "the answer has no body": Fault(kind="empty", operation="OIS100MI/AddBatchHead"),
    "the answer is cut in the middle": Fault(kind="invalid_json", operation="OIS100MI/AddBatchLine"),
    "the answer is of another type": Fault(kind="content_type", operation="OIS100MI/Confirm"),
    "the tokens expire in mid-run": Fault(kind="expired_token", operation="OIS100MI/AddBatchLine"),
    "the shop's tokens expire in mid-run": Fault(kind="expired_token", system="shop", operation="*", nth=3),
    "M3 confirms in the background": Fault(
        kind="background_confirm", operation="OIS100MI/Confirm", seconds=1
    ),
    "the answer to AddBatchHead comes too late": Fault(
        kind="latency", operation="OIS100MI/AddBatchHead", seconds=1
    ),
    "the answer to Confirm comes too late": Fault(kind="latency", operation="OIS100MI/Confirm", seconds=1),
    "the head is made after everybody stopped waiting": Fault(
        kind="late_effect", operation="OIS100MI/AddBatchHead", seconds=1.5
    ),
    "Confirm takes effect after everybody stopped waiting": Fault(
        kind="late_effect", operation="OIS100MI/Confirm", seconds=1.5
    ),
    "the answer to the undo is lost": Fault(kind="reset_after", operation="OIS100MI/DelBatchHead"),
    "the creation of a customer is in doubt": Fault(kind="reset_after", operation="CRS610MI/Add"),
    "a customer is never created at first": Fault(kind="reset_before", operation="CRS610MI/Add"),
    "a probe fails": Fault(kind="status", operation="EXPORTMI/Select", status=500),
}


@pytest.mark.parametrize("name", FAULTS)
def test_orders_are_entered_once_although(name: str, make_project: MakeProject, world: World) -> None:
    # What lands late must land within ``settle_after``: that is what the guarantee assumes.
    project = make_project(change=slowly) if "stopped waiting" in name else make_project()
    references = [f"B2C-{place(world)}" for _ in range(3)]
    if "undo" in name:
        world.faults.add(Fault(kind="reset_after", operation="OIS100MI/AddBatchLine"))
    world.faults.add(FAULTS[name])
    first = project.run("sync", "orders")
    second = project.run("sync", "orders")
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert judge(world, references) == CLEAN
    assert [fault["fired"] > 0 for fault in world.faults.describe()] == [True] * len(world.faults.describe())


def states(project: Any) -> dict[str, tuple[str, str]]:
    """Read the records of orders from the state file."""
    with sqlite3.connect(f"file:{project.state_file}?mode=ro", uri=True) as state:
        found = state.execute("select key, state, reason from records where pipeline = 'orders'")
        return {key: (where, reason) for key, where, reason in found}


def test_an_order_with_an_unknown_item_is_a_dead_letter_and_leaves_nothing_in_m3(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    good = place(world)
    bad = place(world, lines=[{"sku": "LAMP-HEAD", "quantity": 1}, {"sku": UNKNOWN_SKU, "quantity": 1}])
    ended = project.run("sync", "orders")
    assert ended.code == 1
    assert states(project)[str(bad)][0] == "dead"
    assert judge(world, [f"B2C-{good}"]) == CLEAN


def test_an_error_without_end_stops_the_run_and_loses_nothing(
    make_project: MakeProject, world: World
) -> None:
    project = make_project()
    references = [f"B2C-{place(world)}" for _ in range(2)]
    number = world.faults.add(
        Fault(kind="status", system="m3", operation="OIS100MI/*", status=401, times=None)
    )
    refused = project.run("sync", "orders")
    assert refused.code == 4
    assert "Traceback" not in refused.err
    world.faults.remove(number)
    assert project.run("sync", "orders").code == 0
    assert judge(world, references) == CLEAN
