from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from m3nop.connectors.nopcommerce import records
from m3nop.connectors.nopcommerce.positions import Gaps
from m3nop.connectors.nopcommerce.refusals import said_of
from m3nop.connectors.nopcommerce.rows import chunks
from m3nop.connectors.nopcommerce.shape import ITEM_FIELDS, MONEY, ORDER_FIELDS, SENSITIVE
from m3nop.connectors.nopcommerce.wanted import EVERYTHING, Wanted
from m3nop.core import json
from m3nop.core.clock import DAY, parse_instant
from m3nop.core.html import plain_text
from m3nop.http.response import CARD_FIELDS

CARD_NAMES = st.sampled_from(sorted(CARD_FIELDS)).flatmap(
    lambda name: st.sampled_from(
        [name, name.upper(), name.replace("card", "card_"), name.replace("card", "Card-")]
    )
)
NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(-(10**9), 10**9, places=4)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | CARD_NAMES, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
MONEY_NAMES = st.sampled_from([*sorted(MONEY), "order_subtotal_excl_tax", "price_incl_tax"])
NAMES = (
    st.sampled_from(ORDER_FIELDS)
    | MONEY_NAMES
    | CARD_NAMES
    | st.sampled_from(sorted(SENSITIVE))
    | st.text(max_size=10)
)
ROWS = st.dictionaries(NAMES, VALUES, max_size=12)
STATUSES = (
    st.integers(-5, 60) | st.integers(-5, 60).map(str) | st.sampled_from(["Paid", "NotYetShipped", "Pending"])
)
TIMES = st.datetimes(timezones=st.none())


def keys_in(document):
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from keys_in(value)
    if isinstance(document, list):
        for element in document:
            yield from keys_in(element)


def order(row, wanted=EVERYTHING):
    return records.order({**row, "id": 7, "created_on_utc": "2026-11-20T10:11:12"}, {}, wanted=wanted)


@given(ROWS)
def test_any_row_with_an_id_and_a_creation_makes_an_order(row):
    record = order(row)
    assert set(ORDER_FIELDS) <= set(record)
    assert json.loads(json.dumps(record)) == record


@given(ROWS)
def test_no_card_field_is_left_whatever_its_spelling_and_depth(row):
    names = {re.sub("[_-]", "", name).lower() for name in keys_in(order(row))}
    assert not names & CARD_FIELDS


@given(ROWS, st.frozensets(st.sampled_from(sorted(SENSITIVE)) | st.sampled_from(ORDER_FIELDS)))
def test_what_is_sensitive_is_kept_only_if_it_is_named(row, paths):
    assert set(order(row, Wanted(paths))) & SENSITIVE <= paths


@given(ROWS)
def test_numbers_in_money_fields_are_decimals(row):
    for name, value in order(row).items():
        if name in MONEY or name.endswith(("_incl_tax", "_excl_tax")):
            assert not isinstance(value, int) or isinstance(value, bool)


@given(NUMBERS)
def test_an_amount_keeps_its_value(number):
    assert records.amount(number) == number
    assert records.amount(str(number)) == number


@given(STATUSES)
def test_a_status_is_a_word(status):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*|status_-?\d+", records.word(status, records.ORDER_STATUSES))


@given(TIMES, st.integers(0, 9), st.sampled_from(["", "Z"]))
def test_a_time_is_read_the_same_however_it_is_written(moment, digit, zone):
    shop = f"{moment.isoformat(timespec='microseconds')}{digit}{zone}"
    text = records.moment(shop)
    assert text == f"{moment.isoformat(timespec='microseconds')}Z"
    assert records.moment(text) == text
    assert parse_instant(text) == parse_instant(moment.isoformat())


@given(st.lists(st.tuples(st.decimals(0, 100, places=2), st.decimals(-(10**6), 10**6, places=4)), max_size=4))
def test_tax_rates_are_read_as_they_were_written(pairs):
    text = "".join(f"{rate}:{tax};   " for rate, tax in pairs)
    assert [(tax["rate"], tax["amount"]) for tax in records.taxes(text)] == pairs


@given(st.lists(st.sampled_from(["<b>", "</b>", "<br/>", "a", " ", "&amp;", "<p class='x'>", "</p>", "ö"])))
def test_text_of_html_holds_no_markup_and_no_blank_lines(parts):
    text = plain_text("".join(parts))
    assert "<" not in text
    assert all(line == " ".join(line.split()) and line for line in text.split("\n") if text)


@given(st.sets(st.integers(1, 10**6), max_size=8), st.randoms())
def test_lines_are_numbered_by_ascending_id_whatever_their_order(ids, chance):
    rows = [{"id": number, "quantity": 1} for number in ids]
    chance.shuffle(rows)
    lines = records.items(rows, {}, {})
    assert [line["id"] for line in lines] == sorted(ids)
    assert [line["position"] for line in lines] == list(range(1, len(ids) + 1))
    assert all(set(ITEM_FIELDS) <= set(line) for line in lines)


@given(st.sets(st.integers(1, 500), min_size=1))
def test_rows_and_gaps_are_together_every_id(ids):
    now = parse_instant("2026-11-23")
    gaps = Gaps(0, now=now)
    seen = [number for row in sorted(ids) for number in (*gaps.below(row, created=now), row)]
    assert seen == list(range(1, max(ids) + 1))


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(-3 * DAY, 0)), min_size=1))
def test_no_gap_below_a_young_row_is_forgotten(steps):
    now, number = parse_instant("2026-11-23"), 0
    gaps = Gaps(0, now=now)
    for step, age in steps:
        skipped = list(range(number + 1, number + step))
        number += step
        found = list(gaps.below(number, created=now + age))
        assert found == skipped or (not found and age < -DAY)


@given(st.lists(st.integers(1, 10**6)), st.integers(1, 50))
def test_chunks_hold_everything_once(numbers, size):
    pieces = list(chunks(numbers, size))
    assert [number for piece in pieces for number in piece] == numbers
    assert all(0 < len(piece) <= size for piece in pieces)


@given(VALUES)
def test_any_error_document_can_be_read(document):
    said = said_of(document)
    assert said is None or all(isinstance(part, str) for part in said)


@given(st.none() | st.text() | NUMBERS)
def test_amounts_of_any_kind_do_not_fail(value):
    assert isinstance(records.amount(value), (Decimal, str, type(None)))
