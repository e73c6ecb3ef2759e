"""The small values of the language: ids, expressions, targets, durations, instants, schedules."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Never

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from m3nop.core.clock import parse_instant

ID = re.compile(r"[a-z][a-z0-9_]*")

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_TARGET = re.compile(r"([a-z][a-z0-9_]*)/(\S+)")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?")


def _id(value: object) -> object:
    if isinstance(value, str) and not ID.fullmatch(value):
        raise PydanticCustomError(
            "id-form",
            "'{value}' is not an id: small letters, digits and '_', a letter first",
            {"value": value},
        )
    return value


def _pipeline_name(value: object) -> object:
    for part in str(value).split("@", 1):
        _id(part)
    return value


def _expression(value: object) -> object:
    match value:
        case str() if value.strip():
            return value
        case str() | None:
            raise PydanticCustomError("expression", "an expression is missing")
        case bool():
            word = "true" if value else "false"
            raise PydanticCustomError(
                "expression",
                "a bare {word} is not an expression; a constant is {constant}, in an expression `{word}`",
                {"word": word, "constant": f"{{value: {word}}}"},
            )
        case int() | Decimal():
            raise PydanticCustomError(
                "expression",
                "a bare number is not an expression; for a constant write {constant}",
                {"constant": f"{{value: {value}}}"},
            )
        case _:
            raise PydanticCustomError(
                "expression", "a list or mapping is not an expression; put the expression in quotes"
            )


def seconds(value: object) -> float:
    """Read a duration such as ``60s``, ``15m``, ``2h``, ``60d``; a plain number is seconds."""
    found = None if isinstance(value, bool) else _DURATION.fullmatch(str(value).strip())
    if not found:
        raise PydanticCustomError("duration", "a duration is written as 60s, 15m, 2h or 60d")
    return float(Decimal(found[1]) * _UNITS[found[2]])


def _instant(value: object) -> object:
    try:
        return parse_instant(value) if isinstance(value, str) else _not_an_instant()
    except ValueError:
        return _not_an_instant()


def _not_an_instant() -> Never:
    raise PydanticCustomError("instant", "an instant is written as 2026-12-01T00:00:00+01:00")


def _target(value: str) -> str:
    if not _TARGET.fullmatch(value):
        raise PydanticCustomError(
            "target-form", "write it as CONNECTION/OPERATION, such as erp/OIS100MI/Confirm"
        )
    return value


_SHORTEST = 1.0
"""Seconds between two runs of a schedule."""


def _schedule(value: str) -> str:
    if value.startswith("every "):
        if seconds(value.removeprefix("every ")) < _SHORTEST:
            raise PydanticCustomError("schedule", "an interval is a second at least, such as 'every 5m'")
    elif not _is_cron(value):
        raise PydanticCustomError("schedule", "a schedule is 'every 5m' or a cron expression of five fields")
    elif not _comes(value):
        raise PydanticCustomError("schedule", "no month that it names has such a day, so it would never come")
    return value


def _is_cron(text: str) -> bool:
    fields = text.split()
    return len(fields) == len(_CRON_RANGES) and all(
        _is_cron_part(part, low, high)
        for field, (low, high) in zip(fields, _CRON_RANGES, strict=True)
        for part in field.split(",")
    )


def _comes(cron: str) -> bool:
    """Tell whether there is such a day at all: there is no 31st of February."""
    try:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return True


def _is_cron_part(part: str, low: int, high: int) -> bool:
    found = _CRON_PART.fullmatch(part)
    if not found:
        return False
    first = int(found[1] or low)
    last = int(found[2] or found[1] or high)
    return low <= first <= last <= high


Id = Annotated[str, AfterValidator(_id), WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]*$"})]
PipelineName = Annotated[
    str,
    AfterValidator(_pipeline_name),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]*(@[a-z][a-z0-9_]*)?$"}),
]
"""A name that is used elsewhere: small letters, digits and ``_``, a letter first."""

Jmes = Annotated[
    str,
    BeforeValidator(_expression),
    WithJsonSchema({"type": "string", "minLength": 1, "description": "A JMESPath expression."}),
]
"""A JMESPath expression over the record, ``steps``, ``vars``, ``settings`` and ``store``."""

TargetText = Annotated[
    str,
    AfterValidator(_target),
    WithJsonSchema({"type": "string", "format": "target", "pattern": "^[a-z][a-z0-9_]*/\\S+$"}),
]
"""``CONNECTION/OPERATION``, such as ``erp/OIS100MI/AddBatchHead`` or ``shop/orders``."""

Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": "^[0-9.]+ *[smhd]?$"}, {"type": "number", "minimum": 0}]}
    ),
]
"""A duration: ``60s``, ``15m``, ``2h``, ``60d``; a plain number is seconds."""

InstantText = Annotated[
    int, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant in ISO 8601; without a zone it is UTC."""

Schedule = Annotated[str, AfterValidator(_schedule)]
"""``every 5m`` or a cron expression of five fields."""


def split_target(text: str) -> tuple[str, str]:
    """Split ``erp/OIS100MI/Confirm`` into the connection and the rest."""
    connection, _, rest = text.partition("/")
    return connection, rest
