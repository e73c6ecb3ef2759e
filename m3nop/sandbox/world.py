"""What the doubles share: books, clock, faults, the log of requests, and effects that land later."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from m3nop.core.clock import SECOND, Instant
from m3nop.sandbox.books import KEY, Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.faults import Fault, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.sandbox.exchange import Call

_LOGGED_REQUESTS = 1000


class Request(Struct, frozen=True):
    """A request as a double saw it arrive."""

    system: str
    """``m3`` or ``shop``."""
    operations: tuple[str, ...]
    call: Call
    at: Instant

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.call.method

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.call.path

    @property
    def body(self) -> bytes:
        """The body as it was sent."""
        return self.call.body


class World:
    """One sandbox: both systems share its time, its books and its faults."""

    def __init__(
        self,
        books: Books | None = None,
        *,
        clock: SandboxClock | None = None,
        faults: Faults | None = None,
        seed: int = 1,
    ) -> None:
        self.books = books or Books()
        self.clock = clock or SandboxClock(self.books)
        self.faults = faults or Faults(self.books, seed=seed)
        self.seed = seed
        self.requests: deque[Request] = deque(maxlen=_LOGGED_REQUESTS)
        self.on_request: list[Callable[[Request], None]] = []
        """Called with each request before it takes effect; what they raise, ``serve`` raises at its end.

        They run in the server's thread: one that asks the sandbox something over HTTP waits for ever.
        """
        self.failures: list[BaseException] = []
        """What hooks and endpoints raised."""
        self.active: tuple[Fault, ...] = ()
        """The faults that strike the request under way."""
        self.replaying = False
        """A late effect is landing: it was let in when it arrived, so tokens are not asked for again."""
        self.effects: dict[str, Callable[[dict[str, Any]], None]] = {}
        """What makes a late effect of a kind happen."""
        self._late = self.books.table("sandbox.effects", indexes=["due"])

    def close(self) -> None:
        """Close the books."""
        self.books.close()

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of this kind that strikes the request under way, if one does."""
        return next((fault for fault in self.active if fault.kind == kind), None)

    def later(self, kind: str, detail: dict[str, Any], *, seconds: float) -> None:
        """Let an effect happen when so many seconds have passed, even if this process has died by then."""
        number = f"{self.books.next_number('effect'):010}"
        due = self.clock.now() + round(seconds * SECOND)
        self._late[number] = {"number": number, "due": due, "kind": kind, "detail": detail}

    def settle(self) -> None:
        """Let every effect happen that is due.

        Called before anything looks at the doubles, so that nobody can tell it from a timer.
        """
        with self.books.change():
            for effect in self._late.select(("due", "<=", self.clock.now()), order=("due", KEY)):
                del self._late[effect["number"]]
                self.replaying = True
                try:
                    self.effects[effect["kind"]](effect["detail"])
                finally:
                    self.replaying = False
