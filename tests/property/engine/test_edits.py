"""Changes made by hand: laid over what they were made of they give what was written, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from m3nop.core import json
from m3nop.engine import edits
from m3nop.engine.edits import Edits

NAMES = st.sampled_from(["id", "sku", "items", "note"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.decimals(-3, 3, places=2)
    | st.sampled_from(["", "A", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=4)


def between(before: Any, after: Any) -> Edits:
    return Edits(tuple(edits.changes_between(before, after)), note="changed by anna: a test")


@given(RECORDS, RECORDS)
def test_changes_give_back_what_was_written(before: Any, after: Any) -> None:
    made = between(before, after)
    assert json.digest(edits.laid_over(before, made)) == json.digest(after)
    assert edits.overtaken(before, made) == []
    assert edits.overtaken(after, made) == []


@given(RECORDS, RECORDS)
def test_what_is_kept_is_read_again(before: Any, after: Any) -> None:
    made = between(before, after)
    kept = edits.written(made)
    again = edits.read(json.loads(json.dumps(kept)))
    assert json.digest(edits.laid_over(before, again)) == json.digest(after)
    assert (kept is None) == (json.digest(before) == json.digest(after))


@given(RECORDS, RECORDS, RECORDS)
def test_a_value_that_changed_at_its_source_is_never_written_over(
    before: Any, after: Any, later: Any
) -> None:
    made = between(before, after)
    seen = edits.laid_over(later, made)
    for change in made.changes:
        there, now = edits._at(later, change.path), edits._at(seen, change.path)
        around = edits._at(later, change.path[:-1])
        holds = json.digest(list(there)) == json.digest(list(change.was)) and bool(around)
        expected = change.value if holds and (there or isinstance(around[0], dict)) else there
        assert json.digest(list(now)) == json.digest(list(expected))


def test_paths_are_spelled_as_expressions_spell_them() -> None:
    made = between(
        {"items": [{"sku": "A"}], "total": Decimal("1.0")},
        {"items": [{"sku": "B"}], "note": None, "total": 1},
    )
    assert [str(change) for change in made.changes] == ["items[0].sku", "note"]
