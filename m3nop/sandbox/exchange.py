"""One HTTP request and its answer as plain values, and an ASGI application run on them to its end."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from msgspec import Struct, field

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Call(Struct, frozen=True):
    """An HTTP request whose body has arrived."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, blank when absent."""
        return next((value for key, value in self.headers if key == name), "")

    def document(self) -> dict[str, Any]:
        """Return a form that the books can keep."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": [list(pair) for pair in self.headers],
            "body": base64.b64encode(self.body).decode(),
        }

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Call:
        """Read the form that ``document`` wrote."""
        headers = tuple((name, value) for name, value in doc["headers"])
        return cls(doc["method"], doc["path"], doc["query"], headers, base64.b64decode(doc["body"]))


class Answer(Struct):
    """An HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def with_content_type(self, content_type: str) -> Answer:
        """Return the same answer under another content type."""
        kept = [pair for pair in self.headers if pair[0].lower() not in {b"content-type", b"content-length"}]
        return Answer(self.status, self.body, [*kept, (b"content-type", content_type.encode())])

    def start(self) -> Message:
        """Return the message that begins to send it."""
        headers = [pair for pair in self.headers if pair[0].lower() != b"content-length"]
        headers.append((b"content-length", str(len(self.body)).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


async def read(scope: Scope, receive: Receive) -> Call:
    """Collect a request of the server into a value."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return Call(
        scope["method"], scope["path"], scope["query_string"].decode("ascii"), headers, b"".join(parts)
    )


async def transmit(answer: Answer, send: Send) -> None:
    """Send an answer to the server's client."""
    await send(answer.start())
    await send({"type": "http.response.body", "body": answer.body})


def perform(application: Application, call: Call) -> Answer:
    """Run an application on a request to its end, here and now, without an event loop.

    So a request is one uninterrupted change of the books, and a late effect can be replayed by anybody.

    Raises:
        RuntimeError: an endpoint waited for something; sandbox endpoints are ``async def`` and never wait.
    """
    answer = Answer()
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = list(message.get("headers", []))
        else:
            parts.append(message.get("body", b""))

    async def run() -> None:
        await application(_scope(call), receive, send)

    running = run()
    try:
        running.send(None)
    except StopIteration:
        answer.body = b"".join(parts)
        return answer
    running.close()
    msg = (
        f"the endpoint of {call.method} {call.path} waited: sandbox endpoints are 'async def' and never wait"
    )
    raise RuntimeError(msg)


def _scope(call: Call) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "root_path": "",
        "query_string": call.query.encode("ascii"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }
