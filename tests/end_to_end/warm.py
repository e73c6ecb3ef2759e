"""Loaded by the server that commands are forked from: what a process does only once has been done in it.

That is much of the time of a short command: libraries fill their tables, expressions are parsed. No project, state,
connection or thread stays.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import threading
from pathlib import Path

from m3nop.app.pack import pack_folder
from m3nop.app.reading import Silent
from m3nop.app.session import Place, open_session
from m3nop.engine.wish import Wish

PIPELINES = ("orders",)


def _run_once() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        shutil.copytree(pack_folder(), folder, ignore=shutil.ignore_patterns(".m3nop"))
        with open_session(Place(folder, "sandbox"), command="sync orders") as session:
            session.engine(PIPELINES, observer=Silent()).run(Wish(PIPELINES, limit=1))
    assert threading.active_count() == 1, "a fork leaves other threads behind"
    # A collection would touch, and so copy, all the memory that a child shares with this process.
    gc.collect()
    gc.freeze()


_run_once()
