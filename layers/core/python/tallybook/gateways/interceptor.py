"""The function through which every call to AWS goes: to DynamoDB, SES, EventBridge, SQS and Lambda.

In production it only makes the call. Tests replace it, to fail a call before or after its effect.
"""

from collections.abc import Callable
from typing import Any

type Interceptor = Callable[[str, Callable[[], Any]], Any]


def passthrough(operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG001 an interceptor gets both
    return call()
