"""What a person changed by hand in a record that was refused: values of the record, or fields of its calls.

What was read stays as it is. The changes are laid over it whenever an attempt works with it, and only where
the value is still the one that the person saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.json import Json, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Path = tuple[str | int, ...]
"""Names of members and indexes from 0, from the record inwards."""


class Change(Struct, frozen=True):
    """One value of a record, as it was read and as somebody wrote it; absent members have no value."""

    path: Path
    was: tuple[Json, ...]
    value: tuple[Json, ...]

    def __str__(self) -> str:
        return spelled(self.path)


class Edits(Struct, frozen=True):
    """Everything that was changed in one record."""

    changes: tuple[Change, ...] = ()
    calls: Mapping[str, Mapping[str, Json]] | None = None
    """By path of the step, the fields that were given by hand; null leaves a field out."""
    note: str = ""
    """Who changed it, and why: what stands as the origin of a value."""

    def fields(self, path: str) -> Mapping[str, Json]:
        """Return the fields of one call that were given by hand."""
        return (self.calls or {}).get(path, {})


NONE = Edits()


def read(kept: Json) -> Edits:
    """Read what a record or an attempt keeps."""
    if not kept:
        return NONE
    changes = (
        Change(tuple(one["path"]), tuple(one["was"]), tuple(one["value"])) for one in kept.get("record", ())
    )
    return Edits(tuple(changes), kept.get("calls"), kept["note"])


def written(edits: Edits) -> Json:
    """Write what a record keeps; nothing where nothing was changed."""
    if not edits.changes and not edits.calls:
        return None
    changes = [
        {"path": list(one.path), "was": list(one.was), "value": list(one.value)} for one in edits.changes
    ]
    return {"record": changes, "calls": edits.calls or {}, "note": edits.note}


def laid_over(snapshot: Json, edits: Edits) -> Json:
    """Return a record with the changes in it, but for those of a value that has changed at its source."""
    for change in edits.changes:
        if _is_as_seen(snapshot, change):
            snapshot = _with(snapshot, change.path, change.value)
    return snapshot


def overtaken(snapshot: Json, edits: Edits) -> list[str]:
    """Name the values that were changed by hand and have changed at their source since."""
    return [
        str(change)
        for change in edits.changes
        if not _is_as_seen(snapshot, change) and not _same(_at(snapshot, change.path), change.value)
    ]


def changes_between(before: Json, after: Json, path: Path = ()) -> Iterator[Change]:
    """Yield what differs, as deep inside as lists of one length and objects allow."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            at = (*path, name)
            if name in before and name in after:
                yield from changes_between(before[name], after[name], at)
            else:
                yield Change(at, _member(before, name), _member(after, name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (was, value) in enumerate(zip(before, after, strict=True)):
            yield from changes_between(was, value, (*path, index))
    elif not _same((before,), (after,)):
        yield Change(path, (before,), (after,))


def names(kept: Json) -> list[str]:
    """Name what was changed in a record (``items[0].sku``, ``head.CUNO``)."""
    found = read(kept)
    fields = (f"{path}.{name}" for path, given in (found.calls or {}).items() for name in given)
    return [*map(str, found.changes), *fields]


def spelled(path: Path) -> str:
    """Write a path as an expression would name the value: ``items[0].sku``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _is_as_seen(snapshot: Json, change: Change) -> bool:
    """Tell whether a value is the one that the person saw; one that was absent needs the object around it."""
    around = _at(snapshot, change.path[:-1])
    if change.path and not change.was and not (around and isinstance(around[0], dict)):
        return False
    return _same(_at(snapshot, change.path), change.was)


def _at(value: Json, path: Path) -> tuple[Json, ...]:
    for part in path:
        if not _has(value, part):
            return ()
        value = value[part]
    return (value,)


def _has(value: Json, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _with(container: Json, path: Path, value: tuple[Json, ...]) -> Json:
    """Return a copy with another value at a path whose containers exist."""
    if not path:
        return value[0]
    first, rest = path[0], path[1:]
    if isinstance(container, list):
        assert isinstance(first, int)  # noqa: S101  the value that was read is there
        return [_with(one, rest, value) if index == first else one for index, one in enumerate(container)]
    kept: dict[str, Json] = dict(container)
    if rest:
        kept[str(first)] = _with(kept[str(first)], rest, value)
    elif value:
        kept[str(first)] = value[0]
    else:
        del kept[str(first)]
    return kept


def _member(value: Mapping[str, Json], name: str) -> tuple[Json, ...]:
    return (value[name],) if name in value else ()


def _same(one: Sequence[Json], other: Sequence[Json]) -> bool:
    return digest(list(one)) == digest(list(other))
