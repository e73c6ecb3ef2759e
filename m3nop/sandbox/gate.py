"""The door of the sandbox: every request to a double passes here, where faults strike and time catches up."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from m3nop.sandbox.exchange import Answer, Application, Call, Receive, Scope, Send, perform, read, transmit
from m3nop.sandbox.faults import TRANSPORT, Fault
from m3nop.sandbox.m3.wire import operations as m3_operations
from m3nop.sandbox.world import Request, World

_REPLAY = "request"
_NO_LINGER = struct.pack("ii", 1, 0)
_SLOW = frozenset({"latency", "silence"})
_PIECES = 10
"""In which a slow answer comes."""


class Gate:
    """ASGI application around the doubles: one request is one commit of the books."""

    def __init__(self, world: World, inner: Application) -> None:
        self._world = world
        self._inner = inner
        world.effects[_REPLAY] = lambda detail: self._replay(Call.from_document(detail))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or kill its connection."""
        if scope["type"] != "http":
            return
        call = await read(scope, receive)
        system = _system(call.path)
        struck = self._arrive(system, call) if system else ()
        answer = self._outcome(call, struck)
        delay = sum(fault.seconds for fault in struck if fault.kind in _SLOW)
        if delay and await _gone(receive, within=delay):
            return
        if answer is None:
            await _reset(scope, receive)
        elif answer.body and any(fault.kind == "cut_body" for fault in struck):
            await _cut(answer, scope, send)
        elif slow := next((fault for fault in struck if fault.kind == "slow_body"), None):
            await _trickle(answer, receive, send, seconds=slow.seconds)
        else:
            await transmit(answer, send)

    def _arrive(self, system: str, call: Call) -> tuple[Fault, ...]:
        world = self._world
        request = Request(system, _operations(system, call), call, world.clock.now())
        world.requests.append(request)
        try:
            world.settle()
            for hook in world.on_request:
                hook(request)
        # A failed assertion of a test's hook must reach the test, not end as a 500 that a client retries.
        except Exception as error:  # noqa: BLE001
            world.failures.append(error)
        struck = world.faults.strike(system, (*request.operations, call.path))
        if any(fault.kind == "expired_token" for fault in struck):
            world.books.table(f"{system}.tokens").clear()
        return struck

    def _outcome(self, call: Call, struck: tuple[Fault, ...]) -> Answer | None:
        fault = next((fault for fault in struck if fault.kind in TRANSPORT), None)
        if fault is None:
            return self._perform(call, struck)
        if fault.kind in {"reset_before", "silence"}:
            return None
        if fault.kind == "late_effect":
            self._world.later(_REPLAY, call.document(), seconds=fault.seconds)
            return None
        if fault.kind in {"status", "html"} and not fault.effect:
            return _refusal(fault)
        return _spoil(fault, self._perform(call, struck))

    def _perform(self, call: Call, struck: tuple[Fault, ...]) -> Answer:
        world = self._world
        world.active = struck
        try:
            with world.books.change():
                return perform(self._inner, call)
        except Exception as error:  # noqa: BLE001
            world.failures.append(error)
            return _answer(JSONResponse({"error": f"the sandbox itself failed: {error!r}"}, 500))
        finally:
            world.active = ()

    def _replay(self, call: Call) -> None:
        perform(self._inner, call)


def _system(path: str) -> str:
    if path == "/sandbox" or path.startswith("/sandbox/"):
        return ""
    return "shop" if path.startswith("/shop/") else "m3"


def _operations(system: str, call: Call) -> tuple[str, ...]:
    if system == "m3":
        return m3_operations(call)
    path = call.path.removeprefix("/shop")
    return (f"{call.method} {path}", path)


def _refusal(fault: Fault) -> Answer:
    if fault.kind == "html":
        status = fault.status or 502
        page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
        return _answer(HTMLResponse(page, status))
    status = fault.status or 500
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return _answer(JSONResponse({"error": {"code": status, "message": "refused by script"}}, status, headers))


def _spoil(fault: Fault, answer: Answer) -> Answer | None:
    if fault.kind == "reset_after":
        return None
    if fault.kind == "empty":
        return Answer(200)
    if fault.kind == "invalid_json":
        return Answer(answer.status, answer.body[: max(1, len(answer.body) // 2)], answer.headers)
    if fault.kind == "content_type":
        return answer.with_content_type("text/plain")
    if fault.kind in {"slow_body", "cut_body"}:
        return answer
    return _refusal(fault)


def _answer(response: Response) -> Answer:
    return Answer(response.status_code, bytes(response.body), list(response.raw_headers))


async def _gone(receive: Receive, *, within: float) -> bool:
    """Wait until the client has hung up, but no longer than so many seconds."""
    try:
        async with asyncio.timeout(within):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _trickle(answer: Answer, receive: Receive, send: Send, *, seconds: float) -> None:
    size = max(1, len(answer.body) // _PIECES)
    await send(answer.start())
    for at in range(0, len(answer.body), size):
        if await _gone(receive, within=seconds / _PIECES):
            return
        await send({"type": "http.response.body", "body": answer.body[at : at + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _cut(answer: Answer, scope: Scope, send: Send) -> None:
    await send(answer.start())
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    scope["state"]["transport"].close()


async def _reset(scope: Scope, receive: Receive) -> None:
    transport: Any = scope["state"]["transport"]
    # Without lingering the close is a reset (RST), which is what a client of a dead gateway sees.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
