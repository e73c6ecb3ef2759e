"""The standard streams as they may be: closed, full, or with a reader that went away."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

READER_GONE = 141
_LOST = 2


class OutputLost(Exception):  # noqa: N818 - it says what happened; often that is no error
    """What a command has to say cannot be written; ``code`` is how the command ends."""

    def __init__(self, error: OSError) -> None:
        gone = error.errno == errno.EPIPE
        self.code = READER_GONE if gone else _LOST
        why = f"{error.strerror or error}; what was done is done, see `m3nop status`"
        super().__init__("" if gone else f"the output cannot be written: {why}")


class Unhindered:
    """A stream for progress and logs, which are not worth a run: what cannot be written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write if possible."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


def prepare() -> None:
    """Open what was closed on nothing, and let nobody be stopped by an unwritable stderr."""
    # In this order a file that is opened later never gets the number of a standard stream.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, _nothing(mode))
    if not isinstance(sys.stderr, Unhindered):
        sys.stderr = cast("TextIO", Unhindered(sys.stderr))


def write(text: str) -> None:
    """Write data on stdout.

    Raises:
        OutputLost: it cannot be written.
    """
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise _lost(error) from error


def flush() -> None:
    """Write what is still held back.

    Raises:
        OutputLost: it cannot be written.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _lost(error) from error


@contextmanager
def keeping(code: int) -> Iterator[None]:
    """Let a code that says more stand, whatever becomes of the output."""
    try:
        yield
    except OutputLost as lost:
        lost.code = code or lost.code
        raise


def _lost(error: OSError) -> OutputLost:
    # Python would try again at exit, and complain.
    sys.stdout = _nothing("w")
    return OutputLost(error)


def _nothing(mode: str) -> TextIO:
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123  lives as long as the process
