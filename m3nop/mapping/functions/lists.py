"""Functions of lists and objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from m3nop.core.json import Json
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions.numbers import ordered
from m3nop.mapping.functions.registry import Family
from m3nop.mapping.values import kind, same, show, text_of, unique_key

FAMILY = Family("lists")
Of = Callable[[Json], Json]

_DIGITS_OF_A_PLACE = 9

_LINES = {"lines": [{"item": "B", "row": 1}, {"item": "A", "row": 2}, {"item": "B", "row": 3}]}


@FAMILY.function(
    "length(value: text|list|object) -> number",
    "Count characters, items or members.",
    "length(`[1, 2]`)",
    2,
    standard=True,
)
def _length(value: Json) -> int:
    return len(value)


@FAMILY.function(
    "contains(in: text|list, what: any) -> bool",
    "Tell whether a text is part of a text, or a value one of a list.",
    'contains(`["paid", "authorized"]`, \'paid\')',
    result=True,
    standard=True,
)
def _contains(subject: Json, what: Json) -> bool:
    if isinstance(subject, str):
        if kind(what) != "text":
            msg = f"contains() looks for text in a text, not for {show(what)}"
            raise EvaluationError(msg)
        return what in subject
    # Only a text equals a text, so that the list itself can be asked.
    if what in subject if type(what) is str else any(same(item, what) for item in subject):
        return True
    kinds = {kind(item) for item in subject} - {"null"}
    if what is not None and kinds and kind(what) not in kinds:
        among = " and ".join(sorted(kinds))
        msg = (
            f"contains() looks for {show(what)} in a list of {among}, where it never is; "
            "to_string() and decimal() change a type"
        )
        raise EvaluationError(msg)
    return False


@FAMILY.function(
    "reverse(value: text|list) -> text|list",
    "Turn the order round.",
    "reverse(`[1, 2]`)",
    [2, 1],
    passes=(0,),
    standard=True,
)
def _reverse(value: Json) -> Json:
    return value[::-1] if isinstance(value, str) else list(reversed(value))


@FAMILY.function(
    "to_array(value: any) -> list",
    "Make a list of one of what is not a list.",
    "to_array('a')",
    ["a"],
    passes=(0,),
    standard=True,
)
def _to_array(value: Json) -> list[Json]:
    return list(value) if kind(value) == "list" else [value]


@FAMILY.function(
    "keys(object: object) -> list", "List the names of the members.", 'keys(`{"a": 1}`)', ["a"], standard=True
)
def _keys(members: Mapping[str, Json]) -> list[str]:
    return list(members.keys())


@FAMILY.function(
    "values(object: object) -> list",
    "List the values of the members.",
    'values(`{"a": 1}`)',
    [1],
    standard=True,
)
def _values(members: Mapping[str, Json]) -> list[Json]:
    return list(members.values())


@FAMILY.function(
    "merge(objects...: object) -> object",
    "Put the members together; a later one wins.",
    'merge(`{"a": 1, "b": 1}`, `{"b": 2}`)',
    {"a": 1, "b": 2},
    standard=True,
)
def _merge(*objects: Mapping[str, Json]) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for members in objects:
        merged.update(members)
    return merged


@FAMILY.function(
    "map(of: expr, items: list) -> list",
    "Give what an expression gives for each item, nulls included.",
    "map(&row, lines)",
    [1, 2, 3],
    root=_LINES,
    through_reference=True,
    standard=True,
)
def _map(of: Of, items: Sequence[Json]) -> list[Json]:
    return [of(item) for item in items]


@FAMILY.function(
    "sort(values: list) -> list",
    "Put numbers, or texts by their characters, in order.",
    "sort(`[2, 1.5]`)",
    [Decimal("1.5"), 2],
    standard=True,
)
def _sort(values: Sequence[Json]) -> list[Json]:
    return sorted(ordered("sort", values))


@FAMILY.function(
    "sort_by(items: list, of: expr) -> list",
    "Put items in the order of what an expression gives for each.",
    "sort_by(lines, &item)[*].row",
    [2, 1, 3],
    root=_LINES,
    passes=(0,),
    standard=True,
)
def _sort_by(items: Sequence[Json], of: Of) -> list[Json]:
    return [items[index] for _, index in _ranked("sort_by", items, of)]


@FAMILY.function(
    "max_by(items: list, of: expr) -> any",
    "Give the item for which an expression gives most; null of none.",
    "max_by(lines, &row).item",
    "B",
    root=_LINES,
    passes=(0,),
    standard=True,
)
def _max_by(items: Sequence[Json], of: Of) -> Json:
    keys = ordered("max_by", [of(item) for item in items])
    return items[max(range(len(keys)), key=keys.__getitem__)] if keys else None


@FAMILY.function(
    "min_by(items: list, of: expr) -> any",
    "Give the item for which an expression gives least; null of none.",
    "min_by(lines, &item).row",
    2,
    root=_LINES,
    passes=(0,),
    standard=True,
)
def _min_by(items: Sequence[Json], of: Of) -> Json:
    ranked = _ranked("min_by", items, of)
    return items[ranked[0][1]] if ranked else None


@FAMILY.function(
    "group_by(items: list, of: expr) -> list",
    "Make a list of {key, rows} of the items with equal keys, in order.",
    "group_by(lines, &item)[*].{key: key, rows: rows[*].row}",
    [{"key": "B", "rows": [1, 3]}, {"key": "A", "rows": [2]}],
    root=_LINES,
)
def _group_by(items: Sequence[Json], of: Of) -> list[Json]:
    groups: dict[Any, dict[str, Json]] = {}
    for item in items:
        key = of(item)
        groups.setdefault(unique_key(key), {"key": key, "rows": []})["rows"].append(item)
    return list(groups.values())


@FAMILY.function(
    "index_by(items: list, of: expr) -> object",
    "Make an object of the items, named by their keys; no key may repeat.",
    "index_by(lines, &concat('r', row)).r2.item",
    "A",
    root=_LINES,
)
def _index_by(items: Sequence[Json], of: Of) -> dict[str, Json]:
    index: dict[str, Json] = {}
    for item in items:
        key = text_of(of(item))
        if key in index:
            msg = f"index_by() finds two items with the key '{key}'; group_by() keeps both"
            raise EvaluationError(msg)
        index[key] = item
    return index


@FAMILY.function(
    "first(items: list?) -> any",
    "Give the first item; null of an empty list or of null.",
    "first(lines).item",
    "B",
    root=_LINES,
    passes=(0,),
)
def _first(items: Sequence[Json]) -> Json:
    return items[0] if items else None


@FAMILY.function(
    "find_by(items: list?, of: expr, value: scalar|null) -> any",
    "Give the first item for which an expression gives this code; null for none and for a blank code.",
    "find_by(lines, &item, 'A').row",
    2,
    root=_LINES,
    passes=(0,),
)
def _find_by(items: Sequence[Json], of: Of, value: Json) -> Json:
    # Codes of two systems, where one tells a number and the other a text.
    code = text_of(value).strip()
    return next((item for item in items if code and text_of(of(item)).strip() == code), None)


@FAMILY.function(
    "unique(items: list?) -> list?",
    "Keep the first of equal items.",
    "unique(lines[*].item)",
    ["B", "A"],
    root=_LINES,
    passes=(0,),
)
def _unique(items: Sequence[Json]) -> list[Json]:
    kept: dict[Any, Json] = {}
    for item in items:
        kept.setdefault(unique_key(item), item)
    return list(kept.values())


@FAMILY.function(
    "flatten(items: list?) -> list?",
    "Put the items of inner lists in one list; nulls are left out.",
    "flatten(`[[1, 2], null, 3, [[4]]]`)",
    [1, 2, 3, [4]],
    passes=(0,),
)
def _flatten(items: Sequence[Json]) -> list[Json]:
    flat: list[Json] = []
    for item in items:
        if kind(item) == "list":
            flat.extend(item)
        elif item is not None:
            flat.append(item)
    return flat


@FAMILY.function(
    "zip(lists...: list) -> list",
    "Put the items at equal places together, as far as the shortest list.",
    'zip(`["a", "b"]`, `[1, 2, 3]`)',
    [["a", 1], ["b", 2]],
)
def _zip(*lists: Sequence[Json]) -> list[Json]:
    return [list(row) for row in zip(*lists, strict=False)]


@FAMILY.function(
    "nth(items: list?, number: scalar|null) -> any",
    "Give the item at a place, counted from 1; null where there is none, as at a blank or a word.",
    'nth(`["a", "b"]`, `2`)',
    "b",
    passes=(0,),
)
def _nth(items: Sequence[Json], number: Json) -> Json:
    text = text_of(number).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_OF_A_PLACE):
        return None
    return items[int(text) - 1] if 0 < int(text) <= len(items) else None


@FAMILY.function(
    "from_items(pairs: list?) -> object?",
    "Make an object of pairs of a name and a value; of two with one name the later counts.",
    'from_items(`[["de", 1], ["sv", 2]]`)',
    {"de": 1, "sv": 2},
)
def _from_items(pairs: Sequence[Json]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for pair in pairs:
        if kind(pair) != "list" or len(pair) != 2 or kind(pair[0]) != "text":  # noqa: PLR2004 - a pair
            msg = f"from_items() takes pairs of a text and a value, not {show(pair)}"
            raise EvaluationError(msg)
        made[pair[0]] = pair[1]
    return made


def _ranked(function: str, items: Sequence[Json], of: Of) -> list[tuple[Json, int]]:
    keys = ordered(function, [of(item) for item in items])
    return sorted((key, index) for index, key in enumerate(keys))
