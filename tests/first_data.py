"""What a sandbox's books hold at its first start: written once, then copied, which takes a hundredth of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.sandbox.books import Books
from m3nop.sandbox.clock import SandboxClock
from m3nop.sandbox.seed import seed
from m3nop.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.clock import Instant


class FirstData:
    """The books of a sandbox that was started at the time of ``source``, or now."""

    def __init__(self, source: Callable[[], Instant] | None = None) -> None:
        self._books = Books()
        seed(World(self._books, clock=SandboxClock(self._books, source=source)))

    def books(self) -> Books:
        """Return books that hold it."""
        books = Books()
        self.put(books)
        return books

    def put(self, books: Books) -> None:
        """Let books hold it, and nothing else."""
        with books.lock:
            self._books._db.backup(books._db)
            # Tables that were first used since are gone, but their users still hold them.
            for definitions in books._definitions.values():
                for definition in definitions:
                    books.write(definition)

    def close(self) -> None:
        self._books.close()
