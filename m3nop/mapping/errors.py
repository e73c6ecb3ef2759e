"""Errors of the mapping language.

M3nopError
├── ExpressionError     an expression cannot be compiled; also a ValueError
├── EvaluationError     an expression has no value for this record
├── LookupTableError    a lookup table cannot be read
└── FieldRefusal        a field of a call cannot be filled
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.errors import M3nopError

if TYPE_CHECKING:
    from m3nop.core.json import Json


class ExpressionError(M3nopError, ValueError):
    """An expression cannot be compiled; ``code`` is a stable word, ``offset`` counts from 0 in its text."""

    def __init__(self, message: str, *, code: str, offset: int = 0, hint: str = "") -> None:
        self.code = code
        self.offset = offset
        self.message = message
        self.hint = hint
        super().__init__(f"{message}; {hint}" if hint else message)


class EvaluationError(M3nopError):
    """An expression has no value for this record.

    ``on_fail`` is ``review`` where a lookup that was asked says so, else ``reject``.
    """

    def __init__(self, message: str, expression: str = "", *, on_fail: str = "reject") -> None:
        self.message = message
        self.expression = expression
        self.on_fail = on_fail
        super().__init__(f"{message}, in `{expression}`" if expression else message)


class LookupTableError(M3nopError, ValueError):
    """A lookup table cannot be read; ``line`` counts from 1."""

    def __init__(self, message: str, *, line: int = 1) -> None:
        self.message = message
        self.line = line
        super().__init__(f"line {line}: {message}")


class FieldRefusal(M3nopError):  # noqa: N818 - a decision about the record, not a fault
    """A field of a call cannot be filled; ``on_fail`` is ``reject`` or ``review``."""

    def __init__(self, message: str, *, field: str, on_fail: str = "reject", value: Json = None) -> None:
        self.message = message
        self.field = field
        self.on_fail = on_fail
        self.value = value
        super().__init__(f"{field}: {message}")
