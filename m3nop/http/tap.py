"""Where somebody may come between requests and the wire: to keep what goes over it, or to answer instead."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from m3nop.http.outgoing import Host, Outgoing
    from m3nop.http.response import Response


class Tap(Protocol):
    """Is given each request, of any thread."""

    def __call__(self, host: Host, request: Outgoing, send: Callable[[], Response]) -> Response:
        """Return its answer; ``send`` puts it on the wire and returns what came back."""
        ...


_taps: list[Tap] = []


@contextmanager
def tapped(tap: Tap) -> Iterator[None]:
    """Give it every request of this process meanwhile."""
    _taps.append(tap)
    try:
        yield
    finally:
        _taps.remove(tap)


def current() -> Tap | None:
    """Return who came between last, if anybody."""
    return _taps[-1] if _taps else None
