"""What cannot be read or does not fit is refused in the path's dialect, by name, and leaves nothing behind."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.stage import CHANGING_ROUTES, GOOD, Stage, name_of
from tests.support.call import Answer, call
from tests.support.routes import Route

FORMS = [route for route in CHANGING_ROUTES if route.method == "POST" and not route.path.endswith(("/end", "/logout"))]
UNREADABLE = {
    "empty": b"",
    "no JSON": b"{",
    "a number": b"7",
    "null": b"null",
    "text": b'"text"',
    "no UTF-8": b'{"a": "\xff"}',
    "half a surrogate pair": b'{"email": "\\ud800@example.com", "password": "12345678", "name": "\\udfff"}',
    "NaN": b'{"amount": NaN}',
    "infinity": b'[{"quantity": Infinity}]',
    "deep": b"[" * 100_000,
    "a very long number": b'{"amount": ' + b"9" * 5000 + b"}",
}
WRONG = [None, True, 0, -1, 1.5, "", "x" * 5000, "\x00", [], {}, [[]], 10**30, "2026-13-45T00:00:00Z", "acc-", "'; --"]
INTERNAL = ("Traceback", "botocore", "boto3", "pydantic", "dynamodb", "DynamoDB", "/layers/", ".py", "ValidationError")


def explain(route: Route, answer: Answer) -> str:
    """The refusal's text, having checked that it is one: a 4xx in its dialect that shows nothing internal."""
    assert 400 <= answer.status < 500, answer.text
    assert not [word for word in INTERNAL if word in answer.text]
    body = answer.json
    if route.path.startswith("/auth"):
        assert body["error"].keys() >= {"code", "message", "docs_url"}
        return str(body["error"]["message"])
    assert body.keys() == {"success", "error", "message", "code", "timestamp"}
    return str(body["message"])


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("route", FORMS, ids=name_of)
def test_a_body_that_cannot_be_read_changes_nothing(stage: Stage, route: Route, raw: bytes) -> None:
    before = stage.stored()
    explain(route, stage.request(route, key=stage.credential(route), raw=raw))
    assert stage.stored() == before


@pytest.mark.parametrize("route", [route for route in FORMS if not route.path.endswith("/events")], ids=name_of)
def test_each_field_that_does_not_fit_is_named(stage: Stage, route: Route) -> None:
    good = GOOD[route].body(stage)
    before = [item for item in stage.stored() if not item["pk"].startswith("ATTEMPTS#")]
    for field in good:
        refused = 0
        for wrong in WRONG:
            answer = stage.request(route, key=stage.credential(route), body={**good, field: wrong})
            assert answer.status < 500, answer.text
            if answer.status in (400, 413):
                assert field in explain(route, answer), (field, wrong, answer.text)
                refused += 1
        assert refused >= 5, f"{field} takes nearly anything"
    after = [item for item in stage.stored() if not item["pk"].startswith("ATTEMPTS#")]
    kept = [item["pk"] + item["sk"] for item in before]
    assert [item["pk"] + item["sk"] for item in after if item["pk"] + item["sk"] in kept] == kept


@pytest.mark.parametrize("field", ["specversion", "id", "source", "type", "time", "subject", "data"])
@pytest.mark.parametrize("wrong", [None, 7, "", [], "x" * 300], ids=["null", "number", "empty", "list", "long"])
def test_an_event_that_does_not_fit_is_rejected_by_name_and_the_next_one_counts(
    stage: Stage, field: str, wrong: Any
) -> None:
    bad, fine = stage.house.event(stage.member), stage.house.event(stage.member)
    answer = call("POST", "/v1/platform/events", key=stage.platform_key, body=[{**bad, field: wrong}, fine])
    results = answer.json["data"]["results"]
    assert [result["status"] for result in results] == ["rejected", "accepted"]
    assert field in results[0]["reason"]


@pytest.mark.parametrize("route", FORMS, ids=name_of)
def test_a_body_over_one_mebibyte_is_too_large(stage: Stage, route: Route) -> None:
    body = json.dumps({"filler": "x" * (1024 * 1024)}).encode()
    answer = stage.request(route, key=stage.credential(route), raw=body)
    assert answer.status == 413
    explain(route, answer)


@pytest.mark.parametrize("route", GOOD, ids=name_of)
def test_another_method_or_a_longer_path_is_told_in_the_dialect(stage: Stage, route: Route) -> None:
    assert call("TRACE", stage.url(route)).status == 405
    explain(route, call("TRACE", stage.url(route)))
    missing = call(route.method, f"{stage.url(route)}/nothing/here", key=stage.credential(route))
    assert missing.status == 404
    explain(route, missing)


@pytest.mark.parametrize(
    ("query", "named"), [("page=0", "page"), ("page=x", "page"), ("limit=101", "limit"), ("page_size=-1", "limit")]
)
def test_paging_that_does_not_fit_is_named(stage: Stage, query: str, named: str) -> None:
    answer = call("GET", f"/v1/user-management/api-keys?{query}", key=stage.member.api_key)
    assert answer.status == 400
    assert named in answer.json["message"]


def test_an_empty_query_and_unknown_fields_are_ignored(stage: Stage) -> None:
    assert call("GET", "/v1/user-management/api-keys?", key=stage.member.api_key).status == 200
    assert (
        call("GET", "/v1/user-management/api-keys?limit=1&page_size=5", key=stage.member.api_key).json["data"][
            "pagination"
        ]["limit"]
        == 1
    )
    body = {"name": "ci", "surprise": [1, 2, 3]}
    assert call("POST", "/v1/user-management/api-keys", key=stage.member.api_key, body=body).status == 201


def test_a_defect_of_ours_tells_the_caller_nothing_and_the_log_everything_but_secrets(
    stage: Stage, logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing import current

    def fail(*_: Any) -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr(current, "read_current_bill", fail)
    answer = call("GET", "/v1/billing/current", key=stage.member.api_key)
    assert answer.status == 500
    assert (answer.json["code"], answer.json["message"]) == ("internal_error", "Something went wrong on our side")
    assert "the cause" in logged()
    assert stage.member.api_key not in logged()


def test_no_secret_of_a_whole_walk_is_logged_or_stored(stage: Stage, logged: Callable[[], str]) -> None:
    secrets = [stage.member.api_key, stage.member.session, stage.platform_key, "my secret password"]
    account = {"email": "walk@example.com", "password": "my secret password"}
    secrets.append(call("POST", "/auth/register", body=account).json["session_token"])
    secrets.append(call("POST", "/auth/login", body=account).json["session_token"])
    made = call("POST", "/v1/user-management/api-keys", key=secrets[-1], body={"name": "one"})
    secrets.append(made.json["data"]["api_key"])
    for route in GOOD:
        stage.request(route, key=stage.credential(route))
        stage.request(route, key=(stage.credential(route) or "")[:-1])
        stage.request(route, key=stage.credential(route), raw=b"{")
    everything = logged() + repr(stage.stored())
    assert [secret for secret in secrets if secret in everything] == []
