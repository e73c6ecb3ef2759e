"""Finds what is linked to a key of M3, for the function ``linked_by_m3``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from m3nop.core.json import Json
    from m3nop.core.records import Link
    from m3nop.core.state import State


class ByM3:
    """Asks once for each key, so that all expressions of one attempt see the same.

    ``find`` lists the links of a pipeline that have one of these M3 keys.
    """

    def __init__(self, find: Callable[[str, Sequence[str]], Sequence[Link]]) -> None:
        self._find = find
        self._found: dict[tuple[str, str], Mapping[str, Json] | None] = {}

    def __call__(self, pipeline: str, m3: str) -> Mapping[str, Json] | None:
        """Return ``{key, shop, m3}`` of the link, of several the first by key."""
        if (pipeline, m3) not in self._found:
            self.look_up(pipeline, [m3])
        return self._found[pipeline, m3]

    def look_up(self, pipeline: str, keys: Sequence[str]) -> None:
        """Ask for several keys at once; none is linked to a blank one."""
        self._found.update({(pipeline, m3): None for m3 in keys})
        asked = [m3 for m3 in keys if m3]
        for link in reversed(self._find(pipeline, asked) if asked else ()):
            self._found[pipeline, link.m3] = {"key": link.key, "shop": link.shop, "m3": link.m3}

    def knows(self, pipeline: str, m3: str) -> bool:
        """Tell whether a key was asked for."""
        return (pipeline, m3) in self._found


class Gathered(ByM3):
    """Answers that nothing is linked, and notes the key, until ``ask`` has asked for all that were noted.

    So what is worked out for many rows is worked out once more, and costs one look-up instead of one a row.
    """

    def __init__(self, find: Callable[[str, Sequence[str]], Sequence[Link]]) -> None:
        super().__init__(find)
        self._noted: dict[str, list[str]] = {}

    def __call__(self, pipeline: str, m3: str) -> Mapping[str, Json] | None:
        """Return what is linked, as far as that was asked for."""
        if self.knows(pipeline, m3):
            return super().__call__(pipeline, m3)
        self._noted.setdefault(pipeline, []).append(m3)
        return None

    def ask(self) -> bool:
        """Ask for what was noted; False if nothing was."""
        noted, self._noted = self._noted, {}
        for pipeline, keys in noted.items():
            self.look_up(pipeline, list(dict.fromkeys(keys)))
        return bool(noted)


def links_of(state: State | None, *, seen_from: str) -> ByM3:
    """Look into the state, as the pipeline ``seen_from`` does; no state is where nothing was ever run."""
    return NOTHING if state is None else ByM3(_look_into(state, seen_from))


def gathered(state: State, *, seen_from: str) -> Gathered:
    """Look into the state for many rows at once."""
    return Gathered(_look_into(state, seen_from))


def _look_into(state: State, seen_from: str) -> Callable[[str, Sequence[str]], Sequence[Link]]:
    """Return the look-up; an instance for another installation (``orders@outlet``) sees its own links."""
    _, at, installation = seen_from.partition("@")
    return lambda pipeline, m3: state.links_by_m3(f"{pipeline}{at}{installation}", m3)


NOTHING = ByM3(lambda _pipeline, _m3: ())
"""Where no state is at hand: nothing is linked."""
