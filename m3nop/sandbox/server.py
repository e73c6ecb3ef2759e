"""The sandbox as a real HTTP server on loopback, in a thread of this process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from m3nop.sandbox import access, shop
from m3nop.sandbox.control import routes as control_routes
from m3nop.sandbox.gate import Gate
from m3nop.sandbox.m3.routes import routes as m3_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m3nop.sandbox.world import World

# What a killed connection makes uvicorn say belongs in a log, if there is one, not on a user's terminal.
logging.getLogger("uvicorn").addHandler(logging.NullHandler())

_LOOK = 0.002
"""Seconds between two looks whether a server that is to end has given its last answer."""


class Running:
    """Where a sandbox answers; ``world`` is None when it runs in another process."""

    def __init__(self, url: str, *, world: World | None = None) -> None:
        self.url = url
        self.world = world

    @property
    def m3_url(self) -> str:
        """The base of M3 through the gateway; ``/m3api-rest/...`` follows."""
        return f"{self.url}/{access.TENANT}/M3"

    @property
    def shop_url(self) -> str:
        """The base of the shop; ``/api-backend/...`` or ``/api/...`` follows."""
        return f"{self.url}/shop"

    @property
    def ionapi(self) -> dict[str, Any]:
        """The content of an ``.ionapi`` file that points here."""
        return access.ionapi(self.url)

    def close(self) -> None:
        """Stop it, if it runs in this process."""


class Serving(Running):
    """A sandbox that is served by a thread of this process."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        listener = socket.create_server(("127.0.0.1", port))
        super().__init__(f"http://127.0.0.1:{listener.getsockname()[1]}", world=world)
        config = uvicorn.Config(
            application(world),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._listener = listener
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="m3nop sandbox", daemon=True
        )
        # The socket listens already: a request that comes before the thread is ready waits in its queue.
        self._thread.start()

    def wait(self) -> None:
        """Block until the server stops."""
        self._thread.join()

    def close(self) -> None:
        """Stop answering; what was answered is in the books."""
        self._server.stop()
        self._thread.join()
        self._listener.close()


@contextmanager
def serve(world: World, *, port: int = 0) -> Iterator[Serving]:
    """Serve a world on loopback, on a free port unless one is given.

    Raises:
        BaseException: at the end, the first thing that a hook or an endpoint raised meanwhile.
    """
    running = Serving(world, port=port)
    try:
        yield running
    finally:
        running.close()
    if world.failures:
        raise world.failures[0]


def application(world: World) -> Gate:
    """Join the doubles and the control interface to one ASGI application."""
    mounted: list[BaseRoute] = [
        Mount("/sandbox", routes=control_routes(world)),
        Mount("/shop", routes=shop.routes(world)),
        *m3_routes(world),
    ]
    return Gate(world, Starlette(routes=mounted))


class _Server(uvicorn.Server):
    """Ends when it is told to: uvicorn's own looks ten times a second whether it should, then pauses."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def stop(self) -> None:
        """Let it end; from any thread."""
        self.should_exit = True
        if self._told is not None:
            loop, told = self._told
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(told.set)

    async def main_loop(self) -> None:
        """Serve until told to stop; once a second the date of the answers moves on."""
        told = asyncio.Event()
        self._told = (asyncio.get_running_loop(), told)
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Take no more requests, and wait for the answers under way as long as the grace lasts."""
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while state.connections or state.tasks:
                    await asyncio.sleep(_LOOK)


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets an application reach its connection, to kill it."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401
        super().connection_made(transport)
        # Without it every answer waits 40 ms: asyncio sets it only where a protocol number was given.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}
