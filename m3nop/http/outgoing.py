"""A request and where it goes, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from msgspec import Struct

from m3nop.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_PATHS = "%/:@!$&'()*+,;=~-._"
"""What stands in a path as it is."""


class Host(Struct, frozen=True):
    """Where connections lead; a ``name`` that is an IPv6 address has no brackets."""

    scheme: str
    name: str
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{self.scheme}://{name}" + (f":{self.port}" if self.port else "")


class Outgoing(Struct, frozen=True):
    """A request; ``target`` is its path with the query, quoted, ``headers`` have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None


def taken_apart(address: str) -> tuple[Host, str]:
    """Return where an address leads, and its path, both as they go over the wire.

    Raises:
        ConfigurationError: its host name cannot be written there.
    """
    parts = urlsplit(address)
    name = parts.hostname or ""
    try:
        wired = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError as error:
        msg = f"`{address}` is not an address: {error}"
        raise ConfigurationError(msg) from error
    return Host(parts.scheme, wired, parts.port), quote(parts.path, safe=_IN_PATHS)
