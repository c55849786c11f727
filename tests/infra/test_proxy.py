"""The local address passes requests on unchanged except for the Host header, which names the API."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.cloud import free_port
from infra.local.proxy import Proxy
from infra.local.state_dir import CannotStart


class _Echo(BaseHTTPRequestHandler):
    """Answers with the request that it got, and sets two cookies."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        request = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body}).encode()
        self.send_response(418)
        self.send_header("Set-Cookie", "one=1")
        self.send_header("Set-Cookie", "two=2")
        self.send_header("Content-Length", str(len(request)))
        self.end_headers()
        self.wfile.write(request)

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
        proxy.serve(echo, "api123")
        yield f"127.0.0.1:{port}"


def test_path_query_headers_body_and_cookies_pass_as_they_are(address: str) -> None:
    answer, body = _post(address, "/v1/a%2Fb?x=1&x=%20", b'{"a": 1}', {"X-API-Key": "sk-1", "Content-Type": "a/b"})
    assert answer.status == 418
    assert answer.headers.get_all("Set-Cookie") == ["one=1", "two=2"]
    assert (body["path"], body["body"]) == ("/v1/a%2Fb?x=1&x=%20", '{"a": 1}')
    assert (body["headers"]["X-API-Key"], body["headers"]["Content-Type"]) == ("sk-1", "a/b")
    assert body["headers"]["Host"] == "api123.execute-api.localhost"


def test_a_body_is_limited_as_api_gateway_limits_it(address: str) -> None:
    answer, body = _post(address, "/", b"", {"Content-Length": str(10 * 1024 * 1024 + 1)})
    assert (answer.status, body) == (413, {"message": "Request Too Long"})


def test_a_body_of_unknown_length_is_refused(address: str) -> None:
    answer, _ = _post(address, "/", b"", {"Transfer-Encoding": "chunked"})
    assert answer.status == 411


def test_a_cloud_that_is_gone_is_a_bad_gateway() -> None:
    port = free_port()
    with Proxy(port) as proxy:
        proxy.serve(f"http://127.0.0.1:{free_port()}", "api123")
        answer, _ = _post(f"127.0.0.1:{port}", "/", b"", {})
    assert answer.status == 502


def test_before_the_cloud_is_up_each_request_is_answered_with_retry(echo: str) -> None:
    port = free_port()
    with Proxy(port) as proxy:
        for path in ("/v1/billing/current", "/_local/mail"):
            answer, body = _post(f"127.0.0.1:{port}", path, b"{}", {})
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert body == {"message": "Tallybook is starting; try again in a second"}
        proxy.serve(echo, "api123")
        answer, _ = _post(f"127.0.0.1:{port}", "/v1/billing/current", b"{}", {})
    assert answer.status == 418


def test_the_port_is_taken_at_once() -> None:
    port = free_port()
    with Proxy(port), pytest.raises(CannotStart, match=f"Port {port} is in use"):
        Proxy(port)


def _post(address: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[HTTPResponse, Any]:
    connection = HTTPConnection(address, timeout=10)
    try:
        connection.putrequest("POST", path)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer, json.loads(answer.read())
    finally:
        connection.close()
