"""Opens connections: credentials are looked up, and ``sandbox:`` becomes the address of the one that runs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from m3nop.core import json
from m3nop.core.clock import Clock, SystemClock
from m3nop.core.secrets import Secret, SecretRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from m3nop.app.secrets import Secrets
    from m3nop.core.connector import Catalog, Connection, ConnectorType
    from m3nop.sandbox.server import Running

SANDBOX = "sandbox:"


class Opener:
    """Opens the connections of one project, and the sandbox behind them where one is asked for."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._folder = folder
        self._secrets = secrets
        self._running: Running | None = None

    def clock(self, configs: Mapping[str, Any]) -> Clock:
        """Return the clock that a run follows: the sandbox's where a connection leads there."""
        if not any(config.url == SANDBOX for config in configs.values()):
            return SystemClock()
        from m3nop.app.control import Control

        return SystemClock(offset=Control(self.sandbox().url).get("clock")["offset"])

    def sandbox(self) -> Running:
        """Return the project's sandbox, started now if it does not run."""
        if self._running is None:
            from m3nop.sandbox.embedded import attach_or_start

            self._running = attach_or_start(self._folder / ".m3nop" / "sandbox")
        return self._running

    def release_sandbox(self) -> Running | None:
        """Give the sandbox away, if there is one; who gets it closes it."""
        running, self._running = self._running, None
        return running

    def adopt_sandbox(self, running: Running | None) -> None:
        """Use a sandbox that another opener of this project had started."""
        self._running = running

    def open(
        self, name: str, kind: ConnectorType, config: BaseModel, *, clock: Clock, catalog: Catalog
    ) -> Connection:
        """Open one connection.

        Raises:
            ConfigurationError: a secret is missing or an option does not fit.
        """
        if getattr(config, "url", None) == SANDBOX:
            config = self._in_sandbox(kind, config)
        module, _, function = kind.open.partition(":")
        factory = getattr(importlib.import_module(module), function)
        opened: Connection = factory(name, self._fill_in(config), clock=clock, catalog=catalog)
        return opened

    def _in_sandbox(self, kind: ConnectorType, config: BaseModel) -> BaseModel:
        from m3nop.sandbox import access

        running = self.sandbox()
        options = config.model_dump(by_alias=True, exclude_unset=True, exclude={"credentials", "url"})
        if kind.name == "m3":
            keys = {"ionapi": Secret(json.dumps(running.ionapi))}
            return type(config).model_validate({**options, "url": running.m3_url, "credentials": keys})
        login = {"username": access.SHOP_USER, "password": Secret(access.SHOP_PASSWORD)}
        return type(config).model_validate({**options, "url": running.shop_url, "credentials": login})

    def _fill_in(self, value: object) -> object:
        """Replace every credential that is only a name by its text."""
        if isinstance(value, SecretRef):
            return self._secrets.find(value)
        if isinstance(value, BaseModel):
            changes = {
                name: filled
                for name in type(value).model_fields
                if (filled := self._fill_in(getattr(value, name))) is not getattr(value, name)
            }
            return value.model_copy(update=changes) if changes else value
        return value

    def close(self) -> None:
        """Stop a sandbox that was started here."""
        if self._running is not None:
            self._running.close()
