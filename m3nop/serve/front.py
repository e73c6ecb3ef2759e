"""What of the service faces outwards: its address, its routes, and the sources of webhooks as of now."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from m3nop.core.errors import ConfigurationError
from m3nop.serve import signatures
from m3nop.serve.bucket import Bucket
from m3nop.serve.door import Door
from m3nop.serve.hooks import Source, routes
from m3nop.serve.inbox import Inbox
from m3nop.serve.ion.routes import routes as ion_routes
from m3nop.serve.ion.sources import ion_sources
from m3nop.serve.listener import Address, Listener
from m3nop.serve.payload import Places
from m3nop.serve.web import application
from m3nop.spec.service_model import ANYBODY
from m3nop.spec.webhooks import path_of, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from starlette.routing import BaseRoute

    from m3nop.app.session import Session
    from m3nop.core.clock import Clock
    from m3nop.serve.log import Log
    from m3nop.serve.signatures import Scheme
    from m3nop.spec.service_model import HookSourceSpec, ListenSpec
    from m3nop.state.store import SqlState

_EVERYWHERE = ("0.0.0.0/0", "::/0")


class Front:
    """Listens as long as the service runs. A project that is read again changes sources, not the address."""

    def __init__(
        self, session: Session, state: SqlState, *, log: Log, clock: Clock, came: Callable[[], object],
        more: Sequence[BaseRoute] = (),
    ) -> None:  # fmt: skip
        self._log = log
        self._spec = session.project.spec.listen if session.project.spec else None
        self._sources, self._ion = sources_of(session), ion_sources(session)
        self.listener: Listener | None = None
        self._inbox = Inbox(state, clock=clock, came=came)
        if self._spec is None:
            return
        self.door = Door(
            self._inbox, log, clock, trusted=_trusted(self._spec), body_timeout=self._spec.body_timeout
        )
        try:
            ion = ion_routes(self.door, lambda: self._ion)
            every = [*more, *ion, *routes(self.door, lambda: self._sources)]
            self.listener = Listener(application(every, log=log), _address(session, self._spec))
        except ConfigurationError:
            self._inbox.close()
            raise
        scheme = "https" if self._spec.tls else "http"
        self._log.say("listening", f"listening on {scheme}://{self._spec.host}:{self.listener.port}")

    def change(self, session: Session) -> None:
        """Receive by what a project says now.

        Raises:
            ConfigurationError: its address is another one, or a secret is missing; nothing is changed.
        """
        spec = session.project.spec.listen if session.project.spec else None
        if spec != self._spec:
            msg = "`listen` is another one now: stop the service and start it again"
            raise ConfigurationError(msg)
        self._sources, self._ion = sources_of(session), ion_sources(session)

    @property
    def answers(self) -> Mapping[tuple[str, int], int]:
        """How many requests of each source were answered with which status."""
        return self.door.answers if self.listener is not None else {}

    def tick(self) -> None:
        """Use a certificate that was renewed."""
        certificate = self.listener.certificate if self.listener is not None else None
        if certificate is None:
            return
        try:
            if certificate.refresh():
                self._log.say("certificate", "the certificate was read again")
        except ConfigurationError as error:
            self._log.say(
                "certificate_refused", f"the old certificate stays in use: {error}", error=str(error)
            )

    def close(self) -> None:
        """Take nothing more in; what was accepted is in the inbox."""
        if self.listener is not None:
            self.listener.close()
        self._inbox.close()


def sources_of(session: Session) -> dict[str, Source]:
    """Return the sources of webhooks that a project names, by path.

    Raises:
        ConfigurationError: a secret is missing.
    """
    every = session.project.spec.webhooks if session.project.spec else {}
    return {path_of(name, spec): _source(session, name, spec) for name, spec in every.items()}


def _source(session: Session, name: str, spec: HookSourceSpec) -> Source:
    return Source(
        name=name,
        path=path_of(name, spec),
        scheme=_scheme(spec, [session.secret(reference).reveal() for reference in spec.secrets]),
        places=Places(**places_of(spec)),
        bucket=Bucket(spec.per_second),
        body_limit=spec.body_limit,
        allow=tuple(spec.allow),
        echoes=spec.scheme == "nopcommerce",
    )


def _scheme(spec: HookSourceSpec, secrets: Sequence[str]) -> Scheme:
    standard = [signatures.key_of(text) for text in secrets]
    if not all(text.strip() for text in secrets) or (spec.scheme == "standard" and not all(standard)):
        raise ConfigurationError("a secret of a webhook is blank, so that anybody could sign with it")
    match spec.scheme:
        case "standard":
            return signatures.Standard(standard, spec.window)
        case "nopcommerce":
            return signatures.nopcommerce([text.encode() for text in secrets])
        case "hmac":
            keys = [text.encode() for text in secrets]
            return signatures.Header(keys, spec.header, spec.algorithm, spec.encoding, spec.prefix)


def _trusted(spec: ListenSpec) -> list[IPv4Network | IPv6Network]:
    if ANYBODY in spec.trusted_proxies:
        return [ip_network(one) for one in _EVERYWHERE]
    return list(spec.trusted_proxies)


def _address(session: Session, spec: ListenSpec) -> Address:
    folder = session.place.folder
    return Address(
        spec.host, spec.port, cert=folder / spec.tls.cert if spec.tls else None,
        key=folder / spec.tls.key if spec.tls else None, header_timeout=spec.body_timeout,
        connections=spec.connections,
    )  # fmt: skip
