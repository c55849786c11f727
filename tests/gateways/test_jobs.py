"""A job called by hand: its function is invoked as its schedule would, and what it answers or fails with is told."""

import io
import json
from typing import Any

import pytest

from tallybook.gateways.jobs import JobFailed, Jobs


class Lambda:
    """Answers each call with `told`."""

    def __init__(self, told: Any, error: str | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer = {"Payload": io.BytesIO(told.encode()), **({"FunctionError": error} if error else {})}

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request)
        return self._answer


def test_a_job_is_called_by_its_name_and_answers() -> None:
    function = Lambda('{"delivered": 2}')
    assert Jobs(function, {"outbox": "the-outbox"}).call("outbox") == {"delivered": 2}
    [request] = function.calls
    assert (request["FunctionName"], json.loads(request["Payload"])) == ("the-outbox", {"job": "outbox"})
    assert request.get("InvocationType", "RequestResponse") == "RequestResponse"


@pytest.mark.parametrize("told", ["null", "", "[]"])
def test_a_job_may_have_nothing_to_tell(told: str) -> None:
    assert Jobs(Lambda(told), {"outbox": "the-outbox"}).call("outbox") == {}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ('{"errorType": "KeyError", "errorMessage": "no\\nsuch thing"}', "KeyError: no such thing"),
        ('{"errorMessage": "Task timed out after 120.00 seconds"}', "Task timed out after 120.00 seconds"),
        ("{}", ""),
        ('"broken"', "no reason given"),
    ],
)
def test_a_job_that_fails_says_why_in_one_line(told: str, reason: str) -> None:
    with pytest.raises(JobFailed) as failed:
        Jobs(Lambda(told, "Unhandled"), {"outbox": "the-outbox"}).call("outbox")
    assert str(failed.value) == f"The job outbox failed: {reason}"
