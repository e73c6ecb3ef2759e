"""The rules that ``make mutations`` breaks are where its table says, and so are the tests that must notice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "exactly-once.md"
each = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)


@each
def test_the_text_that_a_mutation_changes_occurs_once(mutation: Mutation) -> None:
    whole = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert whole.count(mutation.old) == 1
    assert ast.dump(ast.parse(mutation.applied(whole))) != ast.dump(ast.parse(whole))


@each
def test_the_test_that_must_notice_a_mutation_exists(mutation: Mutation) -> None:
    file, _, name = mutation.test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@each
def test_the_page_about_exactly_once_names_a_mutation_with_its_test(mutation: Mutation) -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if mutation.breaks in line]
    assert len(rows) == 1
    assert f"`{mutation.test.rpartition('::')[2]}`" in rows[0]


def test_mutations_have_names_of_their_own() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)
