"""The local address passes requests on unchanged except for the Host header, which names the API."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.callers import TOKEN_HEADER, token_of
from infra.local.cloud import Cloud, Credentials, free_port
from infra.local.proxy import Proxy
from infra.local.state_dir import CannotStart

CREDENTIALS = Credentials.random()


class _Echo(BaseHTTPRequestHandler):
    """Answers with the request that it got, and sets two cookies; HEAD and OPTIONS as a function answers them."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1234")
        self.end_headers()

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.send_header("Allow", "GET, HEAD, OPTIONS")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        request = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body}).encode()
        self.send_response(418)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "one=1")
        self.send_header("Set-Cookie", "two=2")
        self.send_header("Content-Length", str(len(request)))
        self.end_headers()
        self.wfile.write(request)

    do_TRACE = do_POST  # noqa: N815 http.server's name

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def address(echo: str) -> Iterator[str]:
    port = free_port()
    with Proxy(port) as proxy:
        proxy.serve(Cloud(echo, CREDENTIALS), "api123")
        yield f"127.0.0.1:{port}"


def test_path_query_headers_body_and_cookies_pass_as_they_are(address: str) -> None:
    answer, body = _post(address, "/v1/a%2Fb?x=1&x=%20", b'{"a": 1}', {"X-API-Key": "sk-1", "Content-Type": "a/b"})
    assert answer.status == 418
    assert answer.headers.get_all("Set-Cookie") == ["one=1", "two=2"]
    assert (body["path"], body["body"]) == ("/$default/v1/a%2Fb?x=1&x=%20", '{"a": 1}')
    assert (body["headers"]["X-API-Key"], body["headers"]["Content-Type"]) == ("sk-1", "a/b")
    assert body["headers"]["Host"] == "api123.execute-api.localhost"


def test_every_path_is_below_the_stage_so_none_is_the_emulators(address: str) -> None:
    for path in ("/_ministack/reset", "/", "/_aws/execute-api/a/b", "*", "http://127.0.0.1/_ministack/reset"):
        answer, body = _post(address, path, b"", {})
        assert (answer.status, body["path"]) == (418, f"/$default{path}")


def test_head_passes_with_the_length_that_get_would_have(address: str) -> None:
    answer, content = _ask(address, "HEAD")
    assert (answer.status, answer.headers["Content-Length"], content) == (200, "1234", b"")
    answer, content = _ask(address, "HEAD", "/_local/")
    assert int(answer.headers["Content-Length"]) == len(_ask(address, "GET", "/_local/")[1])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_local_page_names_its_methods_to_another_one(address: str, method: str) -> None:
    answer, _ = _ask(address, method, "/_local/mail")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_options_and_trace_pass_and_an_answer_without_content_has_no_length(address: str) -> None:
    answer, content = _ask(address, "OPTIONS")
    assert (answer.status, answer.headers["Allow"], content) == (204, "GET, HEAD, OPTIONS", b"")
    assert answer.headers["Content-Length"] is None
    assert _ask(address, "TRACE")[0].status == 418


@pytest.mark.parametrize(("encoding", "kind"), [("gzip", "application/octet-stream"), ("", "application/json")])
def test_a_compressed_body_passes_as_bytes_not_as_text(address: str, encoding: str, kind: str) -> None:
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": encoding} if encoding else {})
    _, body = _post(address, "/", b"{}", headers)
    assert (body["headers"]["Content-Type"], body["headers"].get("Content-Encoding", "")) == (kind, encoding)


def test_the_cloud_gets_its_token_and_not_the_clients(address: str) -> None:
    _, body = _post(address, "/", b"", {TOKEN_HEADER: "x"})
    sent = {name.lower(): value for name, value in body["headers"].items()}
    assert sent[TOKEN_HEADER] == token_of(CREDENTIALS.secret)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
@pytest.mark.parametrize("path", ["/auth/register", "/_local/mail"])
def test_a_post_of_another_site_is_refused(address: str, path: str, headers: dict[str, str]) -> None:
    answer, body = _post(address, path, b"", headers)
    assert (answer.status, body) == (403, {"message": "Tallybook on this computer answers no page of another site"})


def test_the_pages_of_this_origin_and_programs_may_post(address: str) -> None:
    for headers in ({}, {"Origin": f"http://{address}"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}):
        assert _post(address, "/", b"", headers)[0].status == 418


@pytest.mark.parametrize(
    ("mode", "dest", "status"),
    [("navigate", "document", 200), ("navigate", "iframe", 403), ("no-cors", "script", 403), ("cors", "empty", 403)],
)
def test_another_site_may_only_link_to_a_page(address: str, mode: str, dest: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", "/_local/", headers=headers)
        assert connection.getresponse().status == status
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000"])
def test_loopback_names_are_answered_with_any_port(address: str, host: str) -> None:
    assert _post(address, "/", b"", {"Host": host})[0].status == 418


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "api123", "["])
@pytest.mark.parametrize("path", ["/v1/billing/current", "/_local/"])
def test_another_host_name_is_refused_at_every_path(address: str, path: str, host: str) -> None:
    assert _post(address, path, b"", {"Host": host})[0].status == 403


def test_two_host_names_or_none_are_refused(address: str) -> None:
    for lines in (b"", b"Host: \r\n", b"Host: localhost\r\nHost: evil.example\r\n"):
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n" + lines + b"\r\n")
            assert connection.recv(65536).split(b" ")[1] == b"403"


def test_a_body_is_limited_as_api_gateway_limits_it(address: str) -> None:
    answer, body = _post(address, "/", b"", {"Content-Length": str(10 * 1024 * 1024 + 1)})
    assert (answer.status, body) == (413, {"message": "Request Too Long"})


def test_a_body_in_chunks_is_passed_on_whole(address: str) -> None:
    chunks = b'3;x=y\r\n{"a\r\n5\r\n": 1}\r\n0\r\nTrailer: x\r\n\r\n'
    answer, body = _post(address, "/", chunks, {"Transfer-Encoding": "chunked", "Content-Length": None})
    assert (answer.status, body["body"]) == (418, '{"a": 1}')


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Transfer-Encoding": "chunked"}, b"0\r\n\r\n", 400),
        ({"Transfer-Encoding": "gzip, chunked", "Content-Length": None}, b"0\r\n\r\n", 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": None}, b"-1\r\n\r\n", 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": None}, b"+1\r\na\r\n0\r\n\r\n", 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": None}, b"1\r\nab\r\n0\r\n\r\n", 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": None}, b"1" * 2000, 400),
        ({"Transfer-Encoding": "chunked", "Content-Length": None}, b"A00001\r\n", 413),
        ({"Content-Length": "-1"}, b"", 400),
        ({"Content-Length": "1_0"}, b"", 400),
    ],
)
def test_a_body_whose_end_is_unclear_is_refused(
    address: str, headers: dict[str, str | None], body: bytes, status: int
) -> None:
    assert _post(address, "/", body, headers)[0].status == status


def test_a_cloud_that_is_gone_is_a_bad_gateway() -> None:
    port = free_port()
    with Proxy(port) as proxy:
        proxy.serve(Cloud(f"http://127.0.0.1:{free_port()}", CREDENTIALS), "api123")
        answer, _ = _post(f"127.0.0.1:{port}", "/", b"", {})
    assert answer.status == 502


def test_before_the_cloud_is_up_each_request_is_answered_with_retry(echo: str) -> None:
    port = free_port()
    with Proxy(port) as proxy:
        for path in ("/v1/billing/current", "/_local/mail"):
            answer, body = _post(f"127.0.0.1:{port}", path, b"{}", {})
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert body == {"message": "Tallybook is starting; try again in a second"}
        proxy.serve(Cloud(echo, CREDENTIALS), "api123")
        answer, _ = _post(f"127.0.0.1:{port}", "/v1/billing/current", b"{}", {})
    assert answer.status == 418


def test_the_port_is_taken_at_once() -> None:
    port = free_port()
    with Proxy(port), pytest.raises(CannotStart, match=f"Port {port} is in use"):
        Proxy(port)


def _ask(address: str, method: str, path: str = "/v1/billing/current") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def _post(address: str, path: str, body: bytes, headers: Mapping[str, str | None]) -> tuple[HTTPResponse, Any]:
    """A header that is None is not sent."""
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.putrequest("POST", path, skip_host=True)
        for name, value in {"Host": address, "Content-Length": str(len(body)), **headers}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer, json.loads(answer.read())
    finally:
        connection.close()
