"""Calls addresses when pipelines begin and end, so that somebody else notices when they do not."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit, urlunsplit

from m3nop.app.alerts.posting import ask
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


def with_tail(address: str, tail: str) -> str:
    """Put something behind the path of an address."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + tail)) if tail else address
