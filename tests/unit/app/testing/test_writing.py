"""Expectations are written as YAML that reads back as the same."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from m3nop.app.testing.writing import yaml_text
from m3nop.spec.loader import load_text
from m3nop.spec.tree import plain

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
scalars = st.one_of(
    texts, st.booleans(), st.none(), st.integers(-(10**9), 10**9),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000),
    st.sampled_from(["001", "<ORNO>", "true", "null", "a: b", "a #b", "-", "", " x", "1.50", "{x}", "[", "a,b"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text("abc", min_size=1), values, min_size=1, max_size=3), st.sampled_from([20, 110])
)
def test_what_is_written_reads_back_as_the_same(value, width):
    document = load_text(yaml_text(value, width=width), file="x.yaml")

    assert document.problems == ()
    assert plain(document.root) == value


def test_what_fits_on_a_line_is_written_in_braces():
    value = {"calls": [{"call": "erp/A", "fields": {"QTY": "2", "AMT": Decimal("1.50"), "TXT": "a, b"}}]}

    assert yaml_text(value) == ('calls: [{call: erp/A, fields: {QTY: "2", AMT: 1.50, TXT: "a, b"}}]\n')
    assert yaml_text(value, width=50).splitlines() == [
        "calls:", "  - call: erp/A", '    fields: {QTY: "2", AMT: 1.50, TXT: "a, b"}',
    ]  # fmt: skip
