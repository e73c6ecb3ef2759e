"""The HTTP server of the service: uvicorn in a thread, TLS, and limits on who is slow, or many."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from msgspec import Struct
from uvicorn.protocols.http.h11_impl import H11Protocol

from m3nop.core.errors import ConfigurationError

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

for _name in ("uvicorn", "asyncio"):
    # What strangers do to connections is nothing that they may fill a disk with.
    logging.getLogger(_name).addHandler(logging.NullHandler())

_DRAIN = 10
"""Seconds that answers under way have when the service ends."""
_READY = 10.0


class Address(Struct, frozen=True):
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
        self._seen = self._marks()
        self.context = self._newest = _context(cert, key)
        # Each connection is given the newest pair of files as a whole; half a pair never comes into use.
        self.context.sni_callback = self._give

    def _marks(self) -> list[tuple[int, int] | None]:
        return [_mark(file) for file in self._files]

    def _give(self, connection: ssl.SSLObject, _asked_for: str | None, _first: ssl.SSLContext) -> None:
        connection.context = self._newest

    def refresh(self) -> bool:
        """Use the files as they are now, if they have changed; the old ones stay where they cannot be used.

        Raises:
            ConfigurationError: they cannot; said once for each change.
        """
        marks = self._marks()
        if marks == self._seen:
            return False
        self._seen = marks
        self._newest = _context(*self._files)
        return True


def _mark(file: Path) -> tuple[int, int] | None:
    """Return by what a change of a file is seen; None for one that is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


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
        self._server = _Server(config, patience=address.header_timeout)
        self._thread = threading.Thread(target=self._serve, name="m3nop-web", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.run([self._socket])

    def close(self) -> None:
        """Take no more requests, and wait for the answers under way."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


class _Server(uvicorn.Server):
    """A server that waits no longer for the beginning and the end of TLS than for a request."""

    def __init__(self, config: uvicorn.Config, *, patience: float) -> None:
        super().__init__(config)
        self._patience = patience

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        config, loop = self.config, asyncio.get_running_loop()
        waits = self._patience if config.ssl is not None else None
        self.servers = []
        for one in sockets or ():
            server = await loop.create_server(
                lambda: config.http_protocol_class(config, self.server_state, self.lifespan.state),  # type: ignore[call-arg]
                sock=one, ssl=config.ssl, backlog=config.backlog, ssl_handshake_timeout=waits,
                ssl_shutdown_timeout=waits,
            )  # fmt: skip
            self.servers.append(server)
        self.started = True


class _Crowded(socket.socket):
    """A listening socket that hangs up on who comes while too many are there.

    Each connection is an open file, and the work of the service needs some, too. (On Windows, which has no
    such limit to speak of, connections come another way.)
    """

    def __init__(self, listening: socket.socket, *, most: int) -> None:
        super().__init__(fileno=listening.detach())
        self._most = most
        self._open: list[socket.socket] = []

    def accept(self) -> tuple[socket.socket, Any]:
        found, peer = super().accept()
        if len(self._open) >= self._most:
            self._open = [one for one in self._open if one.fileno() >= 0]
        if len(self._open) >= self._most:
            found.close()
            raise ConnectionAbortedError("too many are there")
        self._open.append(found)
        return found, peer


def _bearable(connections: int) -> int:
    """Return how many may be connected: more than are answered, to be told so; half of all files at most."""
    if sys.platform == "win32":
        return connections * 2
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections * 2 if files == resource.RLIM_INFINITY else min(connections * 2, files // 2)


def _listening(address: Address) -> socket.socket:
    try:
        found = socket.create_server(
            (address.host, address.port), backlog=2048,
            family=socket.AF_INET6 if ":" in address.host else socket.AF_INET,
        )  # fmt: skip
    except OSError as error:
        where = f"{address.host}:{address.port}"
        msg = f"the service cannot listen on {where}: {error.strerror or error}; see `listen` in m3nop.yaml"
        raise ConfigurationError(msg) from error
    return _Crowded(found, most=_bearable(address.connections))


class _Impatient(H11Protocol):
    """HTTP/1.1 that hangs up on who does not come to the point, or does not take what it is told.

    uvicorn waits for ever for a head, and for somebody who reads.
    """

    head_timeout = 10.0
    _limit: asyncio.TimerHandle | None = None
    _look_again: asyncio.TimerHandle | None = None
    _unsent = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as in the base
        super().connection_made(transport)
        self._look()
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
        if self._look_again is not None:
            self._look_again.cancel()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(self.head_timeout, self._hang_up)

    def _end(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _look(self) -> None:
        """Break the connection where nothing was taken of what waits to be sent since the last look."""
        waiting = self.transport.get_write_buffer_size()
        if waiting and waiting == self._unsent:
            self.transport.abort()
            return
        self._unsent = waiting
        self._look_again = self.loop.call_later(self.head_timeout, self._look)

    def _is_answering(self) -> bool:
        cycle = getattr(self, "cycle", None)
        return cycle is not None and not cycle.response_complete

    def _hang_up(self) -> None:
        self._limit = None
        if not self._is_answering():
            self.transport.close()


def _protocol(timeout: float) -> type[H11Protocol]:
    return type("Impatient", (_Impatient,), {"head_timeout": timeout})
