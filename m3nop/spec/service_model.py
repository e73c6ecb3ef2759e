"""The keys of service mode: schedules, what wakes a pipeline, where the service listens and to whom."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from m3nop.core.documents import place_of
from m3nop.core.secrets import SecretRef
from m3nop.spec.field_model import SpecModel
from m3nop.spec.schema_forms import ShortForm
from m3nop.spec.values import Id, Jmes, Schedule, Seconds

_DOCUMENT = re.compile(r"[A-Za-z_][\w.-]{0,99}")


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


def _place(text: str) -> str:
    try:
        place_of(text)
    except ValueError:
        raise PydanticCustomError(
            "wrong-value", "a place is written as Header/ItemID/ID, Line/Ref[@type=SalesOrder]/ID or Line/@no"
        ) from None
    return text


def _document(name: str) -> str:
    if not _DOCUMENT.fullmatch(name):
        raise PydanticCustomError("wrong-value", "documents have names such as Sync.ItemMaster")
    return name


DocumentName = Annotated[str, AfterValidator(_document)]
PlaceText = Annotated[str, AfterValidator(_place)]


class TriggerSpec(SpecModel):
    """Events that wake a pipeline before its schedule does."""

    webhook: list[str] = Field(default=[], min_length=1)
    """Topics of the shop's webhooks: the record that one names is read again and delivered."""
    bod: dict[DocumentName, PlaceText] = Field(default={}, min_length=1)
    """Documents of M3 that come by ION, each with the place of the key in it."""


_MAPPED = 96
"""Bits before the address of IPv4 in one of IPv6 that stands for it."""


def _network(value: object) -> object:
    try:
        return _plain(ip_network(str(value), strict=False))
    except ValueError:
        raise PydanticCustomError(
            "wrong-value", "networks are written as 203.0.113.0/24, 2001:db8::/32 or a single address"
        ) from None


def _plain(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network of IPv4 that is written as one of IPv6 as what it is: so its senders are known."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED))


def _proxy(value: object) -> object:
    return value if value == ANYBODY else _network(value)


def _secret(value: object) -> object:
    if isinstance(value, SecretRef):
        return value
    raise PydanticCustomError("wrong-value", "a secret is written as ${secret:NAME}, never as its text")


ANYBODY = "*"
"""As a trusted proxy: everybody."""
_TEXT = WithJsonSchema({"type": "string"})
_NETWORK = WithJsonSchema({"type": "string", "description": "203.0.113.0/24, 2001:db8::/32, or an address."})
NetworkText = Annotated[Any, BeforeValidator(_network), _NETWORK]
ProxyText = Annotated[Any, BeforeValidator(_proxy), _NETWORK]
SecretText = Annotated[Any, BeforeValidator(_secret), _TEXT]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class TlsSpec(SpecModel):
    """The certificate of the service; both files are read again when they change."""

    cert: str
    """PEM file with the certificate and what is between it and its root."""
    key: str
    """PEM file with the private key, without a password."""


class ListenSpec(SpecModel):
    """Where the service answers HTTP."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8480, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    tls: TlsSpec | None = None
    """Certificate for https; without it plain http, which belongs behind a proxy."""
    trusted_proxies: list[ProxyText] = Field(default=[])
    """Networks of proxies whose ``X-Forwarded-For`` is believed; none unless given."""
    body_timeout: Seconds = Field(default=10.0, gt=0)
    """How long a sender may take for a request."""
    connections: int = Field(default=200, ge=1)
    """Connections at once; more are answered 503, and hung up on beyond twice as many."""


class HookSourceSpec(SpecModel):
    """Who sends webhooks, how they are signed, and where in them topic and record are."""

    connection: Id | None = None
    """The shop that sends; needed where there are several."""
    path: str | None = Field(default=None, pattern=r"^/[A-Za-z0-9/_.-]+$")
    """Path of the address; ``/hooks/NAME`` unless given."""
    scheme: Literal["standard", "nopcommerce", "hmac"]
    """``standard`` (Standard Webhooks), ``nopcommerce`` (the API plugin's ``ms-signature``) or ``hmac``."""
    secrets: list[SecretText] = Field(min_length=1)
    """Keys; a message that one of them has signed is accepted, so that they can be changed one by one."""
    header: HeaderName = "x-signature"
    """Of ``hmac``: the header that holds the signature."""
    algorithm: Literal["sha256", "sha384", "sha512"] = "sha256"
    """Of ``hmac``: the digest."""
    encoding: Literal["hex", "base64"] = "hex"
    """Of ``hmac``: how the signature is written."""
    prefix: str = ""
    """Of ``hmac``: what stands before the signature, such as ``sha256=``."""
    window: Seconds = Field(default=300.0, gt=0)
    """Of ``standard``: how far the time of a message may be from now."""
    each: Jmes | None = None
    """The list of events, where a message holds several; its members are ``item``."""
    topic: Jmes | None = None
    """What happened."""
    key: Jmes | None = None
    """The record."""
    id: Jmes | None = None
    """The sender's id of the message; the same one counts once."""
    quiet: dict[str, Seconds] = Field(default={})
    """By topic: how long a new record is left alone, where the sender knows better than the pipeline."""
    allow: list[NetworkText] = Field(default=[])
    """Networks that may send; everybody unless given."""
    body_limit: int = Field(default=262_144, ge=1, le=16_777_216)
    """Bytes of a message at most."""
    per_second: float = Field(default=100.0, gt=0)
    """Messages a second at most, twice as many at once; more are told to come again."""
