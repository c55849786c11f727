"""A web page of another origin in a real Chromium, and the server that serves it and receives what it reports."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SITE = "attacker.example"
_REPORTS_WITHIN = 60.0
_STOPS_WITHIN = 20.0


def chromium() -> str | None:
    """The path of an installed Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


class Website:
    """Serves `page` at `/` as `http://<host>:<port>`, and keeps the JSON that the page posts to `/report`.

    `answers`: what it answers to a POST, by path; `posted`: the JSON that came to such a path.
    """

    def __init__(self, host: str, port: int) -> None:
        self.origin = f"http://{host}:{port}"
        self.page = ""
        self.report: Any = None
        self.posted_to: list[str] = []
        self.answers: dict[str, Any] = {}
        self.posted: dict[str, Any] = {}
        self.reported = threading.Event()

    def visit(self, page: str) -> Any:
        """Open the page in Chromium, and return what it reports."""
        self.page, self.report = page, None
        self.reported.clear()
        with _browser(f"{self.origin}/"):
            assert self.reported.wait(_REPORTS_WITHIN), "the page did not report"
        return self.report


@contextmanager
def website(host: str = SITE) -> Iterator[Website]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(site.page if self.path == "/" else "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            site.posted_to.append(self.path)
            if self.path == "/report":
                site.report = json.loads(body)
            if self.path in site.answers:
                site.posted[self.path] = json.loads(body)
            self._answer(json.dumps(site.answers[self.path]) if self.path in site.answers else "")
            if self.path == "/report":
                site.reported.set()

        def _answer(self, content: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Website(host, server.server_port)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield site
        server.shutdown()


def text_of(address: str, *, waits: bool = False) -> str:
    """What Chromium shows at an address of the site, whose name may now belong to this computer (DNS rebinding).

    `waits`: until the page's own requests are answered.
    """
    with TemporaryDirectory(prefix="chromium-") as profile:
        patience = ["--virtual-time-budget=5000"] if waits else []
        command = [*_command(profile), *patience, "--dump-dom", address]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_REPORTS_WITHIN).stdout


@contextmanager
def _browser(address: str) -> Iterator[None]:
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [*_command(profile), "--remote-debugging-port=0", address]
        with Path(profile, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(_STOPS_WITHIN)


def _command(profile: str) -> list[str]:
    """Chromium without a window; every name of the site's domain is this computer."""
    browser = chromium()
    assert browser
    return [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        f"--user-data-dir={profile}",
        f"--host-resolver-rules=MAP {SITE} 127.0.0.1, MAP *.{SITE} 127.0.0.1",
    ]
