"""Which secrets a project names, and where each is found; never what they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct
from pydantic import BaseModel

from m3nop.app.opening import SANDBOX
from m3nop.app.registry import CONNECTORS
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from m3nop.app.secrets import Secrets
    from m3nop.spec.project import LoadedProject


class SecretUse(Struct, frozen=True):
    """A secret that one environment needs, and what for."""

    environment: str
    name: str
    use: str
    """The option that takes it, such as ``connections.erp.credentials.ionapi``."""


class Found(Struct, frozen=True):
    """Where a secret is; ``place`` is blank where it is nowhere, ``trouble`` says what is wrong with it."""

    secret: SecretUse
    place: str
    trouble: str = ""

    @property
    def remedy(self) -> str:
        """What to do about the trouble."""
        name = self.secret.name
        return f"run `m3nop secrets set {name}`, or set M3NOP_SECRET_{name.upper()}"


def uses_in(project: LoadedProject) -> list[SecretUse]:
    """List the secrets of a loaded environment; a connection to the sandbox needs none."""
    environment = project.environment or ""
    found = [
        SecretUse(environment, name, f"connections.{connection}.{option}")
        for connection, config in sorted(project.connections.items())
        if config.url != SANDBOX
        for option, name in _names(config)
    ]
    if project.spec is not None:
        found.extend(
            SecretUse(environment, name, option) for option, name in _names(project.spec.alerts, "alerts")
        )
        senders = {
            **{f"webhooks.{name}": spec.secrets for name, spec in sorted(project.spec.webhooks.items())},
            **{f"ion.{name}": spec.secrets for name, spec in sorted(project.spec.ion.items())},
        }
        found.extend(
            SecretUse(environment, reference.name, f"{sender}.secrets")
            for sender, references in senders.items()
            for reference in references
        )
    if isinstance(project.state_url, SecretRef):
        found.append(SecretUse(environment, project.state_url.name, "state"))
    return found


def uses_of(folder: Path, environments: Sequence[str]) -> list[SecretUse]:
    """List the secrets that these environments of a project need."""
    from m3nop.spec.project import load_project

    whole = load_project(folder, environment=None, registry=CONNECTORS, environ=os.environ)
    return [use for name in environments for use in uses_in(whole.in_environment(name, lenient=True))]


def look_up(uses: Sequence[SecretUse], secrets: Secrets) -> list[Found]:
    """Look every secret up and forget its text at once."""
    return [_look(use, secrets) for use in uses]


def _look(use: SecretUse, secrets: Secrets) -> Found:
    try:
        found = secrets.place(use.name)
    except ConfigurationError as error:
        return Found(use, "", str(error))
    if found is None:
        return Found(use, "", "it is nowhere to be found")
    place, text = found
    return Found(use, place, "" if text.strip() else "it is blank")


def _names(value: object, option: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretRef):
        yield option, value.name
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _names(inner, f"{option}.{name}")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _names(getattr(value, name), f"{option}.{name}".lstrip("."))
