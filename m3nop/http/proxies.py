"""The proxy that the environment names for a host, and tunnels through it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
import urllib3.connection
from urllib3.connection import port_by_scheme
from urllib3.util import make_headers

from m3nop.http.failures import HttpFailure, HttpFailureKind
from m3nop.http.outgoing import Host

if TYPE_CHECKING:
    import ssl


class Proxy:
    """A proxy by its address, which may hold credentials.

    Raises:
        ValueError: it cannot be used; what is said of it holds no credential.
    """

    def __init__(self, address: str, *, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if parts.scheme not in {"http", "https"}:
            msg = f"it begins with {parts.scheme}://, and only http:// and https:// are spoken"
            raise ValueError(msg)
        if not parts.hostname:
            msg = "its address names no host"
            raise ValueError(msg)
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = parts.port or port_by_scheme[parts.scheme]
        self._manager = urllib3.ProxyManager(
            str(Host(self._scheme, self._host, self._port)), proxy_ssl_context=tls
        )
        self._headers: dict[str, str] = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers = make_headers(proxy_basic_auth=pair)

    def tunnel(
        self, host: str, port: int, *, timeout: float, tls: ssl.SSLContext | None
    ) -> urllib3.connection.HTTPSConnection:
        """Return a connection, not opened yet, that leads through this proxy to a host."""
        connection = urllib3.connection.HTTPSConnection(
            self._host,
            self._port,
            timeout=timeout,
            ssl_context=tls,
            proxy=self._manager.proxy,
            proxy_config=self._manager.proxy_config,
        )
        connection.set_tunnel(host, port, headers=self._headers, scheme=self._scheme)
        return connection


def proxy_for(host: Host, *, tls: ssl.SSLContext | None) -> Proxy | None:
    """Return the proxy that the environment (or the system) names for a host, if any.

    Raises:
        HttpFailure: it cannot be used, so nothing can be sent.
    """
    if proxy_bypass(host.name):
        return None
    named = getproxies()
    address = named.get(host.scheme) or named.get("all")
    if not address:
        return None
    try:
        return Proxy(address, tls=tls)
    except ValueError as error:
        msg = f"the proxy that the environment names cannot be used: {error}"
        raise HttpFailure(msg, kind=HttpFailureKind.CONNECT, sent=False) from None
