"""Services in processes of their own, for tests to start, listen to and end."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.children import Child
    from tests.end_to_end.hooks import Sender


class Started(Protocol):
    """What can start a command in a process of its own."""

    def start(self, *arguments: str, **environ: str) -> Child:
        """Start it."""
        ...


class Running:
    """A service that runs."""

    def __init__(self, project: Started, *arguments: str, **environ: str) -> None:
        self.child: Child = project.start("run", *arguments, **environ)
        self.senders: list[Sender] = []

    def said(self) -> str:
        """Return what it has logged so far."""
        file = self.child.log
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def until(self, text: str, *, times: int = 1) -> None:
        """Wait until it has logged this."""
        _wait_for(lambda: self.said().count(text) >= times or not self.child.process.is_alive())
        assert self.said().count(text) >= times, self.said()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.child.process.pid is not None
        os.kill(self.child.process.pid, number)

    def end(self) -> str:
        """End it in order, and return what it logged."""
        if self.child.process.is_alive():
            self.signal(signal.SIGTERM)
        ended = self.child.wait(30)
        assert (ended.code, "Traceback" in ended.err) == (0, False), ended.err
        return ended.err

    def kill(self) -> None:
        """Kill it, and hang up."""
        self.child.process.kill()
        self.child.process.join()
        for sender in self.senders:
            sender.close()


def _wait_for(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        threading.Event().wait(0.005)
