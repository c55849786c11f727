"""Lets the emulated cloud check the right to the operation that it runs.

By itself it takes the name of the operation for the check from one place of a request, and for the call from another:
a request that names two could run what the role may not. This file runs in the emulator's own Python.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions  # installed in the emulator's environment

_TARGETS = {"dynamodb": "DynamoDB_", "events": "AWSEvents.", "logs": "Logs_", "sqs": "AmazonSQS."}
"""The services whose operations are read from the header alone, if it begins so."""

_BY_PATH = ("s3", "lambda")
_UNCLEAR = "SeveralOperations"
"""No policy grants an action of this name."""


def authorize_the_operation_that_runs() -> None:
    extract = iam_actions.extract_iam_action

    def extract_only(service: str, *request: Any) -> str | None:
        _method, _path, headers, body, query = request
        action: str | None = extract(service, *request)
        namespace = iam_actions.SERVICE_TO_IAM_NAMESPACE.get(service)
        named = _named(service, headers, body, query) if namespace else set()
        if len(named) > 1:
            return f"{namespace}:{_UNCLEAR}"
        return f"{namespace}:{named.pop()}" if named and action is None else action

    iam_actions.extract_iam_action = extract_only


def _named(service: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> set[str]:
    """All operations that the request names, where any handler may look."""
    target = headers.get("x-amz-target", "")
    named = {target.rpartition(".")[2]} if "." in target else set()
    in_query = query.get("Action") or []
    named.update(in_query if isinstance(in_query, list) else [in_query])
    reads_body = service not in _BY_PATH and not target.startswith(_TARGETS.get(service, "\0"))
    if reads_body:
        named.update(parse_qs(body.decode("utf-8", "replace")).get("Action", []))
    return named
