"""The port through which every call to the world outside goes: DynamoDB's, the mail's, the bus's.

Production goes straight through. Tests put a port here that fails a call before or after it takes effect.
"""

from collections.abc import Callable
from typing import Any

type Interceptor = Callable[[str, Callable[[], Any]], Any]


def passthrough(operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG001 an interceptor gets both
    return call()
