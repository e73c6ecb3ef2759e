"""Types of options that connectors share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from m3nop.core.connector import CircuitRules
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret, SecretRef

SANDBOX = "sandbox:"
"""The address that stands for the embedded sandbox; whoever opens a connection fills the real one in."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def _seconds(value: Any) -> Any:  # noqa: ANN401 - what YAML holds
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        msg = f"`{value}` is not a duration; write 30s, 5m, 2h or a number of seconds"
        raise ValueError(msg)
    return float(found.group(1)) * _UNITS[found.group(2)]


def _credential(value: object) -> Secret | SecretRef:
    if isinstance(value, (Secret, SecretRef)):
        return value
    if isinstance(value, str):
        return Secret(value)
    msg = "a credential is text, such as ${secret:NAME}"
    raise ValueError(msg)


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}),
]
"""A duration: ``30s``, ``5m``, ``2h``, ``1d`` or a number of seconds."""

Credential = Annotated[
    Secret | SecretRef,
    PlainValidator(_credential),
    PlainSerializer(lambda _: "***", return_type=str),
    WithJsonSchema({"type": "string"}),
]
"""A secret text; only its name until a connection is opened."""


class Options(BaseModel):
    """A closed and frozen group of options, described by its attribute docstrings."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


class RateLimit(Options):
    """How many requests a system is sent in a time, by all runs on one state database together."""

    requests: int = Field(ge=1)
    """Requests in each ``per``."""
    per: Seconds = 1.0
    """The time they are counted in, such as ``1s``."""


class CircuitOptions(Options):
    """When a system that does not work is left alone, and for how long."""

    failures: int = Field(default=6, ge=1, le=100)
    """Requests that fail in a row until it is left alone."""
    pause: Seconds = 30.0
    """How long until it is tried the first time; each further pause is twice as long."""
    longest_pause: Seconds = 900.0
    """Pauses grow no longer."""

    @property
    def rules(self) -> CircuitRules:
        """The same for the engine."""
        return CircuitRules(self.failures, self.pause, max(self.pause, self.longest_pause))


def filled_in(credential: Secret | SecretRef) -> Secret:
    """Return the credential's text, which whoever opens a connection has filled in.

    Raises:
        ConfigurationError: it is still only a name.
    """
    if isinstance(credential, SecretRef):
        msg = f"the secret {credential.name} was not looked up"
        raise ConfigurationError(msg)
    return credential
