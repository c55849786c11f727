"""The port through which every call to the world outside goes: DynamoDB's, the mail's, the bus's.

Production goes straight through. Tests put a port here that fails a call before or after it takes effect.
"""

from collections.abc import Callable
from typing import Any

type Port = Callable[[str, Callable[[], Any]], Any]


def straight(operation: str, call: Callable[[], Any]) -> Any:  # noqa: ARG001 a port gets both
    return call()
