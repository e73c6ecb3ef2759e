"""A real mail server with TLS, and a receiver of requests, both on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.receiver import Receiver

USER, PASSWORD = b"m3nop", b"hunter2-of-the-mail"


@dataclass
class Authority:
    """An authority that nobody trusts by itself, and a certificate of it for this machine."""

    server: ssl.SSLContext
    file: Path


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    return Authority(context, file)


@dataclass
class MailBox:
    """Takes mail, and keeps it with whom it was from and for."""

    refuse: str = ""
    mails: list[Any] = field(default_factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - of aiosmtpd
        if address.startswith("nobody"):
            return "550 there is no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - of aiosmtpd
        if self.refuse:
            return self.refuse
        self.mails.append(envelope)
        return "250 OK"


@dataclass
class Server:
    port: int
    box: MailBox


@contextmanager
def saying(text: bytes, tls: ssl.SSLContext | None, *, fast: bool) -> Iterator[int]:
    """Listen on a port where whoever comes is told the same again and again, and nobody is listened to."""
    end = threading.Event()

    def talk() -> None:
        with suppress(OSError):
            plain, _ = listening.accept()
            with tls.wrap_socket(plain, server_side=True) if tls is not None else plain as connection:
                while not end.wait(0 if fast else 0.05):
                    connection.sendall(text)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk)
        thread.start()
        yield listening.getsockname()[1]
        end.set()
        thread.join()


class AnyPort(Controller):
    """Listens on a port that is free, which it knows once it listens."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=good, handled=False)


@pytest.fixture
def mail_server(authority: Authority) -> Iterator[Callable[..., Server]]:
    """Start mail servers: with STARTTLS, or with TLS from the first byte on."""
    running: list[AnyPort] = []

    def start(security: str, *, sign_in: bool = True) -> Server:
        box = MailBox()
        tls = {"tls_context": authority.server, "require_starttls": True} if security == "starttls" else {}
        auth = {"authenticator": authenticate} if sign_in else {}
        # With TLS from the first byte on the server does not see that there is any.
        auth |= {"auth_require_tls": False} if security == "tls" else {"auth_required": sign_in}
        context = {"ssl_context": authority.server} if security == "tls" else {}
        controller = AnyPort(box, hostname="127.0.0.1", port=0, **context, **tls, **auth)
        controller.start()
        running.append(controller)
        return Server(controller.port, box)

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept
