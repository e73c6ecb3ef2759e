"""The last question before a request leaves: may this process still act?

Whoever makes requests says how that is found out; whoever puts them on the wire asks, after everything that
can make a request wait.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_assure: ContextVar[Callable[[], None] | None] = ContextVar("m3nop_departure", default=None)


@contextmanager
def only_while(assure: Callable[[], None]) -> Iterator[None]:
    """Let requests of this thread leave only where ``assure`` raises nothing."""
    before = _assure.set(assure)
    try:
        yield
    finally:
        _assure.reset(before)


def depart() -> None:
    """Raise what the process was told for not being allowed to act any more."""
    assure = _assure.get()
    if assure is not None:
        assure()
