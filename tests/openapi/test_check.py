"""The check of every answer finds what the document does not say."""

import json
from typing import Any

import pytest

from tests.support.app import App
from tests.support.call import call
from tests.support.reference import Exchange, check_exchange

GONE = object()
KEYS = "/v1/user-management/api-keys"


def exchange(app: App, method: str = "POST", path: str = KEYS, **how: Any) -> Exchange:
    """A request with its right answer."""
    body = how.pop("body", {"name": "ci"})
    answer = call(method, path, key=app.member().api_key, body=body, **how)
    return Exchange(method, path, json.dumps(body), answer.status, answer.headers, answer.text)


def changed(right: Exchange, **fields: Any) -> Exchange:
    """The same with other fields in the answer's data; GONE takes one away."""
    body = json.loads(right.text)
    body["data"] = {name: value for name, value in (body["data"] | fields).items() if value is not GONE}
    return right._replace(text=json.dumps(body))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"secret": "x"}, "Additional properties"),
        ({"name": GONE}, "'name' is a required property"),
        ({"name": 5}, "is not of type 'string'"),
        ({"api_key_id": "usr-1"}, "does not match"),
        ({"created_at": "2026-04-20T12:34:56.000Z"}, "does not match"),
    ],
)
def test_a_field_that_differs_is_found(app: App, fields: dict[str, Any], problem: str) -> None:
    right = exchange(app)
    check_exchange(right)
    with pytest.raises(AssertionError, match=problem):
        check_exchange(changed(right, **fields))


def test_a_status_a_code_a_type_and_a_header_that_differ_are_found(app: App) -> None:
    right = exchange(app)
    with pytest.raises(AssertionError, match="no such status"):
        check_exchange(right._replace(status=202))
    with pytest.raises(AssertionError, match="its type is text/plain"):
        check_exchange(right._replace(headers={"content-type": "text/plain"}))
    refused = exchange(app, body={"name": ""})
    check_exchange(refused)
    with pytest.raises(AssertionError, match="the code bad_name is not documented"):
        check_exchange(refused._replace(text=refused.text.replace("invalid_name", "bad_name")))
    with pytest.raises(AssertionError, match="Retry-After are missing"):
        check_exchange(refused._replace(status=429))


def test_a_path_that_is_not_documented_may_only_refuse(app: App) -> None:
    right = exchange(app, "GET", path="/v1/nothing")
    check_exchange(right)
    with pytest.raises(AssertionError, match="no such route"):
        check_exchange(right._replace(status=200))
    with pytest.raises(AssertionError):
        check_exchange(right._replace(path="/auth/nothing"))  # in another dialect


def test_an_accepted_request_must_be_valid(app: App) -> None:
    right = exchange(app)
    with pytest.raises(AssertionError, match="the request that it accepted is not valid"):
        check_exchange(right._replace(sent=json.dumps({"name": "x" * 101})))
