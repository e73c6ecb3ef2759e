"""Keeps an access token fresh for all threads of a connection."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.clock import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from m3nop.core.clock import Clock, Instant
    from m3nop.core.connector import Failure
    from m3nop.core.secrets import Secret
    from m3nop.http.response import Response

MARGIN = 2 * MINUTE
"""How long before its end a token is renewed, at most a quarter of its life."""


class Token(Struct, frozen=True):
    """An access token; ``lifetime`` in seconds, None for one that does not end."""

    value: Secret
    lifetime: float | None = None


class TokenFailure(Exception):  # noqa: N818 - the name says what it is to its callers
    """No token could be had, so the request that needed it was never sent."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(str(failure))


class TokenKeeper:
    """Fetches a token when one is needed: before the old one ends, and once after a 401.

    ``fetch`` raises TokenFailure. Of several threads that need a token one fetches it, the others wait.
    """

    def __init__(self, fetch: Callable[[], Token], *, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value: Secret | None = None
        self._renew_at: Instant | None = None

    def token(self) -> Secret:
        """Return a token that is good for a while.

        Raises:
            TokenFailure: none could be had.
        """
        with self._lock:
            if self._value is None or self._is_due():
                return self._renew()
            return self._value

    def renewed(self, refused: Secret) -> Secret:
        """Return a token other than the one that was refused.

        Raises:
            TokenFailure: none could be had.
        """
        with self._lock:
            # Another thread may have renewed it while this one waited for its answer.
            if self._value is None or self._value == refused:
                return self._renew()
            return self._value

    def send(self, request: Callable[[Secret], Response]) -> Response:
        """Make a request with a token; a 401 is no effect, so it is made once more with a new one.

        Raises:
            TokenFailure: no token could be had.
            HttpFailure: the request failed.
        """
        token = self.token()
        response = request(token)
        if response.status != HTTPStatus.UNAUTHORIZED:
            return response
        return request(self.renewed(token))

    def _is_due(self) -> bool:
        return self._renew_at is not None and self._clock.now() >= self._renew_at

    def _renew(self) -> Secret:
        asked_at = self._clock.now()
        token = self._fetch()
        self._value = token.value
        self._renew_at = None
        if token.lifetime is not None:
            life = round(token.lifetime * SECOND)
            self._renew_at = asked_at + life - min(MARGIN, life // 4)
        return token.value
