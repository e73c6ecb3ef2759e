"""What can be known of a value without a record: its kinds, its form, and how long its text can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from m3nop.mapping.values import kind, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.core.connector import FieldInfo
    from m3nop.core.json import Json

EVERY_KIND = frozenset({"null", "true/false", "number", "text", "list", "object"})

DATE = "date"
"""Text like 20261123."""
INSTANT = "instant"
"""A date or time as ISO 8601 writes it."""
WORD = "word"
"""Text that is no number: a status, a method's name."""
FREE = "free"
"""What people type: a name, a street."""


class Shape(Struct, frozen=True):
    """What a value can be.

    ``longest`` is how many characters it can have as text, None where nothing limits it or nothing is known;
    ``surely`` how many the constants in it alone can make. ``typed`` says that it holds text of any length
    that people type. ``items`` are those of a list, ``member`` the named values of an object. ``constant``
    holds the value itself where every record has the same.
    """

    kinds: frozenset[str] = EVERY_KIND
    longest: int | None = None
    surely: int = 0
    form: str = ""
    typed: bool = False
    items: Shape | None = None
    member: Callable[[str], Shape] | None = None
    constant: tuple[Json, ...] = ()

    def of(self, name: str) -> Shape:
        """Return what is known of a member."""
        return self.member(name) if self.member is not None else UNKNOWN

    @property
    def each(self) -> Shape:
        """What is known of an item."""
        return self.items if self.items is not None else UNKNOWN

    @property
    def count(self) -> int | None:
        """The value where it is a constant whole number, else None."""
        value = self.constant[0] if self.constant else None
        return int(value) if value is not None and kind(value) == "number" and value == int(value) else None


UNKNOWN = Shape()
NOTHING = Shape(frozenset(), longest=0)
"""No value at all, such as the items of an empty list."""
NULL = Shape(frozenset({"null"}), longest=0, constant=(None,))
NUMBER = Shape(frozenset({"number"}))
TRUTH = Shape(frozenset({"true/false"}), longest=5)


def text(longest: int | None = None, *, surely: int = 0, form: str = "", typed: bool = False) -> Shape:
    """Return the shape of a text."""
    return Shape(frozenset({"text"}), longest=longest, surely=surely, form=form, typed=typed)


DAY = Shape(frozenset({"text", "null"}), longest=8, form=DATE)


def list_of(items: Shape) -> Shape:
    """Return the shape of a list."""
    return Shape(frozenset({"list"}), longest=0, items=items)


def object_of(member: Callable[[str], Shape]) -> Shape:
    """Return the shape of an object whose members are known by name."""
    return Shape(frozenset({"object"}), longest=0, member=member)


def constant(value: Json) -> Shape:
    """Return the shape of a value that every record has."""
    match kind(value):
        case "list":
            return replace(list_of(either(constant(item) for item in value)), constant=(value,))
        case "object":
            members: Mapping[str, Json] = value
            shape = object_of(lambda name: constant(members[name]) if name in members else NULL)
            return replace(shape, constant=(value,))
        case "null":
            return NULL
        case found:
            length = len(text_of(value))
            return Shape(frozenset({found}), longest=length, surely=length, constant=(value,))


def of_field(info: FieldInfo) -> Shape:
    """Return the shape of a field of a record or an answer, by its type and length."""
    known = {
        "A": text(info.length),
        "N": replace(NUMBER, longest=info.length),
        "D": DAY,
        "bool": TRUTH,
        "instant": text(info.length, form=INSTANT),
        "word": text(info.length, form=WORD),
        "free": text(info.length, form=FREE, typed=True),
    }
    return known.get(info.type or "", replace(UNKNOWN, longest=info.length))


def of_paths(known: Mapping[str, FieldInfo], prefix: str = "") -> Shape:
    """Return the shape of a record of which some values are known by their dotted paths.

    What is inside of a list has the same path as what is inside of an object.
    """

    def member(name: str) -> Shape:
        path = f"{prefix}{name}"
        if path in known:
            return of_field(known[path])
        inside = f"{path}."
        return of_paths(known, inside) if any(one.startswith(inside) for one in known) else UNKNOWN

    record = object_of(member)
    return replace(record, kinds=EVERY_KIND, longest=None, items=record)


def either(shapes: Iterable[Shape]) -> Shape:
    """Return what a value can be that is one of several."""
    result = NOTHING
    for shape in shapes:
        result = _or(result, shape)
    return result


def _or(left: Shape, right: Shape) -> Shape:
    for one, other in ((left, right), (right, left)):
        if not one.kinds:
            return other
        if one.kinds == {"null"}:
            return replace(other, kinds=other.kinds | one.kinds, constant=())
    items = [shape.items for shape in (left, right) if shape.items is not None]
    members = [shape.member for shape in (left, right) if shape.member is not None]
    known = left.longest is not None and right.longest is not None
    return Shape(
        left.kinds | right.kinds,
        longest=max(left.longest or 0, right.longest or 0) if known else None,
        surely=max(left.surely, right.surely),
        form=left.form if left.form == right.form else "",
        typed=left.typed or right.typed,
        items=either(items) if items else None,
        member=(lambda name: either(member(name) for member in members)) if members else None,
    )


def without_null(shape: Shape) -> Shape:
    """Return the shape of a value that is not null."""
    return replace(shape, kinds=shape.kinds - {"null"})


def joined(shapes: Iterable[Shape]) -> Shape:
    """Return the shape of a text made of several, one after the other."""
    parts = list(shapes)
    lengths = [part.longest for part in parts]
    known = [length for length in lengths if length is not None]
    return text(
        sum(known) if len(known) == len(lengths) else None,
        surely=sum(part.surely for part in parts),
        typed=any(part.typed and part.longest is None for part in parts),
        form=WORD if any(part.form in {FREE, WORD} for part in parts) else "",
    )


def cut(shape: Shape, count: int | None) -> Shape:
    """Return the shape of a text of which so many characters are kept at most; None is not known."""
    lengths = [length for length in (shape.longest, count) if length is not None]
    return replace(
        shape,
        kinds=shape.kinds - {"number"} | {"text"},
        longest=min(lengths, default=None),
        surely=shape.surely if count is None else min(shape.surely, count),
        form="" if shape.form in {DATE, INSTANT} else shape.form,
        typed=False,
        constant=(),
    )
