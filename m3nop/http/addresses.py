"""Which addresses requests may go to; known without what sends them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from m3nop.core.errors import ConfigurationError


def checked_address(url: str, *, whole: bool = False) -> str:
    """Return the address without a trailing slash.

    A ``whole`` one is all that is ever asked there, so it may have a query.

    Raises:
        ConfigurationError: it is no address that requests may go to.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        msg = f"`{url}` is not an address: {error}"
        raise ConfigurationError(msg) from error
    if parts.username is not None:
        msg = f"the address of {host} holds credentials; put them under `credentials`"
        raise ConfigurationError(msg)
    if parts.scheme not in {"http", "https"} or not host:
        msg = f"`{url}` is not an address; it should look like https://host/path"
        raise ConfigurationError(msg)
    if parts.fragment or (parts.query and not whole):
        msg = f"`{url}` has a `?` or `#` part; give the address without it"
        raise ConfigurationError(msg)
    if parts.scheme == "http" and not is_loopback(host):
        msg = f"`{url}` is plain http, which would send credentials in the clear; use https"
        raise ConfigurationError(msg)
    return url.strip() if whole else url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
