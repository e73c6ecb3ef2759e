from __future__ import annotations

from m3nop.spec.loader import load_text
from m3nop.spec.merge import merge, without_removed
from m3nop.spec.tree import Node, find, locate, plain, stamp


def tree(text: str, file: str = "base.yaml") -> Node:
    root = load_text(text, file=file).root
    assert root is not None
    return root


def over(text: str) -> Node:
    return stamp(tree(text, "over.yaml"), "environment qa")


def merged(base: str, change: str):
    problems = []
    result = without_removed(merge(tree(base), over(change), problems))
    return plain(result), [f"{p.position} {p.code}" for p in problems]


def test_mappings_merge_and_other_values_replace():
    assert merged("a: {b: 1, c: [1, 2]}\n", "a: {c: [3], d: 4}\n") == ({"a": {"b": 1, "c": [3], "d": 4}}, [])


def test_null_removes():
    assert merged("a: {b: 1, c: 2}\n", "a: {b: null}\n") == ({"a": {"c": 2}}, [])


def test_null_of_the_base_stays_to_be_refused():
    assert merged("a: {b: null}\n", "c: 1\n") == ({"a": {"b": None}, "c": 1}, [])


def test_a_setting_may_be_set_to_null():
    assert merged("settings: {guest: W9999}\n", "settings: {guest: null}\n") == (
        {"settings": {"guest": None}},
        [],
    )


STEPS = "steps: [{id: a, x: 1}, {id: b, x: 2}, {id: c, x: 3}]\n"


def test_steps_merge_by_id():
    assert merged(STEPS, "steps: {b: {y: 9}, c: null}\n")[0] == {
        "steps": [{"id": "a", "x": 1}, {"id": "b", "x": 2, "y": 9}]
    }


def test_after_inserts_in_the_order_given():
    result, problems = merged(STEPS, "steps: {n: {after: a, x: 8}, m: {after: n, id: m, x: 9}}\n")

    assert [step["id"] for step in result["steps"]] == ["a", "n", "m", "b", "c"]
    assert result["steps"][1] == {"id": "n", "x": 8}
    assert problems == []


def test_an_override_of_nothing_is_a_problem():
    assert merged(STEPS, "steps: {n: {x: 8}, m: {after: q, x: 1}, o: null}\n")[1] == [
        "over.yaml:1:9 unknown-override",
        "over.yaml:1:31 unknown-override",
        "over.yaml:1:41 unknown-override",
    ]


def test_a_list_without_ids_is_replaced():
    assert merged("a: [1, 2]\n", "a: {b: 1}\n")[0] == {"a": {"b": 1}}


def test_every_value_keeps_its_origin():
    result = merge(tree(STEPS), over("steps: {b: {x: 9}}\n"))

    changed, kept = find(result, ("steps", 1, "x")), find(result, ("steps", 0, "x"))
    assert changed is not None
    assert kept is not None
    assert (changed.layer, kept.layer) == ("environment qa", "base")
    assert str(locate(result, ("steps", 1, "x"))) == "over.yaml:1:16"
    assert str(locate(result, ("steps", 0, "x"))) == "base.yaml:1:20"
