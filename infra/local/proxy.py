"""Forwards `http://localhost:<port>` to the HTTP API, which the emulated cloud finds by the Host header.

`/` and paths under `/_local/` are answered here. Requests of web pages of other sites are refused, before anything of
their bodies is read.
"""

import json
import re
import threading
from collections.abc import Collection, Iterator, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from infra.local.callers import TOKEN_HEADER, is_from_another_site, is_this_computer, token_of
from infra.local.cloud import Cloud
from infra.local.mailbox import Answer, answer_locally, is_local
from infra.local.request_body import BodyRefused, read_body
from infra.local.state_dir import CannotStart

_TIMEOUT_SECONDS = 60.0
_NO_CONTENT = 204
_STOP_POLL_SECONDS = 0.05  # a stop waits for up to this time
_HOP_BY_HOP_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "expect"})
_NOT_ANSWERED = _HOP_BY_HOP_HEADERS | {"content-length", "server"}
_SNIFF = "X-Content-Type-Options"
_PATH = re.compile(r"[\x21-\x7e]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class Proxy:
    """Takes the port at once; until `serve`, the answer to each request is 503 with `Retry-After`."""

    def __init__(self, port: int) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), _Forwarder)
        except OSError as error:
            raise CannotStart(f"Port {port} is in use; take another one: PORT={port + 1} make run") from error

    def serve(self, cloud: Cloud, api_id: str, *, origins: Collection[str] = ()) -> None:
        """Forward to this API of the emulated cloud; pages of the `origins` may call it, but read nothing local."""
        self._server.origins = frozenset(origins)
        self._server.api_host = f"{api_id}.execute-api.localhost"
        self._server.cloud = cloud

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=[_STOP_POLL_SECONDS], daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    cloud: Cloud | None = None
    api_host = ""
    origins: frozenset[str] = frozenset()


class _Forwarder(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # each answer has a status and headers, even to a malformed request
    wbufsize = 65536  # sends headers and body together
    timeout = 60

    def _forward(self) -> None:
        if message := self._why_refused():
            return self._refuse(403, message)
        if not self._is_clean():
            return self._refuse(400, "Bad Request")
        try:
            self._let_the_body_come()
            body = read_body(self.headers, self.rfile)
        except BodyRefused as refused:
            return self._refuse(refused.status, refused.message)
        cloud = self.server.cloud
        if cloud is None:
            return self._refuse(503, "Tallybook is starting; try again in a second", [("Retry-After", "1")])
        try:
            is_ours = is_local(self.command, self.path)
            answer = answer_locally(self.command, self.path, cloud) if is_ours else self._call_api(cloud, body)
        except (OSError, HTTPException):
            return self._refuse(502, "Bad Gateway")
        return self._answer(*answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 http.server's names
    do_OPTIONS = do_TRACE = _forward  # noqa: N815 http.server's names

    def _why_refused(self) -> str | None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.headers.get_all("Host", []) != [headers.get("host")] or not is_this_computer(headers["host"]):
            return "Tallybook on this computer answers only at localhost, 127.0.0.1 and [::1]"
        allowed = frozenset() if is_local(self.command, self.path) else self.server.origins
        if is_from_another_site(self.command, headers, allowed=allowed):
            return "Tallybook on this computer answers no page of another site"
        return None

    def _is_clean(self) -> bool:
        """Whether each line is a header, and the path and headers have only characters that HTTP allows there."""
        if self.headers.defects:
            return False
        headers = self.headers.items()
        clean_headers = all(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value) for name, value in headers)
        return clean_headers and _PATH.fullmatch(self.path) is not None

    def _let_the_body_come(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue" and self.request_version != "HTTP/1.0":
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()
            self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Nothing yet: who asks is checked first."""
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 its text is HTML
        """The answer to what `http.server` refuses by itself: a malformed request, or (501) another method."""
        if code == HTTPStatus.NOT_IMPLEMENTED and (reason := self._why_refused()):
            return self._refuse(403, reason)
        return self._refuse(code, HTTPStatus(code).phrase)

    def _call_api(self, cloud: Cloud, body: bytes) -> Answer:
        """The stage in the path keeps the emulator from taking the path for one of its own."""
        connection = HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.putrequest(self.command, f"/$default{self.path}", skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.server.api_host)
            connection.putheader(TOKEN_HEADER, token_of(cloud.credentials.secret))
            for name, value in self._passed_headers():
                connection.putheader(name, value)
            if self.command not in ("GET", "HEAD") or body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            if answer.status >= 400 and not _is_ours(answer):
                return _refusal(answer.status, responses.get(answer.status, "Error"))
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _passed_headers(self) -> Iterator[tuple[str, str]]:
        """A compressed body is passed as bytes: the emulator, like API Gateway, reads application/json as text."""
        left_out = _HOP_BY_HOP_HEADERS | {"host", "content-length", TOKEN_HEADER}
        if self.headers.get("Content-Encoding"):
            left_out |= {"content-type"}
            yield "Content-Type", "application/octet-stream"
        yield from ((name, value) for name, value in self.headers.items() if name.lower() not in left_out)

    def _refuse(self, status: int, message: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.close_connection = True
        status, always, content = _refusal(status, message)
        self._answer(status, [*always, *headers], content)

    def _answer(self, status: int, headers: Sequence[tuple[str, str]], content: bytes) -> None:
        sent = {name.lower(): value for name, value in headers}
        length = sent.get("content-length") if self.command == "HEAD" else None
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_ANSWERED | {_SNIFF.lower()}:
                self.send_header(name, value)
        self.send_header(_SNIFF, "nosniff")
        if status != _NO_CONTENT:
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: each function logs its requests, and a URL may contain a secret."""


def _refusal(status: int, message: str) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps({"message": message}).encode()


def _is_ours(answer: HTTPResponse) -> bool:
    """Whether it is JSON, or a page of a function. The emulator answers some errors in text."""
    return answer.getheader("Content-Type", "").startswith("application/json") or answer.getheader(_SNIFF) is not None
