"""A scheduled job, called by hand as its schedule would."""

import json
from collections.abc import Mapping
from typing import Any

from tallybook.gateways.interceptor import Interceptor, passthrough


class JobFailed(Exception):
    """The job ended in an error; the message is its own, in one line."""


class Jobs:
    """Calls functions through an interceptor.

    `functions` has the function of each job: `tallybook-local-Outbox…` for `outbox`.
    """

    def __init__(self, client: Any, functions: Mapping[str, str], interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._functions = functions
        self._interceptor = interceptor

    def call(self, job: str) -> Mapping[str, Any]:
        """What the job answered, once it has ended."""
        payload = json.dumps({"job": job}).encode()
        answer = self._interceptor(
            "invoke", lambda: self._client.invoke(FunctionName=self._functions[job], Payload=payload)
        )
        told = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError"):
            raise JobFailed(f"The job {job} failed: {_reason(told)}")
        return told if isinstance(told, Mapping) else {}


def _reason(told: Any) -> str:
    if not isinstance(told, Mapping):
        return "no reason given"
    words = [str(told[name]) for name in ("errorType", "errorMessage") if told.get(name)]
    return " ".join(": ".join(words).split())
