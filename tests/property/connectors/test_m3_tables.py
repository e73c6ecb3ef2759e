"""Whatever is looked up, nobody gets another's row and nobody misses one of his own."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from m3nop.connectors.m3.tables import LONGEST_QUERY, SeparatorError, distribute, literal, parse, plan
from m3nop.core.connector import Call, Effect, Operation

TABLE = Operation("table:OXHEAD", Effect.READ, many=True)
CONDITION = re.compile(r"(\w+) = ('(?:[^']|'')*'|-?[\d.]+)")

# Short texts of few characters collide often; the characters are those that could break a query or a row.
TEXTS = st.text(alphabet="AB'|^~; or=", min_size=1, max_size=8).filter(lambda text: text.strip())
NUMBERS = st.integers(-5, 5)
ROWS = st.lists(st.fixed_dictionaries({"OACUOR": TEXTS, "OACUNO": TEXTS, "OAPRIO": NUMBERS}), max_size=30)


def looked_up():
    one = st.fixed_dictionaries({"OACUOR": TEXTS})
    two = st.fixed_dictionaries({"OACUOR": TEXTS, "OACUNO": TEXTS})
    number = st.fixed_dictionaries({"OAPRIO": NUMBERS, "OACUNO": TEXTS})
    return st.lists(st.one_of(one, two, number), min_size=1, max_size=80)


def stored(value):
    return value.rstrip() if isinstance(value, str) else value


def value_of(written):
    return written[1:-1].replace("''", "'") if written.startswith("'") else Decimal(written)


def select(text, rows):
    """Read a query as M3 would and answer it: a strict reading that takes no other form."""
    columns, _, rest = text.partition(" from OXHEAD where ")
    conditions, position, joints = [], 0, set()
    while True:
        found = CONDITION.match(rest, position)
        assert found, rest[position:]
        conditions.append((found[1], value_of(found[2])))
        position = found.end()
        if position == len(rest):
            break
        joint = re.compile(r" (and|or) ").match(rest, position)
        assert joint, rest[position:]
        joints.add(joint[1])
        position = joint.end()
    assert len(joints) <= 1
    quantifier = any if "or" in joints else all
    return columns.split(","), [
        row for row in rows if quantifier(stored(row[name]) == stored(value) for name, value in conditions)
    ]


def answer(query, rows):
    columns, found = select(query.text, rows)
    lines = [query.separator.join(columns)]
    lines += [query.separator.join(str(row[name]).ljust(12) for name in columns).rstrip() for row in found]
    return [{"REPL": line} for line in lines]


def read(calls, rows):
    got = {}
    waiting = plan(calls)
    while waiting:
        query = waiting.pop()
        assert len(query.text) <= LONGEST_QUERY
        try:
            got |= distribute(query, parse(query, answer(query, rows), most=0))
        except SeparatorError:
            other = query.with_next_separator()
            if other is None:
                return None
            waiting.append(other)
    return got


@given(rows=ROWS, fields=looked_up())
def test_each_call_gets_all_rows_with_its_values_and_no_other(rows, fields):
    numbered = [{**row, "OAORNO": str(number)} for number, row in enumerate(rows)]
    calls = [Call(str(number), TABLE, values, ("OAORNO",)) for number, values in enumerate(fields)]

    got = read(calls, numbered)

    if got is None:
        assert any("|" in str(row.values()) for row in rows)
        return
    for call in calls:
        expected = {
            row["OAORNO"]
            for row in numbered
            if all(stored(row[name]) == stored(value) for name, value in call.fields.items())
        }
        assert {row["OAORNO"] for row in got[call.id]} == expected
        assert len(got[call.id]) == len(expected)


@given(st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()))
def test_a_text_stays_one_text_in_a_query(text):
    written = literal(text)

    assert re.fullmatch(r"'(?:[^']|'')*'", written)
    assert value_of(written) == text.rstrip()


@given(st.lists(st.from_regex(r"\A[A-Z0-9-]{1,20}\Z"), min_size=1, max_size=300))
def test_references_share_queries_as_far_as_they_fit(references):
    calls = [
        Call(str(number), TABLE, {"OACUOR": value}, ("OAORNO",)) for number, value in enumerate(references)
    ]

    queries = plan(calls)

    assert all(len(query.text) <= LONGEST_QUERY for query in queries)
    assert sorted(int(call.id) for query in queries for call in query.calls) == list(range(len(calls)))
    # Each holds at least twelve of the longest references, so halving never makes many more than are needed.
    assert len(queries) <= len(set(references)) // 12 + 1
