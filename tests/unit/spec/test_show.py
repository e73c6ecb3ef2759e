from __future__ import annotations

import pytest

from m3nop.spec.loader import load_text
from m3nop.spec.show import show
from m3nop.spec.tree import plain


def shown(text: str) -> list[str]:
    root = load_text(text, file="x.yaml").root
    assert root is not None
    return [line.text for line in show(root)]


def test_a_tree_is_written_as_yaml():
    text = "a: {b: [1, {c: x, d: []}, [y, z]], e: {}}\nf: text\n"

    assert shown(text) == [
        "a:", "  b:", "    - 1", "    - c: x", "      d: []", "    - - y", "      - z", "  e: {}", "f: text",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "a: '001'", "a: 001", "a: 'true'", "a: true", "a: ''", "a: null", "a: 1.50", "a: ' x '", "a: 'b: c'",
        "a: 'b #c'", "a: '`1`'", "a: '-'", "a: 'x:'", 'a: "line\\nline"', "a: \"it's\"", "'1': x", "a: [x, [y]]",
        "a: [{b: {c: d}}, {e: [f]}]", 'a: "sandbox:"', "a: 'ø'",
    ],
)  # fmt: skip
def test_what_is_shown_reads_back_as_the_same(text):
    root = load_text(text, file="x.yaml").root

    again = load_text("\n".join(shown(text)), file="y.yaml")

    assert again.problems == ()
    assert plain(again.root) == plain(root)


def test_an_effective_pipeline_shows_the_origin_of_each_line(load):
    tree = load().effective("orders", "b2b")
    assert tree is not None

    by_text = {line.text.strip(): line for line in show(tree)}

    changed, kept = by_text["OREF: order.vat_number"], by_text["FACI: settings.facility"]
    assert (changed.layer, changed.position.line) == ("store b2b", 29)
    assert (kept.layer, kept.position.line) == ("base", 28)


def test_a_secret_is_shown_as_its_name(load):
    assert "password: ${secret:ERP_PASSWORD}" in [line.text.strip() for line in show(load().tree)]
