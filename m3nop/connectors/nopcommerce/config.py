"""The options of a nopCommerce connection."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from m3nop.connectors.options import SANDBOX, CircuitOptions, Credential, Options, RateLimit, Seconds

LARGEST_OSS_PAGE = 250
"""Nop.Plugin.Api answers 400 to a larger ``Limit``."""

_OFFICIAL_PAGE = 100


def _address(url: str) -> str:
    if url != SANDBOX and not re.match(r"https?://[^/]", url):
        msg = f"`{url}` is not an address; it should look like https://shop.example.com, or be `{SANDBOX}`"
        raise ValueError(msg)
    return url


class ShopCredentials(Options):
    """Who signs in: a user name and password, or a token that does not end."""

    username: str | None = None
    """User name or e-mail address of a shop user who may use the API."""
    password: Credential | None = None
    """That user's password, as ``${secret:NAME}``."""
    token: Credential | None = None
    """A fixed token or API key, as ``${secret:NAME}``, in place of a user name and password."""
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    """The header that carries ``token``; in ``Authorization`` it is sent as a bearer token."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        login = (self.username, self.password)
        if (login == (None, None)) == (self.token is None):
            msg = "give either `username` and `password`, or `token`"
            raise ValueError(msg)
        if self.token is None and None in login:
            msg = "`username` and `password` go together"
            raise ValueError(msg)
        return self


class NopCommerceConfig(Options):
    """A connection to a nopCommerce installation, which may hold several stores."""

    type: Literal["nopcommerce"] = "nopcommerce"
    """The connector."""
    url: Annotated[str, AfterValidator(_address)]
    """The shop's address, such as ``https://shop.example.com``, or ``sandbox:``."""
    dialect: Literal["official", "oss"] = "official"
    """``official`` for nopCommerce's Web API plugin, ``oss`` for the open-source Nop.Plugin.Api."""
    credentials: ShopCredentials | None = None
    """Who signs in; not needed with ``sandbox:``."""
    page_size: int | None = Field(default=None, ge=1, le=500)
    """Records per page: unless given 100, and in the ``oss`` dialect 250, which is its largest."""
    ids_per_request: int = Field(default=100, ge=1, le=200)
    """How many ids one address may list; servers cut or refuse very long ones."""
    timeout: Seconds = 60.0
    """How long an answer may take."""
    settle_after: Seconds = 300.0
    """After this long a request that was sent cannot take effect any more."""
    rate_limit: RateLimit | None = None
    """The largest number of requests in a time."""
    in_flight: int = Field(default=4, ge=1, le=32)
    """How many requests may be under way at once."""
    circuit: CircuitOptions = Field(default_factory=CircuitOptions)
    """When it is left alone because it does not work, and for how long."""
    ca_file: str | None = None
    """A file of certificate authorities to trust besides those of the system."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        # Plain http goes to this machine only: a sandbox, which does settle soon.
        if self.settle_after <= self.timeout and self.url.startswith("https:"):
            msg = "`settle_after` must be longer than `timeout`: a request that is still awaited can act"
            raise ValueError(msg)
        if self.credentials is None and self.url != SANDBOX:
            msg = "`credentials` are missing"
            raise ValueError(msg)
        if self.dialect == "oss" and (self.page_size or 0) > LARGEST_OSS_PAGE:
            msg = f"`page_size` is at most {LARGEST_OSS_PAGE} in the `oss` dialect"
            raise ValueError(msg)
        return self

    @property
    def records_per_page(self) -> int:
        """The page size in force."""
        return self.page_size or (LARGEST_OSS_PAGE if self.dialect == "oss" else _OFFICIAL_PAGE)
