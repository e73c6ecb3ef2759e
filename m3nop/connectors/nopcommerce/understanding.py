"""The border at which answers of a shop are believed to have the form that its API promises.

What is behind it takes documents apart by their names. A plugin of another release, a proxy or a broken row
may answer anything: then nothing is known, and that is said, instead of ending the program.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from m3nop.core.errors import M3nopError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from m3nop.core.clock import Instant
    from m3nop.core.connector import Page, Source
    from m3nop.core.json import Json

_SURPRISES = (TypeError, KeyError, AttributeError, ValueError, IndexError, ArithmeticError)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Take it for an answer of another form if what is done meanwhile stumbles over one.

    Raises:
        SourceError: it did.
    """
    try:
        yield
    except M3nopError:
        raise
    except _SURPRISES as error:
        said = " ".join(f"{type(error).__name__} {error}".split())[:100]
        msg = f"the shop answered {what} in a form that is not understood ({said})"
        raise SourceError(msg) from error


class UnderstoodSource:
    """A source that says so when an answer has another form than promised."""

    def __init__(self, source: Source, *, what: str) -> None:
        self._source = source
        self._what = what

    def partitions(self) -> Sequence[str]:
        """Name the parts that keep a watermark of their own."""
        return self._source.partitions()

    def pages(self, partition: str, watermark: str | None) -> Iterator[Page]:
        """Yield what lies after ``watermark``, oldest first."""
        with understood(self._what):
            yield from self._source.pages(partition, watermark)

    def fetch(self, keys: Sequence[str], *, partition: str = "") -> Sequence[Mapping[str, Json]]:
        """Read those records again that still exist."""
        with understood(self._what):
            return self._source.fetch(keys, partition=partition)

    def watermark_at(self, partition: str, instant: Instant) -> str | None:
        """Return the watermark after which everything created since ``instant`` lies."""
        with understood(self._what):
            return self._source.watermark_at(partition, instant)

    def count(self, partition: str, start: Instant, end: Instant) -> int | None:
        """Count what was created in a window."""
        with understood(self._what):
            return self._source.count(partition, start, end)
