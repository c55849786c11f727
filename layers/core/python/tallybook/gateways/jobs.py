"""Call a scheduled job with the event that its schedule sends."""

import json
from collections.abc import Mapping
from typing import Any

from tallybook.gateways.interceptor import Interceptor, passthrough


class JobFailed(Exception):
    """The job failed; the message has its error in one line."""


class Jobs:
    """`functions` maps each job to the ARN of its function: `outbox` to `arn:aws:lambda:…Outbox…:live`."""

    def __init__(self, client: Any, functions: Mapping[str, str], interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._functions = functions
        self._interceptor = interceptor

    def call(self, job: str) -> Mapping[str, Any]:
        """Call the job, wait for its end, and return its response. JobFailed if it raised an error."""
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
