"""A job called by hand: its function is invoked like its schedule does, and its result or error is returned."""

import io
import json
from typing import Any

import pytest

from tallybook.gateways.jobs import JobFailed, Jobs


class Lambda:
    """Answers each call with `payload`."""

    def __init__(self, payload: Any, error: str | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer = {"Payload": io.BytesIO(payload.encode()), **({"FunctionError": error} if error else {})}

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return self._answer


def test_a_job_is_called_by_name_and_its_result_returned() -> None:
    function = Lambda('{"delivered": 2}')
    assert Jobs(function, {"outbox": "the-outbox"}).call("outbox") == {"delivered": 2}
    [request] = function.calls
    assert (request["FunctionName"], json.loads(request["Payload"])) == ("the-outbox", {"job": "outbox"})
    assert request.get("InvocationType", "RequestResponse") == "RequestResponse"


@pytest.mark.parametrize("payload", ["null", "", "[]"])
def test_a_job_without_a_result_returns_an_empty_one(payload: str) -> None:
    assert Jobs(Lambda(payload), {"outbox": "the-outbox"}).call("outbox") == {}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ('{"errorType": "KeyError", "errorMessage": "no\\nsuch thing"}', "KeyError: no such thing"),
        ('{"errorMessage": "Task timed out after 120.00 seconds"}', "Task timed out after 120.00 seconds"),
        ("{}", ""),
        ('"broken"', "no reason given"),
    ],
)
def test_a_failed_job_raises_its_reason_in_one_line(payload: str, reason: str) -> None:
    with pytest.raises(JobFailed) as failed:
        Jobs(Lambda(payload, "Unhandled"), {"outbox": "the-outbox"}).call("outbox")
    assert str(failed.value) == f"The job outbox failed: {reason}"
