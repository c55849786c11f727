"""The real handlers behind a socket on loopback, for tests of HTTP clients.

One request at a time, since moto is exact in one thread only: a test must not use the app while it is served.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from infra.local.request_body import read_body
from tests.support.call import Answer, call


class Served:
    """The server's URL, the path and body of each request so far, and answers to give instead of the handlers'."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[tuple[str, bytes]] = []
        self.instead: list[Answer] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.requests.append((path, body))
        if self.instead:
            return self.instead.pop(0)
        return call(method, path, raw=body, headers=headers)


@contextmanager
def serve(port: int = 0) -> Iterator[Served]:
    """During the block the handlers answer at `url`; after it the port is closed."""
    served = Served()

    class Exchange(BaseHTTPRequestHandler):
        timeout = 1  # a browser opens connections that it may not use

        def _exchange(self) -> None:
            body = read_body(self.headers, self.rfile)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = served.answer(self.command, self.path, body, headers)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _exchange  # noqa: N815 http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing: the handlers log."""

    with HTTPServer(("127.0.0.1", port), Exchange) as server:
        served.port = server.server_port
        thread = threading.Thread(target=_run, args=(server,))
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def _run(server: HTTPServer) -> None:
    """Serve with an event loop of the thread's own, which the handlers' adapter needs."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        server.serve_forever(poll_interval=0.02)
        asyncio.set_event_loop(None)
