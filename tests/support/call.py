"""Calls through the real handler, with the event that API Gateway's HTTP API sends (payload 2.0)."""

import base64
import importlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from infra.groups import group_of
from tests.support.reference import Exchange, check_exchange

HERE = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class LambdaContext:
    """The context object that the runtime passes to a handler."""

    function_name = "test"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:test"
    memory_limit_in_mb = 512
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def call(method: str, url: str, *, address: str = HERE, **how: Any) -> Answer:
    """One request to the function that serves the path; `how` is that of `gateway_event`.

    The answer must be as the reference says (`tests/support/reference.py`).
    """
    event = gateway_event(method, url, **how)
    answer = handle(event, address=address)
    is_attribute = any(name.startswith("ce-") for name in event["headers"])  # of an event whose body is its data
    sent = "" if is_attribute else base64.b64decode(event["body"]).decode(errors="replace")
    check_exchange(Exchange(method, event["rawPath"], sent, answer.status, answer.headers, answer.text))
    return answer


def handle(event: dict[str, Any], *, address: str = HERE) -> Answer:
    """What the handler answers, whatever that is: for measurements."""
    event["requestContext"]["http"]["sourceIp"] = address
    handler = importlib.import_module(f"{group_of(event['rawPath'])}.app").handler
    answer = handler(event, LambdaContext())
    text = answer.get("body", "")
    if answer.get("isBase64Encoded"):
        text = base64.b64decode(text).decode()
    return Answer(answer["statusCode"], answer.get("headers", {}), text, tuple(answer.get("cookies", ())))


def gateway_event(
    method: str,
    url: str,
    *,
    key: str | None = None,
    bearer: str | None = None,
    cookie: str | None = None,
    body: Any = None,
    raw: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The event that the HTTP API passes to a function for this request. `body` is sent as JSON, `raw` as it is."""
    parts = urlsplit(url)
    sent = {
        "host": "api.example.com",
        "content-type": "application/json",
        "x-forwarded-proto": "https",
        **(headers or {}),
    }
    if key is not None:
        sent["x-api-key"] = key
    if bearer is not None:
        sent["authorization"] = f"Bearer {bearer}"
    content = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
    sent["content-length"] = str(len(content))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": sent,
        **({"cookies": [cookie]} if cookie else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": HERE,
                "userAgent": "test",
            },
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }
