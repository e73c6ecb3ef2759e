"""A credential by name. Its text is looked up when a connection is opened, and is never part of a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecretRef:
    """What ``${secret:NAME}`` becomes in a loaded project."""

    name: str

    def __str__(self) -> str:
        return f"${{secret:{self.name}}}"
