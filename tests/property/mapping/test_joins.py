"""Lists of two systems are joined by codes and positions: each finds its own, or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from m3nop.mapping.context import Context
from m3nop.mapping.expressions import compile_expression

JOIN = compile_expression(
    "map(&{id: nth(root().items, find_by(root().lines, &PONR, RIDL).CUPO).id, quantity: TRQA}, delivered)"
)
FOUND = compile_expression("find_by(items, &code, wanted)")
AT = compile_expression("nth(items, position)")

codes = st.one_of(
    st.none(),
    st.integers(-3, 12),
    st.decimals(-3, 12, places=1),
    st.sampled_from(["", " ", "1", "01", " 7 ", "A"]),
)


@given(st.data())
def test_every_delivered_line_finds_the_shop_line_that_it_was_entered_from(data: st.DataObject) -> None:
    """Whatever order M3 lists its lines in, and whether it tells numbers as numbers or as text."""
    count = data.draw(st.integers(1, 8))
    items = [{"id": 2000 + number} for number in range(count)]
    written = data.draw(st.sampled_from([str, int, Decimal, lambda number: f"{number} "]))
    lines = [{"PONR": written(10 * position), "CUPO": str(position)} for position in range(1, count + 1)]
    shown = data.draw(st.permutations(lines))
    positions = data.draw(st.lists(st.integers(1, count + 2), max_size=10))
    delivered = [{"RIDL": Decimal(10 * position), "TRQA": Decimal(position)} for position in positions]
    joined = JOIN.evaluate({"items": items, "lines": shown, "delivered": delivered}, Context())
    assert joined == [
        {"id": 1999 + position if position <= count else None, "quantity": Decimal(position)}
        for position in positions
    ]


@given(st.lists(codes, max_size=6), codes)
def test_what_is_found_has_the_code_and_is_the_first(held: list[Any], wanted: Any) -> None:
    items = [{"code": code, "row": row} for row, code in enumerate(held)]
    found = FOUND.evaluate({"items": items, "wanted": wanted}, Context())
    same = [item["row"] for item in items if _text(item["code"]) == _text(wanted) != ""]
    assert (found["row"] if found else None) == (same[0] if same else None)


@given(st.lists(st.integers(), max_size=6), codes)
def test_an_item_is_at_its_position_or_nothing_is(items: list[int], position: Any) -> None:
    found = AT.evaluate({"items": items, "position": position}, Context())
    text = _text(position)
    place = int(text) if text.isdecimal() else 0
    assert found == (items[place - 1] if 0 < place <= len(items) else None)


def _text(value: Any) -> str:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    return "" if value is None else str(value).strip()
