"""A stub of CloudFormation and Lambda on loopback: one stack's outputs, and its jobs."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

STACK = "tallybook-test"
_XMLNS = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


@dataclass
class Aws:
    """`outputs` are the stack's; `job` returns a function's answer to a payload; `requested` lists all calls."""

    url: str = ""
    stack: str = STACK
    outputs: dict[str, str] = field(default_factory=dict)
    status: str = "UPDATE_COMPLETE"
    job: Callable[[Any], Any] = lambda _: {}
    failure: Any = None
    requested: list[str] = field(default_factory=list)

    def describe(self, body: bytes) -> tuple[int, str]:
        name = parse_qs(body.decode())["StackName"][0]
        self.requested.append(name)
        if name != self.stack:
            message = f"<Code>ValidationError</Code><Message>Stack with id {name} does not exist</Message>"
            return 400, f"<ErrorResponse><Error><Type>Sender</Type>{message}</Error></ErrorResponse>"
        members = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            for key, value in self.outputs.items()
        )
        named = f"<StackName>{name}</StackName><StackStatus>{self.status}</StackStatus>"
        stack = f"<member>{named}<Outputs>{members}</Outputs></member>"
        return 200, (
            f'<DescribeStacksResponse xmlns="{_XMLNS}"><DescribeStacksResult><Stacks>{stack}</Stacks>'
            "</DescribeStacksResult></DescribeStacksResponse>"
        )

    def invoke(self, path: str, body: bytes) -> tuple[dict[str, str], str]:
        self.requested.append(path.split("/")[3])
        if self.failure is not None:
            return {"X-Amz-Function-Error": "Unhandled"}, json.dumps(self.failure)
        return {}, json.dumps(self.job(json.loads(body)))


@contextmanager
def aws(stack: str = STACK) -> Iterator[Aws]:
    stub = Aws(stack=stack)

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = 200, {}
            if "/functions/" in self.path:
                headers, answer = stub.invoke(self.path, body)
            else:
                status, answer = stub.describe(body)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(answer.encode()))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Exchange) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
