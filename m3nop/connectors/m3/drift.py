"""What changed in a tenant's MI programs: two snapshots of one program, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INPUTS, OUTPUTS = "inputs", "outputs"

_ASPECTS = ("type", "length", "decimals", "mandatory")


class Change(Struct, frozen=True, order=True):
    """One difference between the snapshot and the tenant."""

    program: str
    transaction: str
    """``""`` where it is the program itself."""
    way: str
    """``inputs`` or ``outputs``, ``""`` where it is the whole transaction."""
    field: str
    what: str
    """``gone``, ``new``, ``type``, ``length``, ``decimals``, ``mandatory`` or ``many``."""
    before: str
    after: str

    @property
    def text(self) -> str:
        """The change in words."""
        match self.what:
            case "gone":
                return "is gone"
            case "new":
                return "is new, and mandatory" if self.after == "mandatory" else "is new"
            case "mandatory":
                return "is mandatory now" if self.after == "true" else "is not mandatory any more"
            case "many":
                return "answers a list now" if self.after == "true" else "answers one row now"
            case _:
                return f"has {self.what} {self.after or 'unknown'} now, not {self.before or 'unknown'}"

    @property
    def breaks(self) -> bool:
        """Whether a call that names the field may fail because of it."""
        return self.what != "new" or self.after == "mandatory"


def changes(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> list[Change]:
    """Compare the snapshot of a program with one taken now; None where M3 has no such program any more."""
    program = str(before["program"])
    if after is None:
        return [Change(program, "", "", "", "gone", "", "")]
    return sorted(_of_program(program, before["transactions"], after["transactions"]))


def _of_program(program: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in before.keys() | after.keys():
        if name not in after:
            yield Change(program, name, "", "", "gone", "", "")
        elif name not in before:
            yield Change(program, name, "", "", "new", "", "")
        else:
            was, now = before[name], after[name]
            if bool(was["many"]) != bool(now["many"]):
                yield Change(program, name, "", "", "many", _written(was["many"]), _written(now["many"]))
            for way in (INPUTS, OUTPUTS):
                yield from _of_fields((program, name, way), was[way], now[way])


def _of_fields(
    where: tuple[str, str, str], before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[Change]:
    was, now = ({field["name"]: field for field in fields} for fields in (before, after))
    for name in was.keys() | now.keys():
        if name not in now:
            yield Change(*where, name, "gone", "", "")
        elif name not in was:
            mandatory = "mandatory" if now[name].get("mandatory") else ""
            yield Change(*where, name, "new", "", mandatory)
        else:
            for aspect in _ASPECTS:
                old, new = _aspect(was[name], aspect), _aspect(now[name], aspect)
                if old != new:
                    yield Change(*where, name, aspect, old, new)


def _aspect(field: Mapping[str, Any], name: str) -> str:
    return _written(bool(field.get(name))) if name == "mandatory" else _written(field.get(name))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
