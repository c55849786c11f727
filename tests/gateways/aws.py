"""An AWS service on loopback for a real client: it records requests and gives prepared answers."""

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
    """Sends `answers` (status, error, body) first, then `answer`; status 0 hangs up, a body of None times out."""

    url: str = ""
    answer: Any = field(default_factory=dict)
    answers: list[tuple[int, str | None, Any]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    def client(self, name: str) -> Any:
        return boto3.session.Session().client(name, endpoint_url=self.url, config=_CONFIG)

    def fail(self, status: int, code: str) -> None:
        self.answers.append((status, code, {"__type": code, "message": "prepared failure"}))


@contextmanager
def service(answer: Any) -> Iterator[Service]:
    aws = Service(answer=answer)
    closing = threading.Event()

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            aws.requests.append(json.loads(body))
            status, code, content = aws.answers.pop(0) if aws.answers else (200, None, aws.answer)
            if content is None:
                closing.wait()
            if status == 0:
                return
            payload = json.dumps(content).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Exchange) as server:
        aws.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield aws
        finally:
            closing.set()
            server.shutdown()
            thread.join()
