from __future__ import annotations

from datetime import date, datetime

import yaml
from hypothesis import given
from hypothesis import strategies as st

from m3nop.spec.loader import load_bytes, load_text
from m3nop.spec.merge import merge, without_removed
from m3nop.spec.offsets import position_in
from m3nop.spec.show import show
from m3nop.spec.tree import ScalarNode, from_json, locate, nearest, plain, stamp, walk

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXT
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
YAML_LIKE = st.text(st.sampled_from("ab01 \n\t:-,{}[]'\"`#&*!|>?@%.$~\\é"), max_size=60)


@given(YAML_LIKE)
def test_no_text_makes_reading_fail_or_lose_a_place(text):
    document = load_text(text, file="x.yaml")

    assert (document.root is None) <= bool(document.problems)
    last = text.count("\n") + 2
    for problem in document.problems:
        assert 1 <= problem.position.line <= last
        assert problem.position.column >= 1
    if document.root is not None:
        for loc, node in walk(document.root):
            assert locate(document.root, loc) == node.position
            assert 1 <= node.position.line <= last
            if isinstance(node, ScalarNode):
                for offset in range(len(node.text) + 1):
                    assert 1 <= position_in(node, offset).line <= last


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_fail(data):
    document = load_bytes(data, file="x.yaml")

    assert (document.root is None) <= bool(document.problems)


@given(YAML_LIKE, st.lists(TEXT | st.integers(-3, 3), max_size=4))
def test_every_way_into_a_tree_has_a_place(text, loc):
    root = load_text(text, file="x.yaml").root
    if root is not None:
        assert nearest(root, tuple(loc))[1].file == "x.yaml"


def common(value: object) -> bool:
    """Tell whether YAML 1.1 and our core schema must agree on a value."""
    match value:
        case dict():
            return all(isinstance(key, str) and common(item) for key, item in value.items())
        case list():
            return all(common(item) for item in value)
        case float() | date() | datetime():
            return False
        case _:
            return True


@given(TREES)
def test_what_pyyaml_writes_is_read_as_pyyaml_reads_it(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    document = load_text(text, file="x.yaml")

    if document.root is None:
        assert value is None or any(p.code in {"control-character", "empty-file"} for p in document.problems)
    elif common(value) and "cut-value" not in {p.code for p in document.problems}:
        assert plain(document.root) == value


@given(TREES.filter(lambda value: isinstance(value, (dict, list))))
def test_what_is_shown_reads_back_as_the_same(value):
    root = from_json(value, file="x")

    again = load_text("\n".join(line.text for line in show(root)), file="y")

    assert plain(again.root) == value


def base(value: object):
    return from_json(value, file="base")


VALUES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3) | st.none(), max_size=3)
MAPS = st.recursive(
    VALUES,
    lambda inner: st.builds(
        lambda values, maps: {**values, **maps},
        VALUES,
        st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
    ),
    max_leaves=6,
)
"""Mappings in which a key is always a value, or always a mapping, as in the files of a project."""


@given(MAPS)
def test_merging_nothing_changes_nothing(value):
    assert plain(merge(base(value), base({}))) == value
    assert plain(merge(base({}), base(value))) == value


@given(MAPS)
def test_merging_the_same_twice_is_merging_it_once(value):
    assert plain(merge(base(value), base(value))) == value


@given(MAPS, MAPS, MAPS)
def test_layers_may_be_merged_in_any_grouping(first, second, third):
    left = merge(merge(base(first), base(second)), base(third))
    right = merge(base(first), merge(base(second), base(third)))

    assert plain(left) == plain(right)


@given(MAPS, MAPS)
def test_what_the_upper_layer_says_holds(below, above):
    result = without_removed(merge(base(below), stamp(base(above), "environment qa")))

    for loc, node in walk(stamp(base(above), "environment qa")):
        if isinstance(node, ScalarNode):
            found = plain(result)
            for part in loc:
                found = found.get(part) if isinstance(found, dict) else None
            assert found == node.value
