"""The keys of service mode: schedules, what wakes a pipeline, where the service listens and to whom."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from m3nop.spec.field_model import SpecModel
from m3nop.spec.schema_forms import ShortForm
from m3nop.spec.values import Schedule


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError(
            "wrong-value", "a time zone is written as Europe/Stockholm or UTC"
        ) from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
"""A time zone by its name in the IANA database."""


class ScheduleSpec(SpecModel):
    """When the service runs a pipeline."""

    at: Schedule
    """``every 5m``, or a cron expression of five fields."""
    zone: Zone | None = None
    """The time zone of the cron expression; the project's ``time_zone`` unless given."""


def _schedule_form(value: object) -> object:
    return {"at": value} if isinstance(value, str) else value


ScheduleForm = Annotated[ScheduleSpec, BeforeValidator(_schedule_form), ShortForm("The expression alone.")]


class TriggerSpec(SpecModel):
    """Events that wake a pipeline before its schedule does."""

    webhook: list[str] = Field(default=[], min_length=1)
    """Topics of the shop's webhooks: the record that one names is read again and delivered."""
