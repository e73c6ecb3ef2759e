"""Finds what is linked to a key of M3, for the function ``linked_by_m3``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.core.json import Json
    from m3nop.core.state import Link, State


class ByM3:
    """Asks once for each key, so that all expressions of one attempt see the same.

    ``find`` lists the links of a pipeline that have this M3 key.
    """

    def __init__(self, find: Callable[[str, str], Sequence[Link]]) -> None:
        self._find = find
        self._found: dict[tuple[str, str], Mapping[str, Json] | None] = {}

    def __call__(self, pipeline: str, m3: str) -> Mapping[str, Json] | None:
        """Return ``{key, shop, m3}`` of the link, of several the first by key."""
        asked = (pipeline, m3)
        if asked not in self._found:
            links = self._find(pipeline, m3) if m3 else ()
            self._found[asked] = (
                {"key": links[0].key, "shop": links[0].shop, "m3": links[0].m3} if links else None
            )
        return self._found[asked]


def links_of(state: State | None, *, seen_from: str) -> ByM3:
    """Look into the state, as the pipeline ``seen_from`` does; no state is where nothing was ever run.

    An instance for another installation (``orders@outlet``) sees the links of its own side.
    """
    if state is None:
        return NOTHING
    _, at, installation = seen_from.partition("@")
    return ByM3(lambda pipeline, m3: state.links(f"{pipeline}{at}{installation}", m3=m3))


NOTHING = ByM3(lambda _pipeline, _m3: ())
"""Where no state is at hand: nothing is linked."""
