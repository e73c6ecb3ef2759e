"""The options of a connection to M3."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from m3nop.connectors.m3.effects import CLOSED_PERIOD
from m3nop.connectors.options import SANDBOX, CircuitOptions, Credential, Options, RateLimit, Seconds
from m3nop.core.connector import Effect  # noqa: TC001 - Pydantic reads the annotations

FROM_SERVER = "from_server"
_TRANSACTION = re.compile(r"[A-Z][A-Z0-9]{2,9}/[A-Za-z][A-Za-z0-9_]*")


def _transaction(name: str) -> str:
    if not _TRANSACTION.fullmatch(name):
        msg = f"`{name}` is not a transaction; write PROGRAM/Transaction, such as OIS100MI/Confirm"
        raise ValueError(msg)
    return name


def _address(url: str) -> str:
    if url and url != SANDBOX and not re.match(r"https?://[^/]", url):
        msg = (
            f"`{url}` is not an address; it should look like https://m3.example.com:21108, or be `{SANDBOX}`"
        )
        raise ValueError(msg)
    return url


def _time_zone(name: str) -> str:
    if name == FROM_SERVER:
        return name
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"`{name}` is not a time zone; write an IANA name such as Europe/Oslo, or `{FROM_SERVER}`"
        raise ValueError(msg) from error
    return name


Transaction = Annotated[str, AfterValidator(_transaction)]


def _cron(text: str) -> str:
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        msg = f"`{text}` is not a time; write five fields such as `0 2 * * *`"
        raise ValueError(msg) from error
    return text


class MaintenanceWindow(Options):
    """A time in which M3 is left alone."""

    cron: Annotated[str, AfterValidator(_cron)]
    """When it begins: minute, hour, day of the month, month, day of the week."""
    for_: Seconds = Field(alias="for")
    """How long it lasts, such as ``90m``."""
    reason: str = ""
    """Said to whom it turns away."""


class M3Credentials(Options):
    """Who signs in: an .ionapi file, a user of an on-premise M3, or the parts of an .ionapi file."""

    ionapi: Credential | None = None
    """The content of the .ionapi file of a backend service, as ``${secret:NAME}``."""
    username: str | None = None
    """User of an on-premise M3 (HTTP Basic)."""
    password: Credential | None = None
    """That user's password, as ``${secret:NAME}``."""
    token_url: str | None = None
    """Where tokens are issued (``pu`` and ``ot`` of an .ionapi file), when there is no file."""
    client_id: str | None = None
    """Client id (``ci``)."""
    client_secret: Credential | None = None
    """Client secret (``cs``), as ``${secret:NAME}``."""
    access_key: Credential | None = None
    """Service account access key (``saak``), as ``${secret:NAME}``; without it the client signs in itself."""
    secret_key: Credential | None = None
    """Service account secret key (``sask``), as ``${secret:NAME}``."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        ways = {
            "`ionapi`": (self.ionapi,),
            "`username` and `password`": (self.username, self.password),
            "`token_url`, `client_id` and `client_secret`": (
                self.token_url, self.client_id, self.client_secret,
            ),
        }  # fmt: skip
        begun = {way: parts for way, parts in ways.items() if any(part is not None for part in parts)}
        if len(begun) != 1:
            msg = f"give one of: {'; '.join(ways)}"
            raise ValueError(msg)
        way, parts = begun.popitem()
        if None in parts:
            msg = f"{way} go together"
            raise ValueError(msg)
        keys = (self.access_key, self.secret_key)
        if keys != (None, None) and (self.token_url is None or None in keys):
            msg = "`access_key` and `secret_key` go together, beside `client_id`"
            raise ValueError(msg)
        return self


class M3Config(Options):
    """A connection to one company of an M3, in the cloud or on premise."""

    type: Literal["m3"] = "m3"
    """The connector."""
    url: Annotated[str, AfterValidator(_address)] = ""
    """M3's address before ``api_path``, or ``sandbox:``; not needed with ``ionapi``, which holds it."""
    credentials: M3Credentials | None = None
    """Who signs in; not needed with ``sandbox:``."""
    api: Literal["v2", "v1"] = "v2"
    """Version of M3's REST interface; ``v1`` for old on-premise systems: no bulk, one call a request."""
    api_path: str = Field(default="/m3api-rest", pattern=r"^/[A-Za-z0-9._~/-]*$")
    """Path of the REST interface."""
    company: int | None = Field(default=None, ge=1, le=999)
    """Company (CONO) that every call is made in; unless given the M3 user's own."""
    division: str | None = Field(default=None, max_length=3)
    """Division (DIVI); blank is the whole company, unless given the M3 user's own."""
    time_zone: Annotated[str, AfterValidator(_time_zone)] = FROM_SERVER
    """Time zone of M3's dates: an IANA name such as ``Europe/Oslo``, or ``from_server``."""
    page_size: int = Field(default=1000, ge=10, le=10_000)
    """Rows of a list that are asked for at once."""
    group_size: int = Field(default=50, ge=1, le=500)
    """The most calls in one bulk request; fewer where M3 takes long for each."""
    group_bytes: int = Field(default=30_000, ge=2_000)
    """Bytes in one bulk request."""
    confirm_group: int = Field(default=5, ge=1, le=50)
    """Calls in the first bulk request of a transaction that takes long (Confirm); more while M3 is quick."""
    timeout: Seconds = 120.0
    """How long an answer may take."""
    settle_after: Seconds = 300.0
    """After this long a request that was sent cannot take effect any more."""
    rate_limit: RateLimit | None = None
    """The largest number of requests in a time."""
    in_flight: int = Field(default=4, ge=1, le=32)
    """How many requests may be under way at once."""
    circuit: CircuitOptions = Field(default_factory=CircuitOptions)
    """When it is left alone because it does not work, and for how long."""
    client_auth: Literal["form", "basic"] = "form"
    """How the client id is sent to the token endpoint: in the form, or as HTTP Basic."""
    table_reads: bool = True
    """Whether EXPORTMI may be called, which some sites forbid."""
    extended_result: bool = True
    """Ask bulk writes to repeat their input, so that a cut answer can be matched (v2)."""
    effects: dict[Transaction, Effect] = Field(default_factory=dict)
    """What repeating a site-specific transaction does, such as ``{ZOR100MI/AddHead: unsafe}``."""
    done_codes: dict[Transaction, frozenset[str]] = Field(default_factory=dict)
    """Message ids that a ``keyed`` transaction answers when its effect is there already."""
    waiting_codes: frozenset[str] = frozenset({CLOSED_PERIOD})
    """Message ids of refusals that pass: the record waits. Unless given, ``WPE0105``, a closed period."""
    not_during: list[MaintenanceWindow] = Field(default_factory=list)
    """Maintenance windows, in M3's time zone: no run begins in one, and none goes on."""
    ca_file: str | None = None
    """A file of certificate authorities to trust besides those of the system."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.settle_after <= self.timeout:
            msg = "`settle_after` must be longer than `timeout`: a request that is still awaited can act"
            raise ValueError(msg)
        if self.url == SANDBOX:
            return self
        if self.credentials is None:
            msg = "`credentials` are missing"
            raise ValueError(msg)
        if not self.url and self.credentials.ionapi is None:
            msg = "`url` is missing; only an .ionapi file holds the address"
            raise ValueError(msg)
        return self
