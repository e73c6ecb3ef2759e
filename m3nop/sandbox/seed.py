"""What both systems hold when a sandbox starts for the first time, always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox import shop
from m3nop.sandbox.m3.seed import seed as seed_m3

if TYPE_CHECKING:
    from m3nop.sandbox.world import World


def reset(world: World) -> None:
    """Empty the books and fill them as at the first start; faults and a moved time are gone, too."""
    with world.books.change():
        for name in world.books.names():
            world.books.table(name).clear()
        world.faults.clear()
        world.clock.reset()
        world.requests.clear()
        seed(world)


def seed(world: World) -> None:
    """Fill the books of a new sandbox; one that has been filled is left alone."""
    state = world.books.table("sandbox.state")
    with world.books.change():
        if "seeded" in state:
            return
        state["seeded"] = {"seed": world.seed}
        seed_m3(world)
        shop.seed(world)
