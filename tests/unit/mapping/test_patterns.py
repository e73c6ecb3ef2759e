from __future__ import annotations

import time

import pytest

from m3nop.mapping.errors import EvaluationError
from m3nop.mapping.functions import patterns


@pytest.mark.parametrize(
    "pattern",
    [
        "abc", "^[A-Z]{2}-[0-9]+$", r"(\d+)\s*([A-Z])?", "(?i)^ab|cd$", "(?:ab)+", "^[^,]*,[^,]*", r"^\s*\S+\s+\S+", r"\s*-\s*",
        r"(\.\d{2})?$", r"\w+@\w+\.\w+", "a{2}b{,3}c{1,}", r"[\]x-]+", "[]a]", r"\u00e9\x41", r"\bx\b", "^.*$", "",
        "}", "(a|b)c", "x*?y",
    ],
)  # fmt: skip
def test_patterns_of_the_subset_are_taken(pattern):
    assert patterns.compile_pattern(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a+)+", "repeats a group that holds a repeat or alternatives"),
        ("(a|b)*", "repeats a group"),
        ("(a?){5}", "repeats a group"),
        ("((ab)*c)+", "repeats a group"),
        ("(?:x(a|b))+", "repeats a group"),
        (".*.*x", "too many repeats"),
        ("^.*.*.*x", "too many repeats"),
        (".*,.*;", "begin it with ^ or narrow them"),
        ("^a*a*xb*b*xc*c*xy", "too many repeats"),
        ("^[ab]*[bc]*a[ab]*a[ab]*d", "too many repeats"),
        ("^a*(b{0})a*(b{0}|c)a*d", "too many repeats"),
        ("^a*|b*b*c", "too many repeats"),
        (r"\d+\w+x", "too many repeats"),
        (r"\d*\w*\d*", "too many repeats"),
        ("a?" * 25 + "a" * 25, "too many repeats"),
        ("(a|a)" * 25 + "b", "too many repeats"),
        ("(a?b?)?" * 25, "too many repeats"),
        ("a{1,99}a{1,99}a{1,99}a{1,99}b", "too many repeats"),
        ("(.*)?(.*)?(.*)?x", "too many repeats"),
        (r"é*\w*\w*x", "too many repeats"),
        ("x(?=y)", "has '(?=', which is not supported"),
        ("(?P<a>b)", "which is not supported"),
        (r"(a)\1", "which is not supported"),
        (r"\p", "which is not supported"),
        ("a*+", "has '+', which is not supported"),
        ("*a", "which is not supported"),
        ("a{x}", "which is not supported"),
        ("[[a]", "which is not supported"),
        ("[a&&b]", "write \\ before a repeated sign"),
        ("[a", "which is not supported"),
        ("(a", "has a group that is not closed"),
        ("a)", "closes a group that is not open"),
        ("[z-a]", "is not a regular expression"),
        ("a{3,2}", "is not a regular expression"),
        ("a" * 501, "longer than 500 characters"),
    ],
)
def test_patterns_outside_the_subset_are_refused(pattern, said):
    with pytest.raises(EvaluationError) as caught:
        patterns.compile_pattern(pattern)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^.*,.*;", "," * 1000),
        (r"(\w+)\s+(\w+)!", "a " * 500),
        ("^(a?)a?a?a?a?a?a*$", "a" * 999 + "b"),
        (r"\s+$", " " * 999 + "x"),
        (r"^\w+\s*\w+!", "a" * 1000),
        ("[a-z]*x", "a" * 1000),
        ("(ab)*c", "ab" * 500),
    ],
)
def test_what_is_taken_ends_soon_on_its_worst_text(pattern, text):
    began = time.perf_counter()
    assert patterns.search(pattern, text) is None
    assert time.perf_counter() - began < 5
