"""Tells systemd how the service stands, by plain datagrams to the socket that it names (sd_notify)."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OFTEN = 2
"""A watchdog is fed so many times in the time that it bears."""


_PATIENCE = 1.0
"""Seconds that a listener that reads nothing holds anybody up."""


class Notifier:
    """Says READY, STOPPING and WATCHDOG; says nothing where nobody listens."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        micros = environ.get("WATCHDOG_USEC", "")
        self._every = int(micros) / 1e6 / _OFTEN if micros.isdecimal() and int(micros) else 0.0
        self._end = threading.Event()

    def ready(self) -> None:
        """Say that the service works."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that the configuration is read again; ``ready`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the service is about to end."""
        self._send("STOPPING=1")

    def keep_fed(self, is_well: Callable[[], bool]) -> None:
        """Feed the watchdog as long as all is well, beside the work, which may wait for an answer."""
        if self._every:
            threading.Thread(target=self._feed, args=(is_well,), name="m3nop-watchdog", daemon=True).start()

    def close(self) -> None:
        """Feed it no more."""
        self._end.set()

    def _feed(self, is_well: Callable[[], bool]) -> None:
        while not self._end.is_set():
            if is_well():
                self._send("WATCHDOG=1")
            self._end.wait(self._every)

    def _send(self, text: str) -> None:
        if not self._address or sys.platform == "win32":
            return
        # A name that begins with @ is in Linux's own space of names, where a NUL stands for it.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_PATIENCE)
            sender.sendto(text.encode(), address)
