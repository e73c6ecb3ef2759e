"""The keys under ``alerts:`` and ``metrics:``: who is told of what, and how."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import SecretRef
from m3nop.http.addresses import checked_address
from m3nop.spec.field_model import SpecModel
from m3nop.spec.values import Id, Seconds

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")


def _secret(value: object) -> object:
    if isinstance(value, SecretRef):
        return value
    raise PydanticCustomError(
        "clear-secret", "a secret stands here in the clear; write ${secret:NAME} and store it by that name"
    )


def _address(value: object) -> object:
    if isinstance(value, SecretRef):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong-value", "text is expected here")
    try:
        return checked_address(value, whole=True)
    except ConfigurationError as error:
        raise PydanticCustomError("address", "{said}", {"said": str(error)}) from error


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise PydanticCustomError("wrong-value", "a time of day is written as 07:30")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError(
            "wrong-value", "'{name}' is not a time zone; write a name such as Europe/Oslo", {"name": value}
        ) from error
    return value


def _mail(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise PydanticCustomError(
            "address",
            "'{value}' is not an e-mail address; it should look like ops@example.com",
            {"value": value},
        )
    return value


SecretText = Annotated[Any, AfterValidator(_secret), WithJsonSchema({"type": "string"})]
"""``${secret:NAME}``, and nothing else."""
Address = Annotated[Any, AfterValidator(_address), WithJsonSchema({"type": "string"})]
"""An https address, or the name of a secret that is one."""
MailAddress = Annotated[str, AfterValidator(_mail)]
ClockTime = Annotated[
    str, AfterValidator(_clock), WithJsonSchema({"type": "string", "pattern": "^([01]\\d|2[0-3]):[0-5]\\d$"})
]
ZoneName = Annotated[str, AfterValidator(_zone)]


class EmailSpec(SpecModel):
    """A mail server, and who gets the mail."""

    host: str
    """The server."""
    to: list[MailAddress] = Field(min_length=1)
    """Who gets it."""
    from_: MailAddress = Field(alias="from")
    """Whom it is from."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Unless given 587, with ``tls`` 465 and with ``none`` 25."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``tls`` from the first byte on; ``none`` only to this machine itself."""
    username: str | None = None
    """Who signs in; without it nobody does."""
    password: SecretText | None = None
    """That user's password, as ``${secret:NAME}``."""
    ca_file: str | None = None
    """A file of certificate authorities to trust besides those of the system."""


class WebhookSpec(SpecModel):
    """An address that gets JSON."""

    url: Address
    """The address; as ``${secret:NAME}`` where knowing it is enough to use it."""
    key: SecretText | None = None
    """Signs each message by HMAC-SHA256 in the headers of Standard Webhooks, as ``${secret:NAME}``."""
    ca_file: str | None = None
    """A file of certificate authorities to trust besides those of the system."""


class ChannelSpec(SpecModel):
    """One way to tell somebody: exactly one of these."""

    email: EmailSpec | None = None
    """By e-mail."""
    slack: SecretText | None = None
    """Address of an incoming webhook of Slack, as ``${secret:NAME}``."""
    teams: SecretText | None = None
    """Address of a Teams workflow that posts to a channel when a webhook comes, as ``${secret:NAME}``."""
    webhook: WebhookSpec | None = None
    """JSON to an address of your own."""
    apprise: SecretText | None = None
    """An address of Apprise (extra ``apprise``), as ``${secret:NAME}``."""


class RuleSpec(SpecModel):
    """What somebody is told of."""

    when: Literal[
        "pipeline_failed", "lag_over", "new_dead_letter_group", "review_waiting", "circuit_open",
        "reconcile_difference", "nothing_received_for", "record_expired", "record_in_doubt",
    ]  # fmt: skip
    """What happened."""
    to: list[str] = Field(min_length=1)
    """Names of channels."""
    over: Seconds | None = None
    """How long it may last: needed by ``lag_over`` and ``nothing_received_for``."""
    at_least: int = Field(default=1, ge=1)
    """Fewer are not told: failed runs in a row, dead letters, reviews, differences."""
    pipelines: list[str] = Field(default=[])
    """Only these; unless given all."""
    severity: Literal["info", "warning", "critical"] = "warning"
    """How bad it is; ``critical`` is told in quiet hours, too."""
    repeat: Seconds | None = None
    """How often it is told again while it lasts, in place of the project's ``repeat``."""


class PingSpec(SpecModel):
    """Addresses that are called when a pipeline begins and ends: who hears nothing knows that it did not."""

    url: Address | None = None
    """Called when a run ended well, with ``/start`` and ``/fail`` behind it when it begins and fails."""
    start: Address | None = None
    """Called when a run begins, in place of ``url``."""
    success: Address | None = None
    """Called when a run ended well, in place of ``url``."""
    fail: Address | None = None
    """Called when a run failed, in place of ``url``."""


class QuietSpec(SpecModel):
    """Hours of the day in which only what is critical is told; the rest is told when they are over."""

    from_: ClockTime = Field(alias="from")
    """When they begin, such as ``22:00``."""
    until: ClockTime
    """When they end; before ``from`` it is on the next day."""
    time_zone: ZoneName = "UTC"
    """An IANA name such as ``Europe/Oslo``."""


class AlertsSpec(SpecModel):
    """Who is told of what."""

    channels: dict[Id, ChannelSpec] = Field(default={})
    """Ways to tell somebody, by name."""
    rules: dict[Id, RuleSpec] = Field(default={})
    """What is told, by name."""
    pings: dict[str, PingSpec] = Field(default={})
    """Addresses that are called when a pipeline begins and ends, by pipeline."""
    repeat: Seconds = 14400.0
    """How often something is told again while it lasts; 0 for once."""
    quiet: QuietSpec | None = None
    """Hours in which only what is critical is told."""


class MetricsSpec(SpecModel):
    """Where metrics are written for runs that end."""

    textfile: str | None = None
    """A file for the text-file collector of node_exporter, written at the end of each run (``*.prom``)."""
