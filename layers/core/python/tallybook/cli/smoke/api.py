"""Calls the installation over HTTP as its clients do. A deployment that has just ended may take a moment to answer."""

import json
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import urllib3

from tallybook.cli.masking import mask
from tallybook.cli.meter.backoff import Backoff
from tallybook.cli.meter.proxies import connections
from tallybook.cli.stop import Stop

_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_NOT_READY = (502, 503, 504)
READY_SECONDS = 30.0
CLOUD_EVENT = "application/cloudevents+json"


class Answer(NamedTuple):
    status: int
    body: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        return self.body.get("data") or {}

    @property
    def code(self) -> str:
        """The code of an error, in either dialect; "" if there is none."""
        error = self.body.get("error")
        return str((error if isinstance(error, Mapping) else self.body).get("code", ""))


class Api:
    """Repeats a request for up to 30 s while the installation can't be reached or answers 502 to 504.

    Every request of the smoke test may be repeated: a registration or an event that exists already is recognized.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = connections(self.url, timeout=_TIMEOUT, most=1)

    def call(
        self, method: str, path: str, *, key: str = "", body: Mapping[str, Any] | None = None, content: str = ""
    ) -> Answer:
        """The answer, whatever its status. Stop if there is none, or one that isn't JSON."""
        headers = {"User-Agent": "tallybook-smoke", "Content-Type": content or "application/json"}
        if key:
            headers["X-API-Key"] = key
        sent = None if body is None else json.dumps(body, allow_nan=False).encode()
        backoff = Backoff(READY_SECONDS, stop_retries=threading.Event())
        while True:
            try:
                answer = self._http.request(method, self.url + path, body=sent, headers=headers, redirect=False)
                failure = f"{method} {path} answered {answer.status}{_code(answer.data)}"
            except urllib3.exceptions.HTTPError as error:
                failure, answer = f"{mask(self.url)} can't be reached: {type(error).__name__}", None
            if answer is not None and answer.status not in _NOT_READY:
                return Answer(answer.status, _json(answer.data, f"{method} {path}"))
            if not backoff.pause():
                raise Stop(failure)


def _json(text: bytes, request: str) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise Stop(f"{request} did not answer in Tallybook's format")
    return body


def _code(text: bytes) -> str:
    try:
        code = Answer(0, json.loads(text)).code
    except (ValueError, AttributeError):
        code = ""
    return f" ({code})" if code else ""
