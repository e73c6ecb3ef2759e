"""A test that is written from what came of a record passes, and fails when any expected value is changed."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from m3nop.app.testing.bench import Bench, Verdict
from m3nop.app.testing.writing import expectation, update, yaml_text
from m3nop.spec.mapping_test_files import load_test_file
from tests.end_to_end.pack import Extras, Line, order, project

if TYPE_CHECKING:
    from pathlib import Path

BENCH = Bench(project())
QUICK = settings(
    max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
NAMED = ("calls", "reads", "requires", "skipped", "link", "reference", "vars")

cents = st.decimals(min_value=0, max_value=500, places=2)
lines = st.lists(
    st.builds(
        Line, unit=st.decimals(min_value=Decimal("0.01"), max_value=500, places=2), quantity=st.integers(1, 9),
        sku=st.text("ABC0123456789-", min_size=1, max_size=15),
        text=st.none() | st.sampled_from(["Color: green", "# odd, {text}: 'a'", "Größe: L\nFarbe: rot"]),
    ),
    max_size=3,
)  # fmt: skip
records = st.builds(
    order, lines, st.builds(Extras, shipping=cents), payment_status=st.sampled_from(["paid", "pending"]),
    payment_method=st.sampled_from(["Payments.Manual", "Payments.Odd"]), pickup_in_store=st.booleans(),
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tests")
    return folder / "orders.yaml"


def run(path: Path, record: Any, expect: Any) -> Verdict:
    document = {
        "pipeline": "orders", "given": {"order": record, "links": {"customers": {"17": "W17"}}},
        "tests": [{"name": "one", "expect": expect}],
    }  # fmt: skip
    path.write_text(yaml_text(document), encoding="utf-8")
    file = load_test_file(path)
    assert file.problems == ()
    return BENCH.run(file, file.tests[0])


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in leaves(one, (*way, name))]
    if isinstance(value, list):
        return [found for index, one in enumerate(value) for found in leaves(one, (*way, index))]
    return [way]


def changed(expect: Any, way: tuple[Any, ...]) -> Any:
    """Return the expectation with one value replaced by another of its kind."""
    copied = copy.deepcopy(expect)
    at = copied
    for part in way[:-1]:
        at = at[part]
    old = at[way[-1]]
    at[way[-1]] = (
        (not old) if isinstance(old, bool) else old + 1 if isinstance(old, (int, Decimal)) else f"{old}x"
    )
    return copied


@QUICK
@given(records, st.data())
def test_a_test_made_of_what_came_passes_and_any_changed_value_fails(path: Path, record: Any, data: Any):
    found = run(path, record, {"review": "any"}).found
    assert found is not None
    expect = expectation(found, NAMED)
    assert run(path, record, expect).differences == ()

    ways = [way for way in leaves(expect) if way[-1] not in ("call", "read", "upsert", "pipeline")]
    wrong = changed(expect, data.draw(st.sampled_from(ways)))
    assert not run(path, record, wrong).passed


@QUICK
@given(records, records)
def test_an_updated_test_passes(path: Path, record: Any, other: Any):
    before = expectation(run(path, other, {"review": "any"}).found, NAMED)
    verdict = run(path, record, before)

    update(verdict.file, [verdict])

    file = load_test_file(path)
    assert BENCH.run(file, file.tests[0]).differences == ()
    assert update(file, [replace(verdict, differences=())]) == 0
