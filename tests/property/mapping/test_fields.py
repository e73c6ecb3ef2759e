"""What is sent fits the field, and equal codes find the same row."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from m3nop.core.connector import FieldInfo
from m3nop.mapping.context import Context
from m3nop.mapping.conversion import from_field_text, to_field_text
from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.expressions import compile_expression
from m3nop.mapping.fields import FieldRefusal, FieldRule, map_fields
from m3nop.mapping.lookups import Lookup, Miss, lookup_from_csv
from m3nop.mapping.values import plain

money = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12)
texts = st.text(max_size=30) | st.sampled_from(["20261123", "2026-11-23", "1,5", "-007.50", "  x  ", "0"])
values = st.none() | st.booleans() | st.integers() | money | texts | st.lists(texts, max_size=2)
fields = st.builds(
    FieldInfo,
    name=st.just("FLD"),
    type=st.sampled_from(["A", "N", "D", None]),
    length=st.none() | st.integers(1, 20),
    decimals=st.none() | st.integers(0, 6),
    mandatory=st.booleans(),
)


def _check(text: str, info: FieldInfo) -> None:
    assert text == text.rstrip()
    assert not re.search(r"[\x00-\x1f\x7f]", text)
    if not text:
        return
    if info.type == "D":
        assert date(int(text[:4]), int(text[4:6]), int(text[6:])).strftime("%Y%m%d").zfill(8) == text
        return
    assert info.length is None or len(text) <= info.length
    if info.type == "N":
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", text)
        assert info.decimals is None or len(text.partition(".")[2]) <= info.decimals


@given(value=values, info=fields, truncate=st.booleans())
def test_what_is_sent_fits_or_is_refused(value, info, truncate):
    rule = FieldRule("FLD", compile_expression("v"), truncate=truncate)
    try:
        mapped = map_fields([rule], {"v": value}, Context(), {"FLD": info})
    except FieldRefusal:
        return
    assert mapped.fields.keys() == mapped.origins.keys()
    assert not (info.mandatory and not mapped.fields)
    _check(mapped.fields.get("FLD", ""), info)


@given(value=texts.filter(str.strip), length=st.integers(1, 20))
def test_text_that_fits_is_never_refused_and_cut_text_always_fits(value, length):
    info = FieldInfo("FLD", "A", length)
    assert len(to_field_text(value, info, truncate=True)) <= length
    assert to_field_text(value[:length], info) == to_field_text(value[:length])


@given(number=money)
def test_money_comes_back_as_it_was_sent(number):
    try:
        text = to_field_text(number, FieldInfo("FLD", "N"))
    except EvaluationError:
        assume(False)
    assert from_field_text(text, FieldInfo("FLD", "N")) == number


@given(text=st.text(max_size=30), info=fields)
def test_any_answer_is_read(text, info):
    value = from_field_text(text, info)
    assert value is None or isinstance(value, (str, Decimal))


@given(codes=st.lists(st.integers() | money | texts, max_size=8), wanted=st.integers() | money | texts)
def test_a_code_finds_its_row_however_it_is_written(codes, wanted):
    def key(code):
        return code.strip() if isinstance(code, str) else plain(code)

    try:
        keys = [key(code) for code in codes]
        present = key(wanted) in keys
    except EvaluationError:
        assume(False)
    table = Lookup("x", rows={code: {"value": f"<{code}>"} for code in keys})
    assert table.find(wanted) == (f"<{key(wanted)}>" if present else None)


cells = st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=6)


@given(
    rows=st.dictionaries(cells.map(str.strip), st.tuples(cells, cells), max_size=6),
    mark=st.sampled_from(",;\t"),
)
def test_a_table_is_read_as_it_was_written(rows, mark):
    def quoted(*row):
        return mark.join('"' + cell.replace('"', '""') + '"' for cell in row)

    text = "\n".join(
        [mark.join(["from", "a", "b"]), *(quoted(code, *values) for code, values in rows.items())]
    )
    table = lookup_from_csv(text, "x", missing=Miss.BLANK)
    expected = {
        code: {"a": one.strip(), "b": two.strip()}
        for code, (one, two) in rows.items()
        if (code + one + two).strip()
    }
    assert table.rows == expected
