"""SMTP with a server that takes too long, or says too much: neither holds anybody up, whatever it sends."""

from __future__ import annotations

import smtplib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_SECONDS = 10.0
"""For one piece of an answer."""
_MOST = 65_536
"""Bytes that a server says in one conversation at most."""


class _Answers:
    """Reads the lines that a server says, up to an instant of the monotonic clock."""

    def __init__(self, connection: socket.socket, *, until: float) -> None:
        self._connection = connection
        self._until = until
        self._read = b""
        self._size = 0

    def readline(self, limit: int) -> bytes:
        """Return the next line, or as much of it as the limit allows, or ``b""`` at the end.

        Raises:
            TimeoutError: it did not come in time.
            SMTPException: the server talks on and on.
        """
        while b"\n" not in self._read and len(self._read) < limit and self._receive():
            pass
        end = self._read.find(b"\n") + 1 or limit
        line, self._read = self._read[:end], self._read[end:]
        return line

    def _receive(self) -> bool:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        if self._size > _MOST:
            raise smtplib.SMTPException("it says more than any mail server should")
        self._connection.settimeout(min(left, _SECONDS))
        piece = self._connection.recv(4_096)
        self._read += piece
        self._size += len(piece)
        return bool(piece)

    def close(self) -> None:
        """Do nothing: the connection is closed by itself."""


class Impatient(smtplib.SMTP):
    """A conversation that is over after ``patience`` seconds."""

    patience = 30.0
    _until = 0.0

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer.

        Raises:
            SMTPException: none came in time, or one that is none.
        """
        if self.file is None and self.sock is not None:
            self._until = self._until or time.monotonic() + self.patience
            self.file = _Answers(self.sock, until=self._until)
        return super().getreply()


class ImpatientByTls(Impatient, smtplib.SMTP_SSL):
    """The same where TLS is spoken from the first byte on."""
