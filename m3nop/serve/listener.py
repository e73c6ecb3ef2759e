"""The HTTP server of the service: uvicorn in a thread, with limits on senders that are slow, and TLS."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from m3nop.core.dataclass import dataclass
from m3nop.core.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from starlette.applications import Starlette

logging.getLogger("uvicorn").addHandler(logging.NullHandler())

_DRAIN = 10
"""Seconds that answers under way have when the service ends."""
_READY = 10.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and within what limits."""

    host: str
    port: int
    cert: Path | None = None
    key: Path | None = None
    header_timeout: float = 10.0
    connections: int = 200


class Certificate:
    """A certificate whose files are read again when they have changed."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = (cert, key)
        self.context = _context(cert, key)
        self._seen = self._marks()

    def _marks(self) -> list[tuple[int, int]]:
        found = (file.stat() for file in self._files)
        return [(one.st_mtime_ns, one.st_size) for one in found]

    def refresh(self) -> bool:
        """Use the files as they are now, if they have changed; the old ones stay where they cannot be used.

        Raises:
            ConfigurationError: they cannot; said once for each change.
        """
        with suppress(OSError):
            marks = self._marks()
            if marks == self._seen:
                return False
            self._seen = marks
        # First beside it, so that half a pair of files never comes into use.
        _context(*self._files)
        self.context.load_cert_chain(*self._files)
        return True


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        why = f"{error.strerror or error}" if isinstance(error, OSError) else str(error)
        msg = f"the certificate {cert} with the key {key} cannot be used: {why}"
        raise ConfigurationError(msg) from error
    return context


def _no_password() -> str:
    raise ValueError("the key has a password; store it without one, readable by this user only")


class Listener:
    """Serves an application until it is closed."""

    def __init__(self, application: Starlette, address: Address) -> None:
        self.certificate = (
            Certificate(address.cert, address.key) if address.cert and address.key else None
        )  # fmt: skip
        self._socket = _listening(address)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application, http=_protocol(address.header_timeout), ws="none", loop="asyncio", lifespan="off",
            log_config=None, access_log=False, server_header=False, date_header=False, proxy_headers=False,
            limit_concurrency=address.connections, timeout_keep_alive=5, timeout_graceful_shutdown=_DRAIN,
            h11_max_incomplete_event_size=32_768,
        )  # fmt: skip
        config.load()
        if self.certificate is not None:
            config.ssl = self.certificate.context
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="m3nop-web", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.run([self._socket])

    def close(self) -> None:
        """Take no more requests, and wait for the answers under way."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def _listening(address: Address) -> socket.socket:
    try:
        return socket.create_server(
            (address.host, address.port), backlog=2048,
            family=socket.AF_INET6 if ":" in address.host else socket.AF_INET,
        )  # fmt: skip
    except OSError as error:
        where = f"{address.host}:{address.port}"
        msg = f"the service cannot listen on {where}: {error.strerror or error}; see `listen` in m3nop.yaml"
        raise ConfigurationError(msg) from error


class _Impatient(H11Protocol):
    """HTTP/1.1 that hangs up on who does not come to the point: uvicorn waits for ever for a head."""

    head_timeout = 10.0
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as in the base
        super().connection_made(transport)
        found = transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._begin()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._end()
        else:
            # Some of a head, and not all of it.
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(self.head_timeout, self._hang_up)

    def _end(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _is_answering(self) -> bool:
        cycle = getattr(self, "cycle", None)
        return cycle is not None and not cycle.response_complete

    def _hang_up(self) -> None:
        self._limit = None
        if not self._is_answering():
            self.transport.close()


def _protocol(timeout: float) -> type[H11Protocol]:
    return type("Impatient", (_Impatient,), {"head_timeout": timeout})
