"""The keys of sources of ION messages."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from m3nop.spec.field_model import SpecModel
from m3nop.spec.service_model import NetworkText, SecretText
from m3nop.spec.values import Id, Seconds

_SERVER = re.compile(r"https?://[^/?#\s]+")


def _server(text: str) -> str:
    if not _SERVER.fullmatch(text):
        raise PydanticCustomError("wrong-value", "scheme and host are written as https://m3nop.example.com")
    return text


ServerText = Annotated[str, AfterValidator(_server)]


class IonSpec(SpecModel):
    """Who sends messages of ION, and how it proves that it is ION."""

    connection: Id | None = None
    """The M3 whose documents come; needed where there are several."""
    scheme: Literal["oauth1", "basic", "bearer"]
    """``oauth1`` (a connection point's own), ``basic`` or ``bearer`` (as a policy of API Gateway has it)."""
    user: str = ""
    """Of ``oauth1`` the consumer key, of ``basic`` the user."""
    secrets: list[SecretText] = Field(min_length=1)
    """Consumer secrets, passwords or tokens; any is accepted, so that they can be changed one by one."""
    url: ServerText = ""
    """Of ``oauth1``: scheme and host by which ION calls, where a proxy changes them; they are signed."""
    window: Seconds = Field(default=300.0, gt=0)
    """Of ``oauth1``: how far the time of a signature may be from now."""
    method: Literal["multipartMessage", "message"] = "multipartMessage"
    """How ION is asked to send: two parts, or (since June 2023) one part and headers."""
    tenant: str | None = None
    """The tenant whose messages are taken (``X-TenantId``); any unless given."""
    allow: list[NetworkText] = Field(default=[])
    """Networks that may send; everybody unless given."""
    body_limit: int = Field(default=8_388_608, ge=1, le=67_108_864)
    """Bytes of a message at most; ION passes documents of up to 5 MB on."""
    document_limit: int = Field(default=16_777_216, ge=1, le=268_435_456)
    """Bytes of an unpacked document at most."""
    per_second: float = Field(default=100.0, gt=0)
    """Messages a second at most, twice as many at once; more are told to come again."""
