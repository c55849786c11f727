"""Asynchronous calls of functions that AWS gave up, as messages of the queue `undelivered`.

    of Lambda        body: requestContext with the function's ARN, requestPayload, often responsePayload: the function
                     failed three times, or was throttled for too long
    of EventBridge   attributes RULE_ARN, ERROR_CODE, ERROR_MESSAGE: a schedule could not call its function
    of SNS           body: the notification that `mail_feedback` did not get

Source: AWS Lambda, "Capturing records of asynchronous invocations"; EventBridge, "Using dead-letter queues"; SNS,
"Dead-letter queues".
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tallybook.gateways.dead_letters import DeadMessage
from tallybook.gateways.interceptor import Interceptor, passthrough


class FailedCall(NamedTuple):
    """`function` is an ARN with its alias; None for `mail_feedback`. `payload` is the event of the call."""

    function: str | None
    payload: Any
    error: str | None = None


class UndeliveredCalls:
    """Calls functions again; `mail_feedback` is the function that SNS calls, as NAME:ALIAS or an ARN."""

    def __init__(self, client: Any, mail_feedback: str, interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._mail_feedback = mail_feedback
        self._interceptor = interceptor

    def put_back(self, messages: Sequence[DeadMessage]) -> list[DeadMessage]:
        """Call again what each message asks for, and wait; return those whose call succeeded.

        A schedule's call needs no repetition: its next one does all that is due.
        """
        return [message for message in messages if is_of_schedule(message) or self._repeat(failed_call(message))]

    def _repeat(self, call: FailedCall | None) -> bool:
        if call is None:
            return False
        function, payload = call.function or self._mail_feedback, json.dumps(call.payload).encode()
        try:
            answer = self._interceptor("invoke", lambda: self._client.invoke(FunctionName=function, Payload=payload))
        except ClientError as error:
            if call.function and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False  # a release replaced the function; other messages must not wait behind this one
            raise
        return "FunctionError" not in answer


def is_of_schedule(message: DeadMessage) -> bool:
    return "RULE_ARN" in message.attributes


def failed_call(message: DeadMessage) -> FailedCall | None:
    """The call that a message of Lambda or SNS asks for; None if it is neither."""
    try:
        body = json.loads(message.body)
    except ValueError:
        return None
    match body:
        case {"requestContext": {"functionArn": str(function)} as context, "requestPayload": payload}:
            return FailedCall(function, payload, _error(body.get("responsePayload")) or context.get("condition"))
        case {"Type": "Notification", "Message": str()}:
            return FailedCall(None, {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": body}]})
    return None


def reason(message: DeadMessage) -> str | None:
    """Why the call was given up, if the message says it."""
    if is_of_schedule(message):
        return message.error
    call = failed_call(message)
    return call.error if call else message.error


def _error(answer: Any) -> str | None:
    if not isinstance(answer, Mapping):
        return None
    return ": ".join(str(answer[name]) for name in ("errorType", "errorMessage") if answer.get(name)) or None
