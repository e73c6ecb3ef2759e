from __future__ import annotations

import time
from decimal import Decimal

import pytest

from m3nop.spec.loader import MOST_BYTES, MOST_DEPTH, MOST_NODES, load_bytes, load_file, load_text
from m3nop.spec.tree import MapNode, find, locate, plain


def values(text: str):
    document = load_text(text, file="x.yaml")
    assert document.problems == ()
    return plain(document.root)


def problems(data: str | bytes) -> list[str]:
    document = load_bytes(data if isinstance(data, bytes) else data.encode(), file="x.yaml")
    return [f"{p.position.line}:{p.position.column} {p.code}" for p in document.problems]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("001", "001"),
        ("-007", "-007"),
        ("010", "010"),
        ("00.5", "00.5"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("12:30:00", "12:30:00"),
        ("2026-01-02", "2026-01-02"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e99999", "1e99999"),
        ("9" * 101, "9" * 101),
        ("0", 0),
        ("-12", -12),
        ("+3", 3),
        ("0.05", Decimal("0.05")),
        ("1.50", Decimal("1.50")),
        ("-2.", Decimal(-2)),
        (".5", Decimal("0.5")),
        ("1e3", Decimal("1e3")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_a_scalar_means_what_the_core_schema_says_but_codes_stay_text(written, meant):
    found = values(f"a: {written}")["a"]

    assert found == meant
    assert type(found) is type(meant)


def test_money_keeps_its_zeros():
    assert str(values("a: 149.50")["a"]) == "149.50"


def test_keys_are_always_text():
    assert values("1: a\n002: b\ntrue: c\nnull: d\n") == {"1": "a", "002": "b", "true": "c", "null": "d"}


def test_every_key_and_value_has_its_place():
    root = load_text("a:\n  - b: 1\n    c: [x, yy]\n", file="x.yaml").root
    assert root is not None

    assert str(locate(root, ("a", 0, "b"))) == "x.yaml:2:8"
    assert str(locate(root, ("a", 0, "b"), key=True)) == "x.yaml:2:5"
    assert str(locate(root, ("a", 0, "c", 1))) == "x.yaml:3:12"


def test_a_place_that_is_not_there_is_that_of_what_is_around_it():
    root = load_text("a: {b: 1}\n", file="x.yaml").root
    assert root is not None

    assert str(locate(root, ("a", "missing"))) == "x.yaml:1:4"
    assert find(root, ("a", "missing")) is None
    assert find(root, ("a", "b", "deeper")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "1:1 empty-file"),
        ("\n\n# only a comment\n", "1:1 empty-file"),
        ("---\n", "1:1 empty-file"),
        ("a: 1\na: 2\n", "2:1 duplicate-key"),
        ("a: {b: 1, b: 2}\n", "1:11 duplicate-key"),
        ("1: a\n'1': b\n", "2:1 duplicate-key"),
        ("a: &x 1\n", "1:4 anchor"),
        ("a: !!str 1\n", "1:4 tag"),
        ("a: !x {b: 1}\n", "1:4 tag"),
        ("a: *x\n", "1:4 alias"),
        ("? [a, b]\n: c\n", "1:3 key-not-text"),
        ("? {a: b}\n: c\n", "1:3 key-not-text"),
        ("a: 1\n---\nb: 2\n", "2:1 several-documents"),
        ("a:\n\tb: 1\n", "2:1 tab"),
        ("a: @b\n", "1:4 yaml-syntax"),
        ("a: 'b\nc: d\n", "1:4 yaml-syntax"),
        ("a: \x07\n", "1:4 control-character"),
        (b"a: \x00\x01", "1:1 binary-file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "1:1 binary-file"),
        (b"a: 1\nb: \xe9t\xe9\n", "2:4 not-utf8"),
        ("a: b".encode("utf-16"), "1:1 not-utf8"),
        (b"a" * (MOST_BYTES + 1), "1:1 file-too-large"),
        ("[" * (MOST_DEPTH + 1), f"1:{MOST_DEPTH + 1} too-deep"),
        ("- " * (MOST_DEPTH + 1) + "x", f"1:{2 * MOST_DEPTH + 1} too-deep"),
    ],
)
def test_what_cannot_be_read_is_one_clear_problem(text, found):
    assert problems(text) == [found]


def test_a_byte_order_mark_moves_nothing():
    document = load_bytes(b"\xef\xbb\xbfa: b\n", file="x.yaml")

    assert plain(document.root) == {"a": "b"}
    assert document.root is not None
    assert str(locate(document.root, ("a",))) == "x.yaml:1:4"


def test_windows_line_ends_are_read_alike():
    assert plain(load_bytes(b"a: b\r\nc:\r\n  - d\r\n", file="x").root) == {"a": "b", "c": ["d"]}


def test_a_bomb_of_aliases_is_refused_in_no_time():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
    )
    before = time.perf_counter()

    found = problems(bomb)

    assert "1:4 anchor" in found
    assert time.perf_counter() - before < 1


@pytest.mark.timeout(20)
def test_what_is_nested_without_end_is_refused_where_it_is_too_deep():
    # A whole megabyte of it takes libyaml hours.
    (problem,) = load_text("a: " + "[" * 1_000_000, file="deep.yaml").problems
    assert str(problem).startswith("deep.yaml:1:63: too-deep")


def test_a_missing_file_is_a_problem(tmp_path):
    (problem,) = load_file(tmp_path / "none.yaml", file="none.yaml").problems

    assert str(problem) == "none.yaml:1:1: unreadable-file: cannot be read: No such file or directory"


def test_a_folder_in_place_of_a_file_is_a_problem(tmp_path):
    (problem,) = load_file(tmp_path).problems

    assert problem.code == "unreadable-file"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a: {b: coalesce(x, y), c: z}\n", {"b": "coalesce(x, y)", "c": "z"}),
        ("a: {b: f(x, g(y, z)), c: h(u, v)}\n", {"b": "f(x, g(y, z))", "c": "h(u, v)"}),
        ("a: {b: f(x, g), c: h(u, g)}\n", {"b": "f(x, g)", "c": "h(u, g)"}),
    ],
)
def test_a_value_cut_at_a_comma_is_said_once_and_mended(text, meant):
    document = load_text(text, file="x.yaml")

    assert {p.code for p in document.problems} == {"cut-value"}
    assert plain(document.root) == {"a": meant}


def test_what_only_looks_cut_is_left_alone():
    document = load_text("a: {b: (open, c: d}\ne: don't  # a comment\n", file="x.yaml")

    assert document.problems == ()


def test_a_value_cut_at_a_comment_is_mended():
    document = load_text("a: contains(b, 'c #1')\n", file="x.yaml")

    assert [p.message for p in document.problems] == ["`contains(b, 'c` was cut at ` #`"]
    assert plain(document.root) == {"a": "contains(b, 'c #1')"}


def test_a_mapping_keeps_its_order():
    root = load_text("z: 1\na: 2\nm: 3\n", file="x.yaml").root

    assert isinstance(root, MapNode)
    assert list(root.entries) == ["z", "a", "m"]


def test_more_values_than_a_file_may_hold_are_refused_with_a_way_out():
    (problem,) = load_text("[" + "a," * (MOST_NODES + 1) + "]", file="x.yaml").problems

    assert problem.code == "file-too-large"
    assert problem.hint == "a lookup may be a CSV file"
