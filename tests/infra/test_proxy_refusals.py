"""What the local address refuses by itself: who asks is checked first, and every answer is JSON that is not sniffed."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from infra.local.cloud import Cloud, Credentials, free_port
from infra.local.proxy import Proxy

HOST = b"Host: localhost\r\n"
FOREIGN = b"Host: evil.example\r\n"
LONG = b"x" * 70_000

type Answer = tuple[int, dict[str, str], bytes]


class _Emulator(BaseHTTPRequestHandler):
    """Answers as the emulator does by itself: in text, with its version. `/json` and `/page` are of functions."""

    seen: ClassVar[list[str]] = []
    server_version = "emulator/1"

    def do_GET(self) -> None:
        self.seen.append(self.path)
        is_json = self.path.endswith("/json")
        text = b'{"code": "x"}' if is_json else b"CORS origin denied"
        self.send_response(422 if is_json else 403)
        self.send_header("Content-Type", "application/json" if is_json else "text/plain")
        if self.path.endswith("/page"):
            self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_OPTIONS = do_POST = do_GET  # noqa: N815 http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    _Emulator.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Emulator) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        port = free_port()
        with Proxy(port) as proxy:
            proxy.serve(Cloud(f"http://127.0.0.1:{server.server_port}", Credentials.random()), "api123")
            yield port
        server.shutdown()


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"FOO / HTTP/1.1", HOST, 501),
        (b"CONNECT localhost:1 HTTP/1.1", HOST, 501),
        (b"GET /" + LONG + b" HTTP/1.1", HOST, 414),
        (b"GET / HTTP/1.1", HOST + b"X: " + LONG + b"\r\n", 431),
        (b"GET / HTTP/1.1", HOST + b"X: x\r\n" * 200, 431),
        (b"GET / HTTP/1.x", HOST, 400),
        (b"GET / HTTP/2.0", HOST, 505),
        (b"GET  / / HTTP/1.1", HOST, 400),
        (b"<script>", HOST, 400),
        (b"GET /\xff HTTP/1.1", HOST, 400),
        (b"GET /\x00 HTTP/1.1", HOST, 400),
        (b"GET / HTTP/1.1", HOST + b"X: a\x00b\r\n", 400),
        (b"GET / HTTP/1.1", HOST + b"X: a\r\n b\r\n", 400),
        (b"GET / HTTP/1.1", HOST + b"X y: a\r\n", 400),
        (b"POST / HTTP/1.1", HOST + b"Content-Length: 10485761\r\n", 413),
    ],
)
def test_every_refusal_is_json_without_the_name_of_a_server(
    port: int, request_line: bytes, headers: bytes, status: int
) -> None:
    answered, fields, content = _ask(port, request_line + b"\r\n" + headers + b"\r\n")
    assert answered == status
    assert fields["content-type"] == "application/json"
    assert fields["x-content-type-options"] == "nosniff"
    assert "server" not in fields
    assert set(json.loads(content)) == {"message"}
    assert b"script" not in content
    assert _Emulator.seen == []


@pytest.mark.parametrize("headers", [FOREIGN, b"", HOST + b"Origin: http://evil.example\r\n"])
@pytest.mark.parametrize(
    "request_line", [b"TRACE / HTTP/1.1", b"FOO / HTTP/1.1", b"POST / HTTP/1.1", b"POST /_local/ HTTP/1.1"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1048576\r\n\r\n",
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    ],
)
def test_who_asks_is_checked_before_all_else_and_no_body_is_awaited(
    port: int, headers: bytes, request_line: bytes, body: bytes
) -> None:
    """The body never comes, so an answer shows that nobody waits for it."""
    status, fields, content = _ask(port, request_line + b"\r\n" + headers + body)
    assert status == 403
    assert fields["x-content-type-options"] == "nosniff"
    assert b"Tallybook on this computer answers" in content


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it_at_once(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        head = (
            b"POST /json HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert _read(connection)[0] == 422


@pytest.mark.parametrize("method", [b"GET", b"OPTIONS", b"POST"])
def test_the_emulators_own_text_is_replaced_and_its_name_left_out(port: int, method: bytes) -> None:
    status, fields, content = _ask(port, method + b" /x HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
    assert (status, json.loads(content)) == (403, {"message": "Forbidden"})
    assert (fields["content-type"], fields["x-content-type-options"]) == ("application/json", "nosniff")
    assert "server" not in fields


def test_an_answer_of_a_function_is_passed_on_and_not_sniffed(port: int) -> None:
    status, fields, content = _ask(port, b"GET /json HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
    assert (status, content) == (422, b'{"code": "x"}')
    assert fields["x-content-type-options"] == "nosniff"
    assert "server" not in fields
    assert _ask(port, b"GET /page HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")[0::2] == (
        403,
        b"CORS origin denied",
    )


def _ask(port: int, request: bytes) -> Answer:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    """The status, the headers by name in lower case, and the body, when the connection is closed."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass  # the proxy left a part of the request unread
    head, _, content = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    assert len(fields) == len(lines), "no header comes twice"
    return int(status.split(" ")[1]), {name.lower(): value for name, value in fields.items()}, content
