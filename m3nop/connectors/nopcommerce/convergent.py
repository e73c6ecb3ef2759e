"""One call that reads, compares and writes what differs: its requests, and what a failure among them means.

Before anything that acts was sent a failure leaves no effect, whatever it is. After that only a refusal is
one: what was written stays and the next call completes it, so anything else is a doubt.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from zlib import crc32

from m3nop.connectors.nopcommerce.refusals import ShopFailure
from m3nop.core.connector import Failure, Outcome, Remedy
from m3nop.core.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from m3nop.connectors.nopcommerce.api import Request, ShopApi
    from m3nop.connectors.nopcommerce.records import Record
    from m3nop.core.clock import Clock
    from m3nop.core.json import Json

_LANES = 64
_LONGEST_PAUSE = 30.0
_REPEATS = 2


class Requests:
    """The requests of one call; it knows whether one that acts may have reached the shop."""

    def __init__(self, api: ShopApi, *, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self.acted = False

    def read(self, request: Request) -> Json:
        """Make a request that changes nothing; a row that is gone is None.

        Raises:
            ShopFailure: it failed.
        """
        return self._api.read(request)

    def act(self, request: Request) -> Json:
        """Make a request that acts; what was turned away for its haste is sent again.

        Raises:
            ShopFailure: it failed.
        """
        for _ in range(_REPEATS if self.acted else 0):
            try:
                return self._act(request)
            except ShopFailure as error:
                pause = error.failure.retry_after or 1.0
                if error.failure.status != HTTPStatus.TOO_MANY_REQUESTS or pause > _LONGEST_PAUSE:
                    raise
                self._clock.wait(pause)
        return self._act(request)

    def judged(self, error: ShopFailure) -> ShopFailure:
        """Return a failure of one request as that of the whole call."""
        if error.outcome is Outcome.REFUSED:
            return error
        return ShopFailure(error.failure, outcome=Outcome.IN_DOUBT if self.acted else Outcome.NOT_SENT)

    def _act(self, request: Request) -> Json:
        try:
            answer = self._api.write(request)
        except ShopFailure as error:
            self.acted = self.acted or error.outcome is Outcome.IN_DOUBT
            raise
        self.acted = True
        return answer


class Converger:
    """Makes such calls. One about the same thing waits until the one before it has ended."""

    def __init__(self, api: ShopApi, *, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._calls = [threading.Lock() for _ in range(_LANES)]
        self._rows = [threading.Lock() for _ in range(_LANES)]

    def call(self, work: Callable[[Requests], Sequence[Record]], *, about: str) -> Sequence[Record]:
        """Do ``work``, which makes its requests with what it is given.

        Raises:
            ShopFailure: a request failed; its outcome is that of the whole call.
        """
        requests = Requests(self._api, clock=self._clock)
        with _turn(self._calls, about):
            try:
                return work(requests)
            except ShopFailure as error:
                raise requests.judged(error) from error
            except SourceError as error:
                failure = Failure(Remedy.SYSTEMIC, str(error))
                raise requests.judged(ShopFailure(failure, outcome=Outcome.IN_DOUBT)) from error

    @contextmanager
    def alone(self, product_id: int) -> Iterator[None]:
        """Write to a product and what hangs on it while no other call does, by whatever name it found it.

        Only within a call, and once at a time: that order keeps two calls from waiting for each other.
        """
        # A write of a whole row, or of all variants, must not lie around another write of ours.
        with _turn(self._rows, str(product_id)):
            yield


@contextmanager
def _turn(locks: Sequence[threading.Lock], about: str) -> Iterator[None]:
    with locks[crc32(about.lower().encode()) % _LANES]:
        yield
