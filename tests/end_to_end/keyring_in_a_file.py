"""A keyring that a child process can use: it keeps what it is given in a file of the test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from keyring.backend import KeyringBackend

from m3nop.core import json


class Keyring(KeyringBackend):
    """Stands for the operating system's; the file is named by ``KEYRING_OF_THE_TEST``."""

    priority: ClassVar[float] = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        _path().write_text(json.dumps({**self._read(), f"{service}/{username}": password}), encoding="utf-8")

    def _read(self) -> dict[str, str]:
        return json.loads(_path().read_text(encoding="utf-8")) if _path().exists() else {}


def _path() -> Path:
    return Path(os.environ["KEYRING_OF_THE_TEST"])
