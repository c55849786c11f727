"""Calls the platform's endpoints over HTTP, with retries.

Refused        the server rejected the request; a retry would not help
Unreachable    no answer, or only 408, 425, 429 and 5xx, until the retries ended
"""

import json
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import urllib3

from tallybook.cli.masking import mask
from tallybook.cli.meter.away import Away
from tallybook.cli.meter.backoff import Backoff
from tallybook.cli.meter.proxies import connections

_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_CONNECTIONS = 8
RETRY_SECONDS = 30.0
_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class Refused(Exception):
    """`status`, `message` and `data` of the answer: `reasons` of a session, or `results` of events."""

    def __init__(self, status: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.data = data or {}


class Unreachable(Exception):
    """The message is one line with the last failure."""


class Platform:
    """POST with the platform's key. Thread-safe. Setting `stop_retries` ends the retries."""

    def __init__(self, url: str, key: str, *, stop_retries: threading.Event | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"X-API-Key": key, "Content-Type": "application/json", "User-Agent": "tallybook"}
        self._stop_retries = stop_retries or threading.Event()
        self._http = connections(self._url, timeout=_TIMEOUT, most=_CONNECTIONS)
        self._shown = mask(self._url)
        self._away = Away(self._shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._away.gave_up()
        self._http.clear()

    def backoff(self) -> Backoff:
        return Backoff(RETRY_SECONDS, stop_retries=self._stop_retries)

    def post_json(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        return self.post(path, json.dumps(body, allow_nan=False).encode())

    def post(self, path: str, body: bytes = b"") -> Mapping[str, Any]:
        """The answer's `data`. Retries are safe, because each request contains the ids of what it creates."""
        backoff = self.backoff()
        while True:
            wait = 0.0
            self._away.asked()
            try:
                answer = self._http.request("POST", self._url + path, body=body, headers=self._headers, redirect=False)
            except urllib3.exceptions.HTTPError as error:
                through = " through the proxy" if isinstance(self._http, urllib3.ProxyManager) else ""
                reason = f"{self._shown} can't be reached{through}: {_cause(error)}"
            else:
                if answer.status not in _RETRIED_STATUSES:
                    self._away.answered()
                    return _data(answer.status, answer.data, source=self._shown)
                reason = f"{self._shown} answered {answer.status}"
                wait = _seconds(answer.headers.get("Retry-After"))
            self._away.failed(reason)
            if not backoff.pause(at_least=wait):
                self._away.gave_up()
                raise Unreachable(reason)


def _data(status: int, body: bytes, *, source: str) -> Mapping[str, Any]:
    try:
        envelope = json.loads(body)
        data = envelope.get("data") or {}
        message = envelope.get("message")
    except (ValueError, AttributeError):
        raise Refused(status, f"{source} answered {status}, but not in Tallybook's format") from None
    if 200 <= status < 300 and isinstance(data, Mapping):
        return data
    raise Refused(status, str(message or f"answered {status}"), data if isinstance(data, Mapping) else {})


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    cause = error.__cause__ or error
    if isinstance(error, urllib3.exceptions.ProxyError):
        cause = error.original_error.__cause__ or error.original_error
    return getattr(cause, "strerror", None) or type(error).__name__


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdecimal() else 0.0
