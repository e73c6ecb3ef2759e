"""Which parts of a record the mappings use, so that nothing else is read."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct


class Wanted(Struct, frozen=True):
    """Dotted paths of a record that are used; None for all of them."""

    paths: frozenset[str] | None = None

    def has(self, path: str) -> bool:
        """Tell whether ``path``, something in it, or all of something around it is used."""
        return self.paths is None or _is_used(path, self.paths)

    def any_of(self, *paths: str) -> bool:
        """Tell whether one of these is used."""
        return any(self.has(path) for path in paths)

    def names(self, path: str) -> bool:
        """Tell whether exactly this path is used: nothing wider counts."""
        return self.paths is not None and path in self.paths

    def under(self, path: str) -> Wanted:
        """Return what is used of the part at ``path``."""
        if self.paths is None or any(path == used or path.startswith(f"{used}.") for used in self.paths):
            return Wanted()
        start = f"{path}."
        return Wanted(frozenset(used.removeprefix(start) for used in self.paths if used.startswith(start)))


@lru_cache(maxsize=1000)
def _is_used(path: str, paths: frozenset[str]) -> bool:
    return any(used == path or used.startswith(f"{path}.") or path.startswith(f"{used}.") for used in paths)


EVERYTHING = Wanted()
