"""What the platform sends: events, sessions, credits. Source: decisions, "What the documents presume"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.call import Answer, call
from tests.support.house import House, Member

SIZE = {"cpu_cores": 1, "memory_gb": 0.5, "storage_gb": 5, "timeout_seconds": 3600}


@pytest.fixture
def member(house: House) -> Member:
    return house.member()


@pytest.fixture
def key(house: House) -> str:
    return house.platform_key()


def start(key: str, member: Member, **changes: Any) -> Answer:
    body = {"account_id": member.subject, "user_id": member.user_id, **SIZE, **changes}
    return call("POST", "/v1/platform/sessions", key=key, body=body)


def move(key: str, member: Member, **changes: Any) -> Answer:
    body = {"account_id": member.subject, "amount": 5_000_000, "kind": "grant", "reference": "ticket 7", **changes}
    return call("POST", "/v1/platform/credits", key=key, body=body)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def entries(house: House) -> list[dict[str, Any]]:
    return [item for item in house.stored("core") if item["sk"].startswith("ENTRY#") and item["kind"] != "welcome"]


def test_events_are_answered_one_by_one_and_summed_up(house: House, key: str, member: Member) -> None:
    good, late = house.event(member), house.event(member, time="2020-01-01T00:00:00Z")
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


def test_a_session_starts_and_the_same_id_answers_as_before(house: House, key: str, member: Member) -> None:
    first = expect(start(key, member, session_id="run_1-A"), 201, "platform_session")["data"]
    assert first == {
        "session_id": "run_1-A",
        "started_at": "2026-04-20T12:34:56Z",
        "expires_at": "2026-04-20T13:34:56Z",
    }
    house.clock.advance(minutes=5)
    assert expect(start(key, member, session_id="run_1-A"), 201, "platform_session")["data"] == first
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["active_sessions"] == 1


def test_sessions_without_an_id_get_one_of_their_own(house: House, key: str, member: Member) -> None:
    ids = {expect(start(key, member), 201, "platform_session")["data"]["session_id"] for _ in range(3)}
    assert len(ids) == 3
    assert call("GET", "/v1/billing/current", key=member.api_key).json["data"]["active_sessions"] == 3


def test_a_session_ends_once_and_says_so_again(house: House, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    house.clock.advance(minutes=5)
    first = expect(call("POST", "/v1/platform/sessions/run-1/end", key=key), 200, "platform_session_ended")["data"]
    assert (first["status"], first["ended_at"]) == ("ended", "2026-04-20T12:39:56Z")
    house.clock.advance(minutes=5)
    again = expect(call("POST", "/v1/platform/sessions/run-1/end", key=key), 200, "platform_session_ended")["data"]
    assert again == first
    data = call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    assert (data["active_sessions"], data["completed_sessions"]) == (0, 1)


def test_a_session_id_stands_for_one_session_of_one_user(house: House, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    assert refusal(start(key, house.member(), session_id="run-1")) == (409, "session_exists")


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
    house: House, key: str, member: Member, changes: dict[str, Any], status: int
) -> None:
    before = house.stored("core")
    answer = start(key, member, **changes)
    code = "not_found" if status == 404 else "invalid_request"
    assert refusal(answer) == (status, code)
    (field,) = changes
    assert field.removesuffix("_id") in answer.json["message"]
    assert house.stored("core") == before


@pytest.mark.parametrize("id", ["unknown", "a" * 64])
def test_an_unknown_session_cannot_be_ended(house: House, key: str, id: str) -> None:
    assert refusal(call("POST", f"/v1/platform/sessions/{id}/end", key=key)) == (404, "not_found")


@pytest.mark.parametrize("id", ["a" * 65, "a%20b", "%C3%A9", "a.b"])
def test_what_cannot_be_a_session_id_is_malformed(house: House, key: str, id: str) -> None:
    answer = call("POST", f"/v1/platform/sessions/{id}/end", key=key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("session_id ")


def test_no_session_starts_for_the_suspended_or_the_deleted(house: House, key: str) -> None:
    members = [house.member() for _ in range(5)]
    house.change_account(members[0], status="suspended")
    house.change_account(members[1], status="deleted")
    house.change_user(members[2], status="suspended")
    house.change_user(members[3], status="disabled")
    house.change_user(members[4], status="deleted")
    assert [refusal(start(key, member)) for member in members] == [
        (403, "account_suspended"),
        (404, "not_found"),
        (403, "user_suspended"),
        (403, "user_disabled"),
        (404, "not_found"),
    ]


def test_a_session_of_a_suspended_account_can_be_ended(house: House, key: str, member: Member) -> None:
    start(key, member, session_id="run-1")
    house.change_account(member, status="suspended")
    assert call("POST", "/v1/platform/sessions/run-1/end", key=key).json["data"]["status"] == "ended"


def test_credits_are_given_once_for_each_reference(house: House, key: str, member: Member) -> None:
    first = expect(move(key, member, note="an apology"), 201, "platform_credits")["data"]
    assert (first["amount"], first["kind"], first["balance"], first["note"]) == (
        5_000_000,
        "grant",
        6_000_000,
        "an apology",
    )
    assert expect(move(key, member, note="an apology"), 201, "platform_credits")["data"] == first
    expect(move(key, member, reference="ticket 8"), 201, "platform_credits")
    assert [entry["cause"] for entry in entries(house)] == ["ticket 7", "ticket 8"]
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == 11_000_000


def test_an_adjustment_may_take_the_balance_below_zero(house: House, key: str, member: Member) -> None:
    data = expect(move(key, member, kind="adjustment", amount=-3_000_000), 201, "platform_credits")["data"]
    assert data["balance"] == -2_000_000


@pytest.mark.parametrize("changes", [{"amount": 1}, {"kind": "adjustment"}])
def test_a_reference_stands_for_one_move(house: House, key: str, member: Member, changes: dict[str, Any]) -> None:
    move(key, member)
    assert refusal(move(key, member, **changes)) == (409, "reference_reused")
    assert len(entries(house)) == 1


def test_two_accounts_may_share_a_reference(house: House, key: str, member: Member) -> None:
    assert [move(key, one).status for one in (member, house.member())] == [201, 201]
    assert len(entries(house)) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.0}, "amount"),
        ({"amount": "5"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": 10**15 + 1}, "amount"),
        ({"amount": -(10**15) - 1, "kind": "adjustment"}, "amount"),
        ({"kind": "purchase"}, "kind"),
        ({"kind": None}, "kind"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 257}, "reference"),
        ({"note": "x" * 1001}, "note"),
        ({"account_id": "acc-"}, "account_id"),
        ({"account_id": 1}, "account_id"),
    ],
)
def test_a_move_that_cannot_be_made_names_the_field(
    house: House, key: str, member: Member, changes: dict[str, Any], field: str
) -> None:
    before = house.stored("core")
    answer = move(key, member, **changes)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith(field)
    assert house.stored("core") == before


def test_credits_go_to_a_suspended_account_and_to_no_deleted_or_unknown_one(
    house: House, key: str, member: Member
) -> None:
    house.change_account(member, status="suspended")
    assert move(key, member).status == 201
    house.change_account(member, status="deleted")
    assert refusal(move(key, member, reference="another")) == (404, "not_found")
    assert refusal(move(key, member, account_id="acc-unknown")) == (404, "not_found")


def test_a_repeated_move_answers_as_before_even_after_the_account_is_deleted(
    house: House, key: str, member: Member
) -> None:
    first = move(key, member).json["data"]
    house.change_account(member, status="deleted")
    assert move(key, member).json["data"] == first
