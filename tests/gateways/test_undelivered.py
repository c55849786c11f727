"""Each kind of message in the queue of undelivered calls is done again in its own way, and stays if that fails."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tallybook.gateways.dead_letters import DeadMessage
from tallybook.gateways.undelivered import UndeliveredCalls, failed_call, reason

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:the-outbox:live"
SCHEDULED = {"job": "outbox"}
NOTICE = {"Type": "Notification", "MessageId": "1", "Message": '{"eventType": "Bounce"}'}


def message(body: Any, **attributes: str) -> DeadMessage:
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    error = attributes.get("ERROR_MESSAGE")
    text = body if isinstance(body, str) else json.dumps(body)
    return DeadMessage("1", "handle", text, sent, datetime(2026, 11, 1, tzinfo=UTC), error)


def of_lambda(answer: Any = None) -> DeadMessage:
    context = {"functionArn": ARN, "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    return message({"requestContext": context, "requestPayload": SCHEDULED, "responsePayload": answer})


OF_EVENTBRIDGE = message({"job": "outbox"}, RULE_ARN="arn:rule", ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="denied")
OF_SNS = message(NOTICE)


@dataclass
class Lambda:
    """Notes each call; `error` is what each function answers, `gone` a function that does not exist."""

    error: str | None = None
    gone: str | None = None
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 boto3's names
        if FunctionName == self.gone:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "Invoke")
        self.calls.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(b"{}"), **({"FunctionError": self.error} if self.error else {})}


def test_a_call_that_failed_is_made_again_with_its_payload() -> None:
    functions, dead = Lambda(), of_lambda()
    assert UndeliveredCalls(functions, "feedback:live").put_back([dead]) == [dead]
    assert functions.calls == [(ARN, SCHEDULED)]


def test_a_notification_calls_mail_feedback_as_sns_does() -> None:
    functions = Lambda()
    assert UndeliveredCalls(functions, "feedback:live").put_back([OF_SNS]) == [OF_SNS]
    [(function, event)] = functions.calls
    assert function == "feedback:live"
    assert [record["Sns"] for record in event["Records"]] == [NOTICE]


def test_a_schedules_call_is_left_to_its_next_one() -> None:
    functions = Lambda()
    assert UndeliveredCalls(functions, "feedback:live").put_back([OF_EVENTBRIDGE]) == [OF_EVENTBRIDGE]
    assert functions.calls == []


def test_a_call_of_a_function_that_is_gone_stays_dead_and_stops_no_other() -> None:
    functions, dead = Lambda(gone=ARN), of_lambda()
    assert UndeliveredCalls(functions, "feedback:live").put_back([dead, OF_SNS]) == [OF_SNS]


def test_a_missing_mail_feedback_is_an_error() -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        UndeliveredCalls(Lambda(gone="feedback:live"), "feedback:live").put_back([OF_SNS])


def test_a_call_that_fails_again_stays_dead() -> None:
    assert UndeliveredCalls(Lambda("Unhandled"), "feedback:live").put_back([of_lambda(), OF_SNS]) == []


@pytest.mark.parametrize("body", ["no JSON", {}, [], {"requestContext": None}, {"Type": "Notification"}, {"job": "x"}])
def test_an_unknown_message_is_left_where_it_is(body: Any) -> None:
    functions, unknown = Lambda(), message(body)
    assert UndeliveredCalls(functions, "feedback:live").put_back([unknown]) == []
    assert (functions.calls, failed_call(unknown), reason(unknown)) == ([], None, None)


@pytest.mark.parametrize(
    ("dead", "why"),
    [
        (of_lambda({"errorType": "KeyError", "errorMessage": "'budgets'"}), "KeyError: 'budgets'"),
        (of_lambda(), "RetriesExhausted"),
        (OF_EVENTBRIDGE, "denied"),
        (OF_SNS, None),
    ],
)
def test_the_reason_is_what_aws_wrote_into_the_message(dead: DeadMessage, why: str | None) -> None:
    assert reason(dead) == why
