"""TLS of the service: what it speaks, and certificates that change while it runs."""

from __future__ import annotations

import select
import socket
import ssl
import sys
from contextlib import contextmanager
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


def test_a_certificate_that_is_gone_is_said_once_and_used_again_when_it_is_back(
    listener: Listener, authority: trustme.CA, tmp_path: Path
) -> None:
    before = handshake(listener, authority)
    assert listener.certificate is not None
    (tmp_path / "cert.pem").rename(tmp_path / "away.pem")
    with pytest.raises(ConfigurationError, match="cannot be used: No such file"):
        listener.certificate.refresh()
    assert not listener.certificate.refresh()
    assert handshake(listener, authority) == before
    (tmp_path / "away.pem").rename(tmp_path / "cert.pem")
    assert listener.certificate.refresh()
    assert handshake(listener, authority) == before


def test_who_names_no_host_is_shown_the_newest_certificate_too(
    listener: Listener, authority: trustme.CA, tmp_path: Path
) -> None:
    issue(authority, tmp_path)
    assert listener.certificate is not None
    assert listener.certificate.refresh()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    authority.configure_trust(context)
    with (
        socket.create_connection(("127.0.0.1", listener.port), timeout=10) as plain,
        context.wrap_socket(plain) as connection,
    ):
        nameless = connection.getpeercert(binary_form=True)
    assert nameless == handshake(listener, authority)


def test_who_does_not_begin_to_speak_tls_is_hung_up_on(authority: trustme.CA, tmp_path: Path) -> None:
    cert, key = issue(authority, tmp_path)
    address = Address("127.0.0.1", 0, cert=cert, key=key, header_timeout=0.2)
    listening = Listener(application([Route("/", _hello)], log=Kept()), address)
    try:
        with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as silent:
            assert silent.recv(100) == b""
        assert handshake(listening, authority)
    finally:
        listening.close()


@contextmanager
def crowded(*, header_timeout: float) -> Iterator[Listener]:
    """Open a listener that bears four connections, and tells four more that it does not."""

    async def long(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("x" * 10_000_000)

    listening = Listener(
        application([Route("/", _hello), Route("/long", long)], log=Kept()),
        Address("127.0.0.1", 0, connections=4, header_timeout=header_timeout),
    )
    try:
        yield listening
    finally:
        listening.close()


WELL, BUSY = b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"


def ask(listener: Listener) -> bytes:
    """Return the first line of an answer; nothing where the listener hangs up at once."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(1_000).split(b"\r\n")[0]
        except ConnectionError:
            return b""


def until_answered(listener: Listener) -> None:
    """Ask until the answer is a good one; the test's own time limit ends it otherwise."""
    while ask(listener) != WELL:
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="connections are accepted by other means there")
def test_idle_connections_do_not_take_the_files_that_the_service_works_with() -> None:
    with crowded(header_timeout=60) as listener:
        idle = [socket.create_connection(("127.0.0.1", listener.port), timeout=10) for _ in range(50)]
        assert ask(listener) == b""
        left, _, _ = select.select(idle, [], [], 0.2)
        assert len(left) == 42
        for one in idle:
            one.close()
        until_answered(listener)


@pytest.mark.timeout(30)
def test_who_does_not_come_to_the_point_or_does_not_read_its_answer_is_hung_up_on() -> None:
    with crowded(header_timeout=0.3) as listener:
        deaf = []
        for request in [b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n"] * 3:
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            one.connect(("127.0.0.1", listener.port))
            one.sendall(request)
            assert one.recv(15) == WELL
            deaf.append(one)
        assert ask(listener) == BUSY
        until_answered(listener)
        for one in deaf:
            one.close()
        silent = [socket.create_connection(("127.0.0.1", listener.port), timeout=10) for _ in range(4)]
        assert [one.recv(1) for one in silent] == [b""] * 4
        for one in silent:
            one.close()


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
