"""The HTTP routes of the M3 double."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from m3nop.sandbox.world import World


def routes(world: World) -> list[BaseRoute]:
    """Return the routes of token endpoint, v1 and v2, through the gateway and on premise."""
    return []
