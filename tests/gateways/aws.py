"""A service of AWS's on loopback, for a real client: it keeps each request and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=1, read_timeout=0.5, retries={"total_max_attempts": 1})


@dataclass
class Service:
    """`answers` (status, error, body) are given first, then `answer`; status 0 hangs up, a body of None never comes."""

    url: str = ""
    answer: Any = field(default_factory=dict)
    answers: list[tuple[int, str | None, Any]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    def client(self, name: str) -> Any:
        return boto3.session.Session().client(name, endpoint_url=self.url, config=_CONFIG)

    def fail(self, status: int, code: str) -> None:
        self.answers.append((status, code, {"__type": code, "message": "told to"}))


@contextmanager
def service(answer: Any) -> Iterator[Service]:
    it = Service(answer=answer)
    closing = threading.Event()

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.requests.append(json.loads(body))
            status, code, content = it.answers.pop(0) if it.answers else (200, None, it.answer)
            if content is None:
                closing.wait()
            if status == 0:
                return
            told = json.dumps(content).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        it.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield it
        finally:
            closing.set()
            server.shutdown()
            thread.join()
