"""TLS of the service: what it speaks, and certificates that change while it runs."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from m3nop.core.errors import ConfigurationError
from m3nop.serve.listener import Address, Certificate, Listener
from m3nop.serve.web import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request


class Kept:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, event: str, text: str, **facts: object) -> None:
        self.lines.append(text)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def issue(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """Write a new certificate and its key."""
    made = authority.issue_cert("localhost")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return cert, key


async def _hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


@pytest.fixture
def listener(authority: trustme.CA, tmp_path: Path) -> Iterator[Listener]:
    cert, key = issue(authority, tmp_path)
    listening = Listener(
        application([Route("/", _hello)], log=Kept()), Address("127.0.0.1", 0, cert=cert, key=key)
    )
    yield listening
    listening.close()


def handshake(listener: Listener, authority: trustme.CA, *, newest: ssl.TLSVersion | None = None) -> bytes:
    """Return the serial of the certificate that a client is shown, after a request that was answered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    with (
        socket.create_connection(("127.0.0.1", listener.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        found = connection.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_a_certificate_that_is_renewed_is_used_by_the_next_connection(
    listener: Listener, authority: trustme.CA, tmp_path: Path
) -> None:
    before = handshake(listener, authority)
    assert listener.certificate is not None
    assert not listener.certificate.refresh()
    issue(authority, tmp_path)
    assert listener.certificate.refresh()
    after = handshake(listener, authority)
    assert after != before
    assert not listener.certificate.refresh()


def test_a_certificate_without_its_key_does_not_come_into_use(
    listener: Listener, authority: trustme.CA, tmp_path: Path
) -> None:
    before = handshake(listener, authority)
    trustme.CA().issue_cert("localhost").cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    assert listener.certificate is not None
    with pytest.raises(ConfigurationError, match="cannot be used"):
        listener.certificate.refresh()
    assert not listener.certificate.refresh()
    assert handshake(listener, authority) == before


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_what_is_older_than_tls_1_2_is_not_spoken(listener: Listener, authority: trustme.CA) -> None:
    assert handshake(listener, authority, newest=ssl.TLSVersion.TLSv1_2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(listener, authority, newest=ssl.TLSVersion.TLSv1_1)


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_files_that_are_no_certificate_are_named(tmp_path: Path, text: str) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"the certificate .*cert\.pem"):
        Certificate(cert, key)


def test_a_port_that_is_taken_is_named(listener: Listener) -> None:
    with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{listener.port}"):
        Listener(application([], log=Kept()), Address("127.0.0.1", listener.port))


def test_an_error_of_an_endpoint_tells_strangers_nothing_and_the_log_all() -> None:
    log = Kept()

    async def broken(_request: Request) -> PlainTextResponse:
        raise RuntimeError("a secret")

    listening = Listener(application([Route("/", broken)], log=log), Address("127.0.0.1", 0))
    try:
        with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := connection.recv(1000):
                answer += part
    finally:
        listening.close()
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"secret" not in answer
    assert log.lines == ["GET / failed: RuntimeError: a secret"]
