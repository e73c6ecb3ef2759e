"""Over real sockets on loopback: each way in which a request can fail, and whether it can have arrived."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import zlib
from decimal import Decimal

import pytest

from m3nop.core.departure import only_while
from m3nop.core.errors import BusyError, ConfigurationError
from m3nop.http.client import HttpClient, Timeouts
from m3nop.http.failures import HttpFailure, HttpFailureKind

SQUEEZED = gzip.compress(b"hello")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Takes one connection after the other and lets a function of the test talk on it."""

    def __init__(self, talk):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._talk = talk
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = []
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._talk(self, connection)

    def read(self, connection):
        """Read one request and keep its text."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return False
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append((head.decode(), body))
        return True

    def close(self):
        self.stop.set()
        # A thread in accept() is not woken by closing its socket.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", int(self.url.rsplit(":")[-1])), 1),
        ):
            pass
        self._thread.join(5)


def answering(answer):
    def talk(server, connection):
        while server.read(connection):
            connection.sendall(answer)

    return talk


def reset(server, connection):
    server.read(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(server, connection):
    server.read(connection)


def silent(server, connection):
    server.read(connection)
    server.stop.wait(10)


def trickling(server, connection):
    server.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not server.stop.wait(0.02):
        connection.sendall(b"x")


def cut_off_chunk(server, connection):
    server.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf")


def reset_in_the_answer(server, connection):
    server.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    server.stop.wait(0.2)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut_off(server, connection):
    server.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


@pytest.fixture
def serve():
    servers, clients = [], []

    def start(talk, **options):
        server = Server(talk)
        client = HttpClient(server.url, **options)
        servers.append(server)
        clients.append(client)
        return server, client

    yield start
    for client in clients:
        client.close()
    for server in servers:
        server.close()


def failure_of_path(client, path):
    with pytest.raises(HttpFailure) as caught:
        client.request("POST", path)
    return caught.value


def failure_of(client, method="POST", **options):
    with pytest.raises(HttpFailure) as caught:
        client.request(method, "path", **options)
    return caught.value


@pytest.mark.parametrize(
    ("talk", "kind", "sent"),
    [
        (reset, HttpFailureKind.RESET, None),
        (hang_up, HttpFailureKind.RESET, None),
        (silent, HttpFailureKind.TIMEOUT, None),
        (trickling, HttpFailureKind.TIMEOUT, True),
        (cut_off, HttpFailureKind.PROTOCOL, True),
        (cut_off_chunk, HttpFailureKind.PROTOCOL, True),
        (reset_in_the_answer, HttpFailureKind.RESET, True),
        (answering(b"SSH-2.0-OpenSSH\r\n\r\n"), HttpFailureKind.PROTOCOL, None),
    ],
)
def test_a_request_without_a_whole_answer_may_have_arrived(serve, talk, kind, sent):
    _, client = serve(talk, timeouts=Timeouts(connect=5, answer=0.3))

    failed = failure_of(client, json={"a": 1})

    assert (failed.kind, failed.sent) == (kind, sent)


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(serve):
    closed = threading.Event()

    def one_answer(server, connection):
        server.read(connection)
        connection.sendall(OK)
        connection.close()
        closed.set()

    server, client = serve(one_answer)

    assert client.request("POST", json={"n": 1}).status == 200
    assert closed.wait(5)
    assert client.request("POST", json={"n": 2}).status == 200
    assert [body for _, body in server.requests] == [b'{"n":1}', b'{"n":2}']


def test_a_connection_is_used_again_unless_it_was_idle_for_long(serve, monkeypatch):
    peers = []

    def talk(server, connection):
        while server.read(connection):
            peers.append(connection.getpeername())
            connection.sendall(OK)

    _, client = serve(talk)
    now = time.monotonic
    for idle in (0, 0, 10):
        monkeypatch.setattr(time, "monotonic", lambda idle=idle: now() + idle)
        assert client.request("POST", json={}).status == 200

    assert peers[0] == peers[1] != peers[2]


def test_a_request_that_is_under_way_gets_its_answer_though_the_client_is_closed(serve):
    arrived, go_on, statuses = threading.Event(), threading.Event(), []

    def talk(server, connection):
        server.read(connection)
        arrived.set()
        go_on.wait(10)
        connection.sendall(OK)

    _, client = serve(talk)
    thread = threading.Thread(target=lambda: statuses.append(client.request("POST", json={}).status))
    thread.start()
    assert arrived.wait(5)
    client.close()
    go_on.set()
    thread.join(5)

    assert statuses == [200]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the reset may overtake the answer")
def test_an_answer_that_comes_before_the_request_was_read_is_heard(serve):
    def refuse(_, connection):
        connection.recv(1000)
        connection.sendall(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )

    _, client = serve(refuse)

    assert client.request("POST", content=b"x" * 20_000_000).status == 413


@pytest.mark.parametrize("token", ["canary\r\nx-more: 1", "canary\n", "canary…"])
def test_a_header_that_cannot_be_written_does_not_leave_and_is_not_shown(serve, token):
    server, client = serve(answering(OK))

    failed = failure_of(client, json={}, headers={"authorization": f"Bearer {token}"})

    assert (failed.kind, failed.sent) == (HttpFailureKind.PROTOCOL, False)
    assert "canary" not in "".join(traceback.format_exception(failed))
    assert client.request("POST", json={}).status == 200
    assert len(server.requests) == 1


def test_an_address_that_cannot_be_written_does_not_leave(serve):
    server, client = serve(answering(OK))

    failed = failure_of_path(client, "a b")

    assert (failed.kind, failed.sent) == (HttpFailureKind.PROTOCOL, False)
    assert server.requests == []


def test_a_refused_connection_was_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = HttpClient(f"http://127.0.0.1:{port}")

    failed = failure_of(client)
    client.close()

    assert (failed.kind, failed.sent) == (HttpFailureKind.CONNECT, False)


def unknown_name(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "not known")


def test_an_unknown_host_name_was_not_sent(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    client = HttpClient("https://m3.example.com")

    failed = failure_of(client)
    client.close()

    assert (failed.kind, failed.sent) == (HttpFailureKind.NAME, False)
    assert "check `url`" in str(failed)


def test_a_failed_tls_handshake_was_not_sent(serve):
    server, _ = serve(lambda _, connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    client = HttpClient(server.url.replace("http:", "https:"))

    failed = failure_of(client)
    client.close()

    assert (failed.kind, failed.sent) == (HttpFailureKind.TLS, False)


def test_a_proxy_that_cannot_be_used_means_not_sent(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1:1")
    client = HttpClient("https://m3.example.com")

    failed = failure_of(client)

    assert (failed.kind, failed.sent) == (HttpFailureKind.CONNECT, False)
    assert "proxy" in str(failed)


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(serve, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    _, client = serve(answering(OK))

    assert client.request("GET").status == 200


def test_a_proxy_of_the_environment_is_asked_for_a_tunnel_to_another_machine(serve, monkeypatch):
    proxy, _ = serve(answering(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:secret@"))
    monkeypatch.setenv("NO_PROXY", "other.example.com")
    client = HttpClient("https://m3.example.com")

    failed = failure_of(client, json={"a": 1})
    client.close()

    head, body = proxy.requests[0]
    assert head.startswith("CONNECT m3.example.com:443 HTTP/1.")
    assert "proxy-authorization: basic bwu6c2vjcmv0" in head.lower()
    assert body == b""
    assert (failed.kind, failed.sent) == (HttpFailureKind.CONNECT, False)
    assert "secret" not in str(failed)


def test_a_machine_that_the_environment_excepts_is_reached_without_a_proxy(serve, monkeypatch):
    proxy, _ = serve(answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    client = HttpClient("https://m3.example.com")

    failed = failure_of(client)
    client.close()

    assert failed.kind is HttpFailureKind.NAME
    assert proxy.requests == []


def test_an_answer_that_is_too_large_is_given_up(serve):
    body = b"x" * 5000
    _, client = serve(
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body), largest_answer=1000
    )

    failed = failure_of(client)

    assert (failed.kind, failed.sent) == (HttpFailureKind.TOO_LARGE, True)


def test_a_compressed_answer_counts_with_its_full_size(serve):
    body = gzip.compress(b"0" * 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    _, client = serve(answering(head + body), largest_answer=100_000)

    assert failure_of(client).kind is HttpFailureKind.TOO_LARGE


@pytest.mark.parametrize(
    "answer",
    [
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(SQUEEZED), SQUEEZED),
        b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello"),
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"\r\nhello",
    ],
    ids=["gzip", "deflate", "chunked", "until it is closed"],
)
def test_an_answer_is_read_in_each_form_that_http_has_for_it(serve, answer):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + answer)

    server, client = serve(talk)

    assert client.request("GET").body == b"hello"
    assert "accept-encoding: gzip,deflate" in server.requests[0][0].lower()


def test_an_answer_that_cannot_be_decompressed_is_damaged(serve):
    _, client = serve(answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"))

    failed = failure_of(client)

    assert (failed.kind, failed.sent) == (HttpFailureKind.PROTOCOL, True)


def test_a_failure_names_the_address_without_its_query(serve):
    _, client = serve(reset)

    failed = failure_of(client, "GET", params={"name": "private"})

    assert "/path:" in str(failed)
    assert "private" not in str(failed)


def test_a_request_of_a_process_that_may_not_act_any_more_does_not_leave(serve):
    server, client = serve(answering(OK))

    def refuse() -> None:
        raise BusyError("another one has taken over")

    with only_while(refuse), pytest.raises(BusyError, match="taken over"):
        client.request("POST", "/orders", json={})
    assert server.requests == []

    client.request("POST", "/orders", json={})
    assert len(server.requests) == 1


def test_a_redirect_is_an_answer_and_is_not_followed(serve):
    server, client = serve(
        answering(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    )

    assert client.request("POST", json={}).status == 302
    assert len(server.requests) == 1


def test_json_keeps_digits_and_the_order_of_members(serve):
    server, client = serve(answering(OK))

    client.request("POST", json={"price": Decimal("10.10"), "b": 1, "a": None})

    head, body = server.requests[0]
    assert body == b'{"price":10.10,"b":1,"a":null}'
    assert "content-type: application/json" in head.lower()


def test_a_form_is_encoded_as_one(serve):
    server, client = serve(answering(OK))

    client.request("POST", form={"user": "a&b", "pass": "é"})

    head, body = server.requests[0]
    assert body == b"user=a%26b&pass=%C3%A9"
    assert "application/x-www-form-urlencoded" in head


def test_raw_content_goes_as_it_is(serve):
    server, client = serve(answering(OK))

    client.request("PUT", content=b"\x00\x01", headers={"content-type": "application/octet-stream"})

    assert server.requests[0][1] == b"\x00\x01"


@pytest.mark.parametrize("params", [{"a": "1 2+", "b": "ö"}, [("a", "1 2+"), ("b", "ö")]])
def test_parameters_are_quoted(serve, params):
    server, client = serve(answering(OK))

    client.request("GET", "one;two=3", params=params)

    assert server.requests[0][0].startswith("GET /one;two=3?a=1%202%2B&b=%C3%B6 ")


def test_every_request_says_who_it_is_from_and_takes_json(serve):
    server, client = serve(answering(OK), headers={"x-shop": "1"})

    client.request("GET", headers={"x-call": "2"})

    head = server.requests[0][0].lower()
    assert "user-agent: m3nop/" in head
    assert "accept: application/json" in head
    assert "x-shop: 1" in head
    assert "x-call: 2" in head


def test_cookies_are_not_kept(serve):
    server, client = serve(
        answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 0\r\n\r\n")
    )

    client.request("GET")
    client.request("GET")

    assert "cookie" not in server.requests[1][0].lower()


def test_each_thread_has_a_connection_of_its_own(serve):
    peers = set()

    def talk(server, connection):
        peers.add(connection.getpeername())
        server.read(connection)
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    _, client = serve(talk)
    threads = [threading.Thread(target=client.request, args=("GET",)) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join(5)

    assert len(peers) == 3


def test_a_header_that_comes_twice_is_one(serve):
    _, client = serve(answering(b"HTTP/1.1 200 OK\r\nVia: a\r\nvia: b\r\nContent-Length: 0\r\n\r\n"))

    assert client.request("GET").headers["via"] == "a, b"


def test_headers_arrive_by_small_letters(serve):
    _, client = serve(answering(b"HTTP/1.1 200 OK\r\nX-Thing: Yes\r\nContent-Length: 0\r\n\r\n"))

    assert client.request("GET").headers["x-thing"] == "Yes"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://m3.example.com", "use https"),
        ("http://10.0.0.1/m3", "use https"),
        ("ftp://m3.example.com", "not an address"),
        ("m3.example.com", "not an address"),
        ("https://", "not an address"),
        ("https://[::1", "not an address"),
        ("https://me:secret@m3.example.com", "holds credentials"),
        ("https://m3.example.com/?a=1", "`\\?` or `#`"),
    ],
)
def test_an_address_that_must_not_be_used_is_refused(url, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        HttpClient(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_plain_http_is_allowed_to_this_machine(host):
    assert HttpClient(f"http://{host}:8080/m3/").base_url == f"http://{host}:8080/m3"


def test_a_file_of_authorities_that_is_missing_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        HttpClient("https://m3.example.com", ca_file=str(tmp_path / "none.pem"))


@pytest.mark.parametrize(("point", "requests"), [("http:before", 0), ("http:after", 1)])
def test_a_process_can_be_made_to_die_before_and_after_a_request(serve, point, requests):
    server, _ = serve(answering(OK))
    program = (
        f"from m3nop.http.client import HttpClient; HttpClient('{server.url}').request('POST', json={{}})"
    )
    environment = {**os.environ, "M3NOP_CRASHPOINT": point}

    died = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)  # noqa: S603

    assert died.returncode not in {0, 1}
    assert len(server.requests) == requests
