"""What the platform sends: events and sessions. Source: decisions, "What the documents presume"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.contract.quotas import refusal
from tests.support.app import App, Member
from tests.support.call import Answer, call

SIZE = {"cpu_cores": 1, "memory_gb": 0.5, "storage_gb": 5, "timeout_seconds": 3600}


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key()


def start(key: str, member: Member, **changes: Any) -> Answer:
    body = {"account_id": member.subject, "user_id": member.user_id, **SIZE, **changes}
    return call("POST", "/v1/platform/sessions", key=key, body=body)


def test_events_are_answered_one_by_one_and_summed_up(app: App, key: str, member: Member) -> None:
    good, late = app.event(member), app.event(member, time="2020-01-01T00:00:00Z")
    other = {**good, "data": {**good["data"], "quantity": 7}}
    answer = call("POST", "/v1/platform/events", key=key, body=[good, late, good, other])
    data = expect(answer, 200, "platform_events")["data"]
    assert {name: data[name] for name in ("accepted", "duplicates", "conflicts", "rejected")} == {
        "accepted": 1,
        "duplicates": 1,
        "conflicts": 1,
        "rejected": 1,
    }
    assert data["results"] == [
        {"id": good["id"], "status": "accepted"},
        {"id": late["id"], "status": "rejected", "reason": "too_old"},
        {"id": good["id"], "status": "duplicate"},
        {"id": good["id"], "status": "conflict"},
    ]


def test_a_session_starts_and_the_same_id_answers_as_before(app: App, key: str, member: Member) -> None:
    first = expect(start(key, member, session_id="run_1-A"), 201, "platform_session")["data"]
    assert first == {
        "session_id": "run_1-A",
        "started_at": "2026-04-20T12:34:56Z",
        "expires_at": "2026-04-20T13:34:56Z",
        "status": "running",
    }
    app.clock.advance(minutes=5)
    assert expect(start(key, member, session_id="run_1-A"), 201, "platform_session")["data"] == first
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["active_sessions"] == 1
    call("POST", "/v1/platform/sessions/run_1-A/end", key=key)
    again = expect(start(key, member, session_id="run_1-A"), 201, "platform_session")["data"]
    assert again == first | {"status": "ended"}, "a repeated start must answer that the session has ended"


def test_sessions_without_an_id_get_one_of_their_own(app: App, key: str, member: Member) -> None:
    ids = {expect(start(key, member), 201, "platform_session")["data"]["session_id"] for _ in range(3)}
    assert len(ids) == 3
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["active_sessions"] == 3


def test_ending_a_session_again_gives_the_same_answer(app: App, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    app.clock.advance(minutes=5)
    first = expect(call("POST", "/v1/platform/sessions/run-1/end", key=key), 200, "platform_session_ended")["data"]
    assert (first["status"], first["ended_at"]) == ("ended", "2026-04-20T12:39:56Z")
    app.clock.advance(minutes=5)
    again = expect(call("POST", "/v1/platform/sessions/run-1/end", key=key), 200, "platform_session_ended")["data"]
    assert again == first
    data = call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    assert (data["active_sessions"], data["completed_sessions"]) == (0, 1)


def test_a_session_id_belongs_to_one_session_of_one_user(app: App, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    assert refusal(start(key, app.member(), session_id="run-1")) == (409, "session_exists")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"account_id": "acc-unknown"}, 404),
        ({"user_id": "usr-unknown"}, 404),
        ({"account_id": "unknown"}, 400),
        ({"user_id": "acc-1"}, 400),
        ({"session_id": ""}, 400),
        ({"session_id": "a b"}, 400),
        ({"session_id": "a" * 65}, 400),
        ({"session_id": 1}, 400),
        ({"cpu_cores": 0}, 400),
        ({"cpu_cores": -1}, 400),
        ({"cpu_cores": "1"}, 400),
        ({"cpu_cores": True}, 400),
        ({"cpu_cores": 1e300}, 400),
        ({"memory_gb": 0.0001}, 400),
        ({"storage_gb": None}, 400),
        ({"timeout_seconds": 0}, 400),
        ({"timeout_seconds": 1.5}, 400),
        ({"timeout_seconds": 10**30}, 400),
    ],
)
def test_a_session_that_cannot_start_names_what_is_wrong(
    app: App, key: str, member: Member, changes: dict[str, Any], status: int
) -> None:
    before = app.stored("core")
    answer = start(key, member, **changes)
    code = "not_found" if status == 404 else "invalid_request"
    assert refusal(answer) == (status, code)
    (field,) = changes
    assert field.removesuffix("_id") in answer.json["message"]
    assert app.stored("core") == before


@pytest.mark.parametrize("id", ["unknown", "a" * 64])
def test_an_unknown_session_cannot_be_ended(app: App, key: str, id: str) -> None:
    assert refusal(call("POST", f"/v1/platform/sessions/{id}/end", key=key)) == (404, "not_found")


@pytest.mark.parametrize("id", ["a" * 65, "a%20b", "%C3%A9", "a.b"])
def test_a_malformed_session_id_is_400(app: App, key: str, id: str) -> None:
    answer = call("POST", f"/v1/platform/sessions/{id}/end", key=key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("session_id ")


def test_no_session_starts_for_suspended_or_deleted_users(app: App, key: str) -> None:
    members = [app.member() for _ in range(5)]
    app.change_account(members[0], status="suspended")
    app.change_account(members[1], status="deleted")
    app.change_user(members[2], status="suspended")
    app.change_user(members[3], status="disabled")
    app.change_user(members[4], status="deleted")
    assert [refusal(start(key, member)) for member in members] == [
        (403, "account_suspended"),
        (404, "not_found"),
        (403, "user_suspended"),
        (403, "user_disabled"),
        (404, "not_found"),
    ]


def test_a_session_of_a_suspended_account_can_be_ended(app: App, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    app.change_account(member, status="suspended")
    assert call("POST", "/v1/platform/sessions/run-1/end", key=key).json["data"]["status"] == "ended"


def test_a_made_up_key_costs_one_read_and_its_body_is_not_parsed(app: App, key: str, member: Member) -> None:
    made_up = key[:-6] + "AAAAAA"
    events = [{**app.event(member), "subject": f"acc-{number}"} for number in range(1000)]
    for body in ({"body": events}, {"raw": b"{"}, {"raw": b" " * 2_000_000}):
        app.meter.clear()
        answer = call("POST", "/v1/platform/events", key=made_up, **body)
        assert (answer.status, app.meter.calls, app.meter.read_units) == (401, 1, 1)
