"""What every sender has to pass: its address, the size and the time of its body; and the inbox, at last.

A sender learns the status of its request and nothing else. What was wrong is in the log, without the body.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from m3nop.core.errors import M3nopError
from m3nop.serve.addresses import sender, within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from starlette.requests import Request

    from m3nop.core.clock import Clock
    from m3nop.core.inbox import Message
    from m3nop.serve.addresses import Network
    from m3nop.serve.inbox import Inbox
    from m3nop.serve.log import Log

_SILENCE = 10.0
"""Seconds after a refusal was written in which others of its kind are only counted."""
_PATIENCE = 10.0
"""Seconds that a sender waits for the disk."""


class Guarded(Protocol):
    """A source as far as the door looks at it."""

    @property
    def name(self) -> str:
        """Its name in the project."""
        ...

    @property
    def body_limit(self) -> int:
        """Bytes of a message at most."""
        ...

    @property
    def allow(self) -> Sequence[Network]:
        """Networks that may send; everybody where there are none."""
        ...


class Refused(Exception):  # noqa: N818 - the name says what it is to its callers
    """A request that is not accepted."""

    def __init__(
        self, status: int, why: str, *, retry_after: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.why = why
        self.headers = dict(headers or {})
        if retry_after:
            self.headers["Retry-After"] = str(retry_after)
        super().__init__(why)


class Door(Struct):
    """What all sources of a service share."""

    inbox: Inbox
    log: Log
    clock: Clock
    trusted: Sequence[Network] = ()
    body_timeout: float = 10.0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How many requests of each source were answered with which status."""
    _silent: dict[tuple[str, int], tuple[float, int]] = field(default_factory=dict)
    """By source and status: until when refusals are only counted, and how many were."""

    async def answer(self, source: Guarded, request: Request, receiving: Awaitable[Response]) -> Response:
        """Wait for the answer to a request; a refusal is one, too."""
        try:
            answer = await receiving
        except Refused as refused:
            if not getattr(request.state, "was_read", False):
                # Whatever of its body is still on its way belongs to no other request.
                refused.headers["Connection"] = "close"
            answer = Response(status_code=refused.status, headers=refused.headers)
            self._complain(source.name, refused)
        self.answers[source.name, answer.status_code] += 1
        return answer

    def _complain(self, source: str, refused: Refused) -> None:
        """Write why a message was refused; of many a few, so that nobody can fill the disk with them."""
        now, kind = time.monotonic(), (source, refused.status)
        until, more = self._silent.get(kind, (0.0, 0))
        if now < until:
            self._silent[kind] = (until, more + 1)
            return
        self._silent[kind] = (now + _SILENCE, 0)
        others = f" (and {more} more before)" if more else ""
        text = f"a message for {source} was refused ({refused.status}): {refused.why}{others}"
        facts = {"source": source, "status": refused.status, "reason": refused.why, "more": more}
        self.log.say("webhook_refused", text, **facts)

    def check_address(self, source: Guarded, request: Request) -> None:
        """Let only those in that may send.

        Raises:
            Refused: this one may not.
        """
        if not source.allow:
            return
        peer = request.client.host if request.client else ""
        found = sender(peer, request.headers.getlist("x-forwarded-for"), trusted=self.trusted)
        if found is None or not within(found, source.allow):
            raise Refused(403, f"{found or 'an address that cannot be told'} is not among `allow`")

    async def body(self, source: Guarded, request: Request) -> bytes:
        """Read a body within its limits.

        Raises:
            Refused: it is larger than it may be, takes longer, or does not come to its end.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > source.body_limit:
            raise Refused(413, "it is larger than `body_limit`")
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.body_timeout):
                async for part in request.stream():
                    size += len(part)
                    if size > source.body_limit:
                        raise Refused(413, "it is larger than `body_limit`")
                    parts.append(part)
        except TimeoutError as error:
            raise Refused(408, "its body did not come in time") from error
        except ClientDisconnect as error:
            raise Refused(400, "its sender hung up before the end of its body") from error
        request.state.was_read = True
        return b"".join(parts)

    async def keep(self, messages: Sequence[Message]) -> bool:
        """Keep messages on the disk; tell whether one of them is new.

        Raises:
            Refused: they cannot be kept at present.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                new = await asyncio.wrap_future(self.inbox.put(messages))
        except (M3nopError, TimeoutError) as error:
            raise Refused(503, f"it cannot be kept: {error}", retry_after=5) from error
        return any(new)
