"""The figures of a page: what stands between two marks is written by a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """The place of what a command writes."""

    command: str

    @property
    def begin(self) -> str:
        """The line before it."""
        return f"<!-- figures: written by {self.command} -->"

    @property
    def end(self) -> str:
        """The line after it."""
        return "<!-- end of figures -->"

    def write(self, page: Path, lines: Iterable[str]) -> None:
        """Replace what a page has there.

        Raises:
            ValueError: it has no place for it.
        """
        held = page.read_text(encoding="utf-8")
        begin = held.find(self.begin)
        end = held.find(self.end, begin)
        if begin < 0 or end < 0:
            msg = f"{page} has no place for figures: a line {self.begin} and a line {self.end}"
            raise ValueError(msg)
        block = "\n".join([self.begin, "", *lines, self.end])
        page.write_text(held[:begin] + block + held[end + len(self.end) :], encoding="utf-8")
