"""What an upsert wants: the row that it is about, and the values that it should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.connectors.nopcommerce.fields import Fields
from m3nop.connectors.nopcommerce.refusals import refused, unfit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from m3nop.connectors.nopcommerce.columns import Column
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.connectors.nopcommerce.refusals import ShopFailure
    from m3nop.core.json import Json

CREATE = "create"
OWN = "own"
_VARIANTS = frozenset({"refuse", OWN})
_MISSING = frozenset({CREATE, "skip", "reject", "review"})


class Wish(Struct, frozen=True):
    """The values of an ``upsert`` call."""

    match: Fields
    fields: Mapping[str, Json]
    on_create: Mapping[str, Json]
    creates: bool
    own: bool = False
    """Whether fields that a variant has not are left out; else they are refused."""

    def of(self, known: Collection[str]) -> Wish:
        """Return the wish, with ``own`` less the fields that are not known."""
        if not self.own:
            return self
        return replace(self, fields={name: value for name, value in self.fields.items() if name in known})

    def columns(self, known: Mapping[str, Column], *, besides: Collection[str] = ()) -> dict[str, Json]:
        """Return the values as the API takes them, by the API's names.

        Raises:
            ShopFailure: one does not fit, or its field does not exist; nothing was sent.
        """
        return written(self.fields, known, besides=besides)


def read_wish(values: Mapping[str, Json]) -> Wish:
    """Read the fields of an ``upsert`` call.

    Raises:
        ShopFailure: they are none; nothing was sent.
    """
    parts: dict[str, Mapping[str, Json]] = {}
    for name in ("match", "fields", "on_create"):
        part = values.get(name) or {}
        if not isinstance(part, dict):
            raise unfit(name, f"`{name}` must be fields with their values, it is {part!r}")
        parts[name] = part
    missing = values.get("missing") or CREATE
    if missing not in _MISSING:
        raise unfit("missing", f"`missing` must be one of {', '.join(sorted(_MISSING))}, it is {missing!r}")
    variants = parts["match"].get("variants") or "refuse"
    if variants not in _VARIANTS:
        known = ", ".join(sorted(_VARIANTS))
        raise unfit("variants", f"`variants` must be one of {known}, it is {variants!r}")
    match = Fields(parts["match"])
    return Wish(match, parts["fields"], parts["on_create"], missing == CREATE, variants == OWN)


def written(
    values: Mapping[str, Json], known: Mapping[str, Column], *, besides: Collection[str] = ()
) -> dict[str, Json]:
    """Return values as the API takes them, by the API's names, less those in ``besides``.

    Raises:
        ShopFailure: one does not fit, or its field does not exist; nothing was sent.
    """
    found: dict[str, Json] = {}
    for name, value in values.items():
        if name in besides:
            continue
        if name not in known:
            raise unfit(name, f"`{name}` cannot be written; what can be is {', '.join(sorted(known))}")
        found[known[name].key] = known[name].written(value)
    return found


def names_of(keys: Collection[str], known: Mapping[str, Column]) -> list[str]:
    """Return the API's names of columns as mappings name them, in alphabetical order."""
    names = {column.key: column.name for column in known.values()}
    return sorted({names.get(key, key) for key in keys})


def missing() -> list[Record]:
    """Make the answer of an upsert that found nothing and was to write nothing then."""
    return [{"id": None, "action": "missing", "changed": [], "lost": []}]


def upserted(number: int, *, changed: Sequence[str], lost: Sequence[str], **more: Json) -> list[Record]:
    """Make the answer of an upsert that found its row."""
    action = "updated" if changed else "unchanged"
    return [{"id": number, "action": action, "changed": list(changed), "lost": list(lost), **more}]


def created(number: int, *, changed: Sequence[str], lost: Sequence[str], **more: Json) -> list[Record]:
    """Make the answer of an upsert that made its row."""
    return [{"id": number, "action": "created", "changed": list(changed), "lost": list(lost), **more}]


def ambiguous(what: str, numbers: Collection[int]) -> ShopFailure:
    """Make the failure of a match that more than one row has."""
    listed = ", ".join(map(str, sorted(numbers)))
    return refused(f"{what} is not unique in the shop: {listed}; correct it there", code="ambiguous")
