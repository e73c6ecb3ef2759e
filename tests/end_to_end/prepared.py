"""Runs of a project that a process has loaded and run before: it is forked for each, which saves half the time.

From the opening of the state on, a run is what ``m3nop sync`` makes: a process of its own, with its own
connections and threads, that can be killed. Shared are modules, the project's files as they were read, its compiled
pipelines, and what libraries remember.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.end_to_end.children import CONTEXT, Ended, become

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

    from m3nop.app.session import Session

_LIMIT = 100
"""Seconds after which a run that hangs is ended."""


class Prepared:
    """A process that has run some pipelines of a project, and is forked for each further run of them."""

    def __init__(
        self, folder: Path, pipelines: tuple[str, ...], *, environ: Mapping[str, str], scratch: Path
    ) -> None:
        self._out, self._err = scratch / "out.txt", scratch / "err.txt"
        self._wishes, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(
            target=_serve,
            args=(theirs, pipelines, str(folder), dict(environ), (str(self._out), str(self._err))),
        )
        self._process.start()
        theirs.close()

    def run(self, **environ: str) -> Ended:
        """Run the pipelines once, with this in the environment as well."""
        self._wishes.send(environ)
        return Ended(self._wishes.recv(), self._out.read_text(), self._err.read_text())

    def close(self) -> None:
        """End the process."""
        self._wishes.close()
        self._process.join()


def _serve(
    wishes: Connection,
    pipelines: tuple[str, ...],
    folder: str,
    environ: dict[str, str],
    files: tuple[str, str],
) -> None:
    become(folder, environ, *files)
    from m3nop.app.session import Place, Session, open_session  # noqa: PLC0415  loaded by the server already

    place, command = Place(Path(folder), "sandbox"), f"sync {' '.join(pipelines)}"
    with open_session(place, command=command) as session:
        _run(session, pipelines)
    session = Session(place, session.project, command=command)
    assert threading.active_count() == 1, "a fork leaves other threads behind"
    # A collection would touch, and so copy, all the memory that a child shares with this process.
    gc.collect()
    gc.freeze()
    while True:
        try:
            wanted = wishes.recv()
        except EOFError:
            return
        for number in (1, 2):
            os.ftruncate(number, 0)
            os.lseek(number, 0, os.SEEK_SET)
        child = os.fork()
        if not child:
            signal.alarm(_LIMIT)
            os.environ.update(wanted)
            _end_after(session, pipelines)
        wishes.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _end_after(session: Session, pipelines: tuple[str, ...]) -> NoReturn:
    code = 1
    try:
        with session:
            code = _run(session, pipelines)
    except BaseException:  # noqa: BLE001  the child of a fork must never return into its parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(session: Session, pipelines: tuple[str, ...]) -> int:
    from m3nop.app.reading import Silent  # noqa: PLC0415  loaded by the server already
    from m3nop.engine.wish import Wish  # noqa: PLC0415

    summary = session.engine(pipelines, observer=Silent()).run(Wish(pipelines))
    if summary.error is not None:
        raise summary.error
    return 1 if summary.counts.get("dead") or summary.counts.get("review") else 0
