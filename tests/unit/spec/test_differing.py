"""Trees are compared value by value, and steps by their ids."""

from __future__ import annotations

from m3nop.spec.differing import compare
from m3nop.spec.loader import load_text


def tree(text):
    return load_text(text, file="a.yaml").root


def told(first, second):
    return [
        (pair.path, *(side and side.text for side in (pair.first, pair.second)))
        for pair in compare(tree(first), tree(second))
    ]


def test_equal_trees_have_no_differences_however_they_are_written():
    assert told("{a: 1, b: [x, y]}", "b:\n- x\n- y\na: 1\n") == []


def test_a_number_is_not_the_text_that_looks_like_it():
    assert told("{a: 1}", '{a: "1"}') == [("a", "1", '"1"')]


def test_an_inserted_step_does_not_make_the_others_differ():
    before = "[{id: a, when: x}, {id: c, when: z}]"
    after = "[{id: a, when: x}, {id: b, when: y}, {id: c, when: z}]"

    assert told(before, after) == [("b.id", None, "b"), ("b.when", None, "y")]


def test_steps_in_another_order_differ_by_their_order():
    assert told("[{id: a}, {id: b}]", "[{id: b}, {id: a}]") == [(" (order)", "[a, b]", "[b, a]")]


def test_a_list_without_ids_goes_by_places():
    assert told("[{n: 1}, {n: 2}]", "[{n: 1}, {n: 3}, {n: 4}]") == [("2.n", "2", "3"), ("3.n", None, "4")]


def test_a_branch_in_place_of_a_value_is_told_from_both_sides():
    assert told("{a: 1}", "{a: {b: 2}}") == [("a", "1", None), ("a.b", None, "2")]


def test_nothing_in_a_branch_is_not_nothing_at_all():
    assert told("{a: {}}", "{}") == [("a", "{}", None)]
    assert told("{a: []}", "{a: [1]}") == [("a", "[]", "[1]")]
