"""Calls addresses when pipelines begin and end, so that somebody else notices when they do not."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit, urlunsplit

from m3nop.app.alerts.posting import TIMEOUTS, ask
from m3nop.core.errors import M3nopError
from m3nop.core.secrets import SecretRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from m3nop.app.secrets import Secrets
    from m3nop.spec.alert_model import PingSpec

Moment = Literal["start", "success", "fail"]
_BESIDE = 4
_TAILS: Mapping[str, str] = {"start": "/start", "success": "", "fail": "/fail"}


class Pings:
    """The pings of one run: none holds it up, and what fails is only said."""

    def __init__(
        self, pings: Mapping[str, PingSpec], *, secrets: Secrets, warn: Callable[[str], None]
    ) -> None:
        self._pings = pings
        self._secrets = secrets
        self._warn = warn
        self._pool = ThreadPoolExecutor(max_workers=_BESIDE, thread_name_prefix="m3nop-ping")
        self._under_way: list[Future[str]] = []

    def began(self, pipelines: Iterable[str]) -> None:
        """Say that pipelines begin; the requests are made beside the run."""
        self._submit("start", pipelines)

    def ended(self, results: Mapping[str, Moment]) -> None:
        """Say how each pipeline ended, after what was said of its beginning, and wait until it is said."""
        self._collect()
        for pipeline, moment in results.items():
            self._submit(moment, [pipeline])
        self._collect()
        self._pool.shutdown()

    def _submit(self, moment: Moment, pipelines: Iterable[str]) -> None:
        for name in pipelines:
            ping = self._pings.get(name) or self._pings.get(name.partition("@")[0])
            if ping is not None:
                self._under_way.append(self._pool.submit(self._call, name, ping, moment))

    def _call(self, pipeline: str, ping: PingSpec, moment: Moment) -> str:
        own: str | SecretRef | None = getattr(ping, moment)
        given = ping.url if own is None else own
        if given is None:
            return ""
        try:
            text = self._secrets.find(given).reveal() if isinstance(given, SecretRef) else str(given)
            address = text if own is not None else with_tail(text, _TAILS[moment])
            ask(f"the ping of {pipeline}", address, method="GET")
        except M3nopError as error:
            return str(error)
        except ValueError:
            return f"the ping of {pipeline}: its address cannot be used"
        return ""

    def _collect(self) -> None:
        under_way, self._under_way = self._under_way, []
        for trouble in dict.fromkeys(one.result() for one in under_way):
            if trouble:
                self._warn(trouble)


class PingsBeside:
    """Ends the pings of runs while the next runs go on.

    A pipeline whose last pings are under way still is left out: whoever answers so late learns nothing new.
    """

    def __init__(self) -> None:
        self._ending: dict[threading.Thread, frozenset[str]] = {}

    @property
    def busy(self) -> frozenset[str]:
        """The pipelines whose pings are under way."""
        self._ending = {one: names for one, names in self._ending.items() if one.is_alive()}
        return frozenset().union(*self._ending.values())

    def end(self, pings: Pings, results: Mapping[str, Moment]) -> None:
        """Say how pipelines ended, without waiting until it is said."""
        thread = threading.Thread(target=pings.ended, args=(results,), name="m3nop-pings", daemon=True)
        self._ending[thread] = frozenset(results)
        thread.start()

    def close(self) -> None:
        """Wait for what is under way, as long as a call may take."""
        for thread in self._ending:
            thread.join(TIMEOUTS.connect + TIMEOUTS.answer)


def with_tail(address: str, tail: str) -> str:
    """Put something behind the path of an address."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + tail)) if tail else address
