"""Over a real TLS server on loopback: what is trusted, what is not, and that nothing was sent where it is not."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import trustme

from m3nop.http.client import HttpClient, Timeouts
from m3nop.http.failures import HttpFailure, HttpFailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
YEAR = datetime.timedelta(days=365)


class TlsServer:
    """Answers every request on a TLS connection, and remembers what it received in the clear."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.received: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(5)
            with (
                plain,
                contextlib.suppress(OSError),
                self._context.wrap_socket(plain, server_side=True) as connection,
            ):
                received = b""
                while not received.endswith(b"}"):
                    received += connection.recv(65536)
                self.received.append(received)
                connection.sendall(OK)

    def close(self) -> None:
        # A thread in accept() is not woken by closing its socket.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Callable[..., TlsServer]]:
    running: list[TlsServer] = []

    def start(
        *, name: str = "localhost", issuer: trustme.CA | None = None, expired: bool = False,
        versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None,
    ) -> TlsServer:  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ends = datetime.datetime.now(datetime.UTC) - YEAR if expired else None
        begins = ends - YEAR if ends else None
        issued = (issuer or authority).issue_cert(name, not_before=begins, not_after=ends)
        issued.configure_cert(context)
        if versions is not None:
            # The library of the system does not offer old versions unless it is told to.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = versions
        running.append(TlsServer(context))
        return running[-1]

    yield start
    for server in running:
        server.close()


def get(server: TlsServer, ca_file: str | None) -> int:
    client = HttpClient(
        f"https://localhost:{server.port}", timeouts=Timeouts(5, 5), ca_file=ca_file,
        headers={"authorization": "Bearer canary-token"},
    )  # fmt: skip
    try:
        return client.request("POST", "orders", json={"canary": 1}).status
    finally:
        client.close()


def refused(server: TlsServer, ca_file: str | None) -> str:
    with pytest.raises(HttpFailure) as caught:
        get(server, ca_file)
    assert (caught.value.kind, caught.value.sent) == (HttpFailureKind.TLS, False)
    assert server.received == []
    message = str(caught.value)
    assert "canary" not in message
    return message


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_a_certificate_of_a_configured_authority_is_trusted(
    serve: Callable[..., TlsServer], ca_file: str, version: ssl.TLSVersion
) -> None:
    server = serve(versions=(version, version))
    assert get(server, ca_file) == 200
    assert b"canary-token" in server.received[0]


def test_a_certificate_of_nobody_who_is_known_is_not(serve: Callable[..., TlsServer]) -> None:
    assert "certificate verify failed" in refused(serve(), None)


def test_a_certificate_of_another_authority_is_not(serve: Callable[..., TlsServer], ca_file: str) -> None:
    assert "certificate verify failed" in refused(serve(issuer=trustme.CA()), ca_file)


def test_a_certificate_for_another_host_is_not(serve: Callable[..., TlsServer], ca_file: str) -> None:
    message = refused(serve(name="erp.example.com"), ca_file)
    assert "Hostname mismatch" in message


def test_a_certificate_that_has_expired_is_not(serve: Callable[..., TlsServer], ca_file: str) -> None:
    assert "certificate has expired" in refused(serve(expired=True), ca_file)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=str)
def test_a_protocol_from_before_tls_1_2_is_not_spoken(
    serve: Callable[..., TlsServer], ca_file: str, version: ssl.TLSVersion
) -> None:
    message = refused(serve(versions=(version, version)), ca_file)
    assert "no trusted TLS connection" in message


def test_a_server_that_speaks_no_tls_is_not(ca_file: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = HttpClient(
            f"https://localhost:{listener.getsockname()[1]}", timeouts=Timeouts(5, 5), ca_file=ca_file
        )

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(OK)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(HttpFailure) as caught:
            client.request("GET", "orders")
        thread.join()
        client.close()
    assert (caught.value.kind, caught.value.sent) == (HttpFailureKind.TLS, False)


class Relay:
    """A proxy that leads every tunnel to one server, whatever host is asked for."""

    def __init__(self, server: TlsServer, *, context: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.asked = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            while b"\r\n\r\n" not in self.asked:
                self.asked += connection.recv(65536)
            with socket.create_connection(("127.0.0.1", self._server.port)) as there:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(there, connection), daemon=True)
                back.start()
                _pump(connection, there)
                back.join()

    def close(self) -> None:
        self._listener.close()
        self._thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_through_a_tunnel_it_is_the_machine_behind_the_proxy_that_is_trusted(
    serve: Callable[..., TlsServer], authority: trustme.CA, ca_file: str, scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = serve(name="m3.example.com")
    relay = Relay(server, context=context if scheme == "https" else None)
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://me:p%40ss@localhost:{relay.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = HttpClient("https://m3.example.com/m3", timeouts=Timeouts(5, 5), ca_file=ca_file)

    assert client.request("POST", "orders", json={"canary": 1}).status == 200
    client.close()
    relay.close()

    asked, received = relay.asked.lower(), server.received[0].lower()
    assert asked.startswith(b"connect m3.example.com:443 ")
    assert b"proxy-authorization: basic bwu6cebzcw==" in asked
    assert received.startswith(b"post /m3/orders http/1.1\r\n")
    assert b"\r\nhost: m3.example.com\r\n" in received
    assert b"proxy-authorization" not in received
    assert b"canary" not in asked


def test_a_proxy_cannot_pass_for_the_machine_behind_it(
    serve: Callable[..., TlsServer], ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(name="proxy.example.com")
    relay = Relay(server)
    monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{relay.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = HttpClient("https://m3.example.com", timeouts=Timeouts(5, 5), ca_file=ca_file)

    with pytest.raises(HttpFailure) as caught:
        client.request("POST", "orders", json={"canary": 1})
    client.close()
    relay.close()

    assert (caught.value.kind, caught.value.sent) == (HttpFailureKind.TLS, False)
    assert "Hostname mismatch" in str(caught.value)
    assert server.received == []
