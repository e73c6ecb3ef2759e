"""Data that is shown cannot command a terminal, and JSON stays JSON."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3nop.cli import output
from m3nop.cli.problems import FORMATS
from m3nop.core import json
from m3nop.core.problems import Position, Problem
from m3nop.spec.validate import Report

HOSTILE = "a\x1b[2Jb\x9b31mc\x7fd\u202ee\u200bf\U000e0041g\ud800h\rå山"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    def after(show, *arguments, **named):
        # Not before the test runs: pytest puts its own streams there.
        made = Terminal()
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", made)
            patched.setattr("sys.stderr", made)
            show(*arguments, **named)
        return made.getvalue()

    return after


def commands(text):
    return [letter for letter in text if letter != "\n" and not letter.isprintable()]


def texts(document):
    if isinstance(document, dict):
        return [text for value in document.values() for text in texts(value)]
    if isinstance(document, list):
        return [text for value in document for text in texts(value)]
    return [document]


@pytest.mark.parametrize(
    "show",
    [
        output.print_line,
        output.print_text,
        output.print_csv_text,
        output.say,
        output.print_json,
        lambda text: output.print_table((text, "b"), [(text, 1)], title=text),
    ],
)
def test_whatever_data_says_no_character_commands_the_terminal(screen, show):
    shown = screen(show, HOSTILE)

    assert "å山" in shown
    assert commands(shown) == []


def test_a_title_is_text_and_no_markup(screen):
    shown = screen(output.print_table, ("a",), [(1,)], title="[bold]orders[/bold]")

    assert "[bold]orders[/bold]" in shown


def test_csv_for_a_file_is_left_as_it_is(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr("sys.stdout", file)

    output.print_csv_text(HOSTILE)

    assert file.getvalue() == HOSTILE


@pytest.mark.parametrize("form", ["json", "gitlab", "sarif"])
def test_a_report_for_a_machine_is_json_that_commands_no_terminal(form):
    report = Report((Problem(Position("a.yaml", 1, 1), "wrong-value", HOSTILE),))

    written = FORMATS[form](report)

    assert commands(written) == []
    assert HOSTILE in texts(json.loads(written))


@given(
    st.recursive(
        st.text() | st.none() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_that_is_shown_means_what_the_value_means(value):
    written = output.json_text(value, indent=2)

    assert commands(written) == []
    assert json.loads(written) == value
