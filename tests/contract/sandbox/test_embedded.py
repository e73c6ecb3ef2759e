from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from m3nop.core import json
from m3nop.core.errors import StateError
from m3nop.sandbox.embedded import attach_or_start

HOLD = """
import pathlib, sys
from m3nop.sandbox.embedded import attach_or_start
running = attach_or_start(pathlib.Path(sys.argv[1]))
print(running.url, flush=True)
sys.stdin.readline()
"""


def test_a_second_command_attaches_to_the_one_that_runs(tmp_path):
    first = attach_or_start(tmp_path)
    second = attach_or_start(tmp_path)

    assert first.world is not None
    assert second.world is None
    assert second.url == first.url
    second.close()
    assert httpx.get(f"{first.url}/sandbox/books").json()["m3.items"] > 40
    first.close()


def test_books_stay_when_it_ends_and_are_filled_once(tmp_path):
    first = attach_or_start(tmp_path)
    httpx.post(f"{first.url}/sandbox/clock/advance", json={"seconds": 60})
    counts = httpx.get(f"{first.url}/sandbox/books").json()
    first.close()

    second = attach_or_start(tmp_path)

    assert second.world is not None
    assert httpx.get(f"{second.url}/sandbox/books").json() == counts
    assert httpx.get(f"{second.url}/sandbox/clock").json()["offset"] == 60_000_000
    second.close()


def test_a_killed_owner_leaves_no_lock(tmp_path):
    owner = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        url = owner.stdout.readline().strip()
        attached = attach_or_start(tmp_path)
        assert (attached.url, attached.world) == (url, None)
        owner.kill()
    assert json.loads((tmp_path / "sandbox.json").read_text())["pid"] == owner.pid

    again = attach_or_start(tmp_path)

    assert again.world is not None
    assert httpx.get(f"{again.url}/sandbox/health").status_code == 200
    again.close()


def test_books_that_are_damaged_are_named(tmp_path):
    (tmp_path / "books.db").write_bytes(b"this is not a database" * 100)

    with pytest.raises(StateError, match="delete it to start afresh"):
        attach_or_start(tmp_path)
