"""The tutorial and the README do what they say: their commands are run, and print what is pasted there.

After an intended change ``python -m tests.end_to_end.test_tutorial`` pastes what is printed now; review the diff.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.end_to_end.transcripts import Terminals, normalised, transcript, typed_in

DOCS = Path(__file__).resolve().parents[2] / "docs"
TUTORIAL = DOCS / "tutorial" / "your-first-sync.md"
README = DOCS.parent / "README.md"
PASTED_FOLDER = "/tmp/tutorial"  # noqa: S108  a name that readers know, never used

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pages are written for a POSIX shell")


def run(page, folder):
    with Terminals(folder) as terminals:
        return [terminals.type(wanted) for wanted in typed_in(page.read_text(encoding="utf-8"))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", [TUTORIAL, README], ids=lambda page: page.stem)
def test_every_command_of_the_page_prints_what_is_pasted_there(page, tmp_path):
    pasted = list(typed_in(page.read_text(encoding="utf-8")))

    printed = run(page, tmp_path)

    assert transcript(printed, folder=str(tmp_path)) == transcript(pasted, folder=PASTED_FOLDER)


def test_the_tutorial_goes_all_the_way_from_an_empty_folder_to_a_trace():
    commands = [typed.command for typed in typed_in(TUTORIAL.read_text(encoding="utf-8"))]

    assert commands[:3] == ["m3nop init shop", "cd shop", "m3nop sandbox"]
    assert commands[-1] == "m3nop trace 1016"


@pytest.mark.parametrize(
    ("pasted", "printed"),
    [
        ("done     16", "done     15"),
        ("CUNO = W0000005", "CUNO = W0000006"),
        ("3 pieces, total 311.6400 EUR", "3 pieces, total 311.6401 EUR"),
        ("orders 1016 (b2c) done", "orders 1016 (b2c) dead"),
        ("read 2026-11-23T13:24:06Z", "read yesterday"),
    ],
)
def test_what_matters_is_not_made_equal(pasted, printed):
    assert normalised(pasted) != normalised(printed)


@pytest.mark.parametrize(
    ("pasted", "printed"),
    [
        ("at http://127.0.0.1:46619;", "at http://127.0.0.1:8;"),
        ("-> ORNO = 0000104724", "-> ORNO = 0000104799"),
        (
            "sent 2026-11-23T13:24:02Z, answered after 0.014 s, run 9",
            "sent 2027-01-01T00:00:00Z, answered after 11.200 s, run 9",
        ),
        ("RLDT = 20261123    <- x", "RLDT = 20270101    <- x"),
        (
            "4    orders     2026-11-26T13:24:28Z  0.1 s  ok",
            "4    orders     2026-11-26T13:24:28Z  10.1 s  ok",
        ),
    ],
)
def test_what_differs_from_run_to_run_is_made_equal(pasted, printed):
    assert normalised(pasted) == normalised(printed)


def paste(page):
    """Write into a page what its commands print now."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place, end = str(Path(folder).resolve()), 0
        for before, now in zip(list(typed_in(text)), run(page, Path(place)), strict=True):
            head = f"$ {before.command}\n"
            start = text.index(head, end) + len(head)
            old = f"{before.printed}\n" if before.printed else ""
            assert text.startswith(old, start)
            assert "Traceback" not in now.printed, now.printed
            new = f"{now.printed.replace(place, PASTED_FOLDER)}\n" if now.printed else ""
            lines = "".join(f"{line.rstrip()}\n" for line in new.splitlines())
            text, end = text[:start] + lines + text[start + len(old) :], start + len(lines)
    page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for each in (TUTORIAL, README):
        paste(each)
