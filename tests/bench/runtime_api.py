"""Lambda's runtime API on loopback, just enough to see when the real runtime client is ready for its first event."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil

_PATIENCE_SECONDS = 60.0

# As in the layers, byte code is there: the first start writes it, where the environment does not forbid that.
_INHERITED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def processor_seconds_to_ready(handler: str, environment: Mapping[str, str]) -> float:
    """What a fresh process has taken of a processor when its runtime client asks for the first event.

    A start is one thread that computes, so this is its time, less what else the machine was doing.
    """
    ready = threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ready.set()

        def do_POST(self) -> None:
            self.send_response(202)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Silent: the bench prints its own lines."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", handler],
        env={**_INHERITED, **environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not ready.wait(_PATIENCE_SECONDS):
            raise TimeoutError(f"{handler} was not ready within {_PATIENCE_SECONDS:.0f} s")
        times = psutil.Process(process.pid).cpu_times()
        return float(times.user + times.system)
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()
