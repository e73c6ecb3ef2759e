"""Damaged input ends in an answer or one of our own errors: what was found once is tried again, and some new damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
CONNECTORS = ("m3_v2", "m3_v1", "shop_official", "shop_oss")
few = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name[:20]}")
def test_what_was_found_once_is_no_surprise_any_more(path):
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_a_corpus():
    assert {path.parent.name for path in CASES} == set(TARGETS)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CONNECTORS)
@few
@given(data=st.binary(min_size=4, max_size=32))
def test_no_damaged_answer_surprises_a_connector(name, data):
    TARGETS[name](data)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab01 .,[]{}()&@*?|!<>=`\"'\\:ör-"), max_size=40))
def test_no_text_surprises_the_evaluation_of_expressions(text):
    TARGETS["expression"](text.encode())


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab01 \n\t:-,{}[]'\"`#&*!|>?@%.$~\\é"), max_size=60))
def test_no_text_surprises_the_loader(text):
    TARGETS["loader"](text.encode())
