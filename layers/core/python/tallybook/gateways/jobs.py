"""Calls a scheduled job with the event that its schedule sends."""

import json
from collections.abc import Mapping
from typing import Any

from tallybook.gateways.interceptor import Interceptor, passthrough


class JobFailed(Exception):
    """The job ended in an error; the message holds the job's error in one line."""


class Jobs:
    """`functions` maps each job to its function: `outbox` to `tallybook-local-Outbox…`."""

    def __init__(self, client: Any, functions: Mapping[str, str], interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._functions = functions
        self._interceptor = interceptor

    def call(self, job: str) -> Mapping[str, Any]:
        """Wait for the job to end, and return its answer. JobFailed where it raised an error."""
        payload = json.dumps({"job": job}).encode()
        answer = self._interceptor(
            "invoke", lambda: self._client.invoke(FunctionName=self._functions[job], Payload=payload)
        )
        body = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError"):
            raise JobFailed(f"The job {job} failed: {_reason(body)}")
        return body if isinstance(body, Mapping) else {}


def _reason(body: Any) -> str:
    if not isinstance(body, Mapping):
        return "no reason given"
    parts = [str(body[name]) for name in ("errorType", "errorMessage") if body.get(name)]
    return " ".join(": ".join(parts).split())
