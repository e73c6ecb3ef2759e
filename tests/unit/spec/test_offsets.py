from __future__ import annotations

import pytest

from m3nop.spec.loader import load_text
from m3nop.spec.offsets import position_in
from m3nop.spec.tree import ScalarNode, find

PLACES = {
    "plain": ("a: x + ?\n", "1:8"),
    "plain on two lines": ("a: x +\n   y ?\n", "2:6"),
    "single quotes": ("a: 'x ''y'' ?'\n", "1:13"),
    "double quotes": ('a: "x \\"y\\" \\x41 \\u0042 \\U00000043 ?"\n', "1:36"),
    "double quotes on two lines": ('a: "x\n   y \\\n   z ?"\n', "3:6"),
    "literal block": ("a: |\n  x\n    y ?\n", "3:7"),
    "folded block": ("a: >-\n  x\n\n  y ?\n", "4:5"),
    "block with a comment": ("a: |  # said\n  x ?\n", "2:5"),
    "flow map": ("a: {b: 1}\nc: {d: 'x ?'}\n", "2:11"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_character_of_a_value_is_found_in_the_file(name):
    text, place = PLACES[name]
    root = load_text(text, file="x.yaml").root
    assert root is not None
    node = find(root, ("c", "d")) or find(root, ("a",))
    assert isinstance(node, ScalarNode)

    found = position_in(node, str(node.value).index("?"))

    assert f"{found.line}:{found.column}" == place


def test_the_end_of_a_value_is_found_too():
    node = find(load_text("a: xy\n", file="x.yaml").root, ("a",))
    assert isinstance(node, ScalarNode)

    assert position_in(node, 2).column == 6
