"""Calling a job of the local bundle by hand, as its schedule would."""

import json
from collections.abc import Mapping

from infra.local.deploy import client


def invoke(endpoint: str, function: str, payload: Mapping[str, object]) -> None:
    """Start the function with this event, and don't wait for what it does."""
    client("lambda", endpoint).invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
    )
