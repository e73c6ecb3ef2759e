from __future__ import annotations

import pytest

from m3nop.core.problems import Severity
from m3nop.core.secrets import SecretRef
from m3nop.spec.loader import load_text
from m3nop.spec.tree import ScalarNode, find, plain, stamp
from m3nop.spec.variables import Filler, refuse_secrets


def fill(value: str, **environ: str):
    root = load_text(f"a: {value}\n", file="x.yaml").root
    assert root is not None
    filler = Filler(environ)
    return plain(filler.fill(root))["a"], [p.code for p in filler.problems]


@pytest.mark.parametrize(
    ("written", "environ", "value"),
    [
        ("${URL}", {"URL": "https://x"}, "https://x"),
        ("https://${HOST}:${PORT}/", {"HOST": "h", "PORT": "1"}, "https://h:1/"),
        ("${URL:-fallback}", {}, "fallback"),
        ("${URL:-fallback}", {"URL": ""}, "fallback"),
        ("${URL:-fallback}", {"URL": "x"}, "x"),
        ("${URL:-}", {}, ""),
        ("${URL:?say it}", {"URL": "x"}, "x"),
        ("$${URL}", {"URL": "x"}, "${URL}"),
        ("cost $5", {}, "cost $5"),
        ("${EMPTY}", {"EMPTY": ""}, ""),
        ("${COMPANY}", {"COMPANY": "100"}, "100"),
    ],
)
def test_a_variable_is_filled_in(written, environ, value):
    assert fill(written, **environ) == (value, [])


@pytest.mark.parametrize("value", ["x: y", "'", '"', "a\nb: c", "{", "- x", "#"])
def test_no_value_of_a_variable_changes_the_structure_of_a_file(value):
    assert fill("${X}", X=value) == (value, [])


def test_a_secret_is_a_name_and_needs_no_environment():
    assert fill('"${secret:M3_IONAPI}"') == (SecretRef("M3_IONAPI"), [])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("${URL}", "missing-variable"),
        ("${URL:?say it}", "missing-variable"),
        ('"x ${secret:NAME}"', "bad-variable"),
        ("${}", "bad-variable"),
        ("${URL-x}", "bad-variable"),
        ("${URL", "bad-variable"),
        ("${secret:a-b}", "bad-variable"),
    ],
)
def test_what_cannot_be_filled_in_is_a_problem_where_it_stands(written, code):
    assert fill(written) == ("", [code])


def test_a_missing_variable_says_what_its_author_wrote():
    root = load_text("a: ${URL:?the address of the shop}\n", file="x.yaml").root
    assert root is not None
    filler = Filler({})
    filler.fill(root)

    (problem,) = filler.problems
    assert problem.message == "the environment variable URL is missing: the address of the shop"


def test_a_missing_variable_of_a_lenient_layer_is_a_warning():
    root = load_text("a: ${URL}\n", file="x.yaml").root
    assert root is not None
    filler = Filler({}, lenient_layer="environment qa")

    node = find(filler.fill(stamp(root, "environment qa")), ("a",))

    assert [p.severity for p in filler.problems] == [Severity.WARNING]
    assert isinstance(node, ScalarNode)
    assert node.unresolved


def test_a_secret_is_refused_where_it_would_be_shown():
    root = load_text('a: {b: "${secret:X}"}\n', file="x.yaml").root
    assert root is not None
    problems = []

    found = refuse_secrets(Filler({}).fill(root), problems)

    assert plain(found) == {"a": {"b": "${secret:X}"}}
    assert [p.code for p in problems] == ["secret-here"]
