"""Invokes a job of the local bundle in the same way as its schedule."""

import json
from collections.abc import Mapping

from infra.local.cloud import Cloud


def invoke(cloud: Cloud, function: str, payload: Mapping[str, object]) -> None:
    """Invoke the function asynchronously; `payload` is its event."""
    cloud.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode())
