"""Events of API Gateway's HTTP API as AWS sends them, and what clients can put into them."""

import json
from typing import Any

import pytest

from tests.functions.refusal import check_refusal
from tests.support.app import PASSWORD, App
from tests.support.call import LambdaContext, call


def event(**changes: Any) -> dict[str, Any]:
    """POST /auth/register as AWS documents payload 2.0: the body as text, cookies separate, headers in lower case."""
    return {
        "version": "2.0",
        "routeKey": "POST /auth/register",
        "rawPath": "/auth/register",
        "rawQueryString": "",
        "cookies": ["theme=dark", "consent=yes"],
        "headers": {
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "content-length": "97",
            "content-type": "application/json",
            "host": "r3pmxmplak.execute-api.eu-west-1.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": "POST",
                "path": "/auth/register",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /auth/register",
            "stage": "$default",
            "time": "20/Apr/2026:12:34:56 +0000",
            "timeEpoch": 1776688496000,
        },
        "body": json.dumps(
            {"email": "zoe@example.com", "password": PASSWORD, "name": "Zoë 🔑 Ünïcode"}, ensure_ascii=False
        ),
        "isBase64Encoded": False,
        **changes,
    }


def handle(event: dict[str, Any]) -> dict[str, Any]:
    from identity.app import handler

    return handler(event, LambdaContext())


def test_a_text_body_is_read_and_cookies_are_apart_from_headers(app: App) -> None:
    answer = handle(event())
    assert answer["statusCode"] == 201
    assert answer["isBase64Encoded"] is False
    assert len(answer["cookies"]) == 1
    assert "set-cookie" not in answer["headers"]
    session = json.loads(answer["body"])["session_token"]
    me = call("GET", "/v1/user-management/users/me", cookie=f"theme=dark; quota_session={session}")
    assert me.json["data"]["user"]["display_name"] == "Zoë 🔑 Ünïcode"


def test_an_event_without_body_headers_or_cookies_is_answered_too(app: App) -> None:
    bare = {name: value for name, value in event().items() if name not in ("body", "cookies", "headers")}
    answer = handle(bare)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]["message"] == "The body is not valid JSON"


def test_cookies_that_come_in_an_array_are_read_together(app: App) -> None:
    member = app.member()
    http = {**event()["requestContext"]["http"], "method": "GET", "path": "/auth/me"}
    request = event(cookies=["a=1", f"quota_session={member.session}", "b=2"], requestContext={"http": http}, body=None)
    assert handle(request)["statusCode"] == 200


ODD_HEADERS = [
    {"host": "[::1]:8000"},
    {"host": "localhost:port"},
    {"host": "bad host", "x-forwarded-proto": "gopher"},
    {"host": "", "x-forwarded-proto": ""},
    {"Host": "evil.example.com/auth?x=#"},
    {"x-forwarded-port": "abc"},
    {"x-forwarded-port": ""},
    {"x-forwarded-proto": "gopher"},
    {"content-length": "abc"},
    {"content-length": "-1"},
    {"content-length": "99999999999"},
    {"transfer-encoding": "chunked"},
    {"content-encoding": "gzip"},
    {"expect": "100-continue"},
    {"x-http-method-override": "DELETE"},
    {"accept": "text/html"},
    {"accept-encoding": "identity;q=0"},
    {"cookie": "é=\u0001; quota_session"},
    {"x-é": "1"},
    {"user-agent": "x" * 10_000},
]


@pytest.mark.parametrize("headers", ODD_HEADERS, ids=lambda headers: str(headers)[:40])
def test_odd_headers_are_ignored(app: App, headers: dict[str, str]) -> None:
    member = app.member()
    assert call("GET", "/auth/me", key=member.api_key, headers=headers).status == 200
    assert check_refusal(call("GET", "/auth/nothing", headers=headers), "/auth", 404)
    assert check_refusal(call("POST", "/auth/login", headers=headers, raw=b"{"), "/auth")
