"""Problems: what validation finds, each with the place it was found at."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Severity(StrEnum):
    """Whether a problem stops a run or is only said."""

    ERROR = "error"
    WARNING = "warning"


class Position(NamedTuple):
    """A place in a file; ``line`` and ``column`` count from 1. One is made for every value that is read."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(Struct, frozen=True):
    """One finding of ``validate``; ``code`` is a stable word such as ``unknown-root``."""

    position: Position
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        text = f"{self.position}: {self.code}: {self.message}"
        return f"{text}; {self.hint}" if self.hint else text
