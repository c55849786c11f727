"""Quota requests: filed, changed and withdrawn by users. Source: decisions, "Quota requests"."""

import pytest

from tests.contract.quotas import (
    HALF_QUOTA,
    MAX_UNITS,
    OWN_REQUESTS,
    TEAM_REQUESTS,
    change_request,
    expect_request,
    fields,
    file,
    file_request,
    refusal,
    requests,
    review,
    stored,
    withdraw,
)
from tests.support.app import App, Member
from tests.support.call import call

UNKNOWN = "qrq-019d0000-0000-7000-8000-000000000000"


def test_a_request_has_every_field_of_the_document(root: Member, ada: Member) -> None:
    filed = file_request(ada, **HALF_QUOTA)
    assert requests(root) == requests(ada, path=OWN_REQUESTS) == [filed]
    assert filed.pop("request_id").startswith("qrq-")
    assert filed == {
        "account_id": root.subject,
        "user_id": ada.user_id,
        **HALF_QUOTA,
        "reason": "CI needs more",
        "status": "pending",
        "review_notes": None,
        "reviewed_by_user_id": None,
        "created_at": "2026-04-20T12:34:56Z",
        "reviewed_at": None,
    }


def test_a_request_may_exceed_the_plan(ada: Member) -> None:
    assert fields(file_request(ada, cpu_seconds_monthly=MAX_UNITS)) == {"cpu_seconds_monthly": MAX_UNITS}


def test_a_user_has_at_most_one_pending_request(app: App, root: Member, ada: Member) -> None:
    first = file_request(ada, cpu_seconds_monthly=5)
    before = stored(app)
    assert refusal(file(ada, cpu_seconds_monthly=6)) == (400, "request_pending")
    assert stored(app) == before
    file_request(root, cpu_seconds_monthly=7)
    assert review(root, first["request_id"], "deny").status == 200
    second = file_request(ada, cpu_seconds_monthly=6)
    assert withdraw(ada, second["request_id"]).status == 200
    file_request(ada, cpu_seconds_monthly=7)


def test_a_request_needs_a_quota_field(app: App, ada: Member) -> None:
    before = stored(app)
    for quota in ({}, {"cpu_seconds_monthly": None}):
        assert refusal(file(ada, **quota)) == (400, "no_quota_field")
    assert stored(app) == before
    assert fields(file_request(ada, concurrent_sandboxes=0)) == {"concurrent_sandboxes": 0}


@pytest.mark.parametrize("reason", [None, "", "  ", 5, "x" * 1001, "a\u0000b"], ids=ascii)
def test_a_request_needs_a_reason(app: App, ada: Member, reason: object) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5)
    before = stored(app)
    for answer in (
        file(ada, cpu_seconds_monthly=5, reason=reason),
        change_request(ada, filed["request_id"], reason=reason),
    ):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("reason")
    missing = call("POST", OWN_REQUESTS, key=ada.api_key, body={"cpu_seconds_monthly": 5})
    assert refusal(missing) == (400, "invalid_request")
    assert stored(app) == before


@pytest.mark.parametrize("value", [MAX_UNITS + 1, -1, 1.5, "5", True])
def test_a_wrong_quota_is_refused_naming_its_field(ada: Member, value: object) -> None:
    answer = file(ada, ram_gb_seconds=value)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("ram_gb_seconds: ")


def test_a_pending_requests_sent_fields_change(ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5, ram_gb_seconds=6)
    id = filed["request_id"]
    after = expect_request(
        change_request(ada, id, cpu_seconds_monthly=None, traffic_gb_seconds=7, reason="Bigger tests")
    )
    expected = {"cpu_seconds_monthly": None, "traffic_gb_seconds": 7, "reason": "Bigger tests"}
    assert after == filed | expected
    assert expect_request(change_request(ada, id)) == after, "an empty change must change nothing"
    assert refusal(change_request(ada, id, ram_gb_seconds=None, traffic_gb_seconds=None)) == (400, "no_quota_field")
    assert requests(ada, path=OWN_REQUESTS) == [after]


def test_a_withdrawn_request_is_gone(root: Member, ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5)
    answer = withdraw(ada, filed["request_id"])
    assert (answer.status, answer.json["message"]) == (200, "Quota request withdrawn")
    assert refusal(withdraw(ada, filed["request_id"])) == (404, "not_found")
    assert requests(root) == requests(ada, path=OWN_REQUESTS) == []


def test_only_ones_own_pending_request_can_be_changed_or_withdrawn(app: App, root: Member, ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5)
    before = stored(app)
    for other in (root, app.colleague(root), app.member()):
        for answer in (change_request(other, filed["request_id"], reason="mine"), withdraw(other, filed["request_id"])):
            assert refusal(answer) == (404, "not_found")
            assert answer.json["message"] == "There is no such quota request"
    assert [item for item in stored(app) if item["sk"].startswith("REQUEST#")] == [
        item for item in before if item["sk"].startswith("REQUEST#")
    ]
    review(root, filed["request_id"], "deny")
    for answer in (change_request(ada, filed["request_id"], reason="please"), withdraw(ada, filed["request_id"])):
        assert refusal(answer) == (400, "request_decided")


def test_lists_are_newest_first_and_by_status(app: App, root: Member, ada: Member) -> None:
    ids = []
    for action in ("approve", "deny", None):
        ids.append(file_request(ada, cpu_seconds_monthly=5)["request_id"])
        app.clock.advance(minutes=1)
        if action:
            review(root, ids[-1], action)
    grace = app.colleague(root)
    theirs = file_request(grace, cpu_seconds_monthly=5)["request_id"]

    def listed(by: Member, path: str, status: str) -> list[str]:
        return [one["request_id"] for one in requests(by, f"?status={status}", path=path)]

    assert listed(root, TEAM_REQUESTS, "") == [theirs, *ids[::-1]]
    assert listed(ada, OWN_REQUESTS, "") == ids[::-1]
    assert [listed(root, TEAM_REQUESTS, status) for status in ("approved", "denied", "pending")] == [
        [ids[0]],
        [ids[1]],
        [theirs, ids[2]],
    ]
    assert [listed(ada, OWN_REQUESTS, status) for status in ("approved", "pending")] == [[ids[0]], [ids[2]]]
    answer = call("GET", f"{TEAM_REQUESTS}?page=2&page_size=3", key=root.api_key)
    assert answer.json["data"]["pagination"] == {"page": 2, "limit": 3, "total": 4, "total_pages": 2, "offset": 3}
    assert [one["request_id"] for one in answer.json["data"]["requests"]] == [ids[0]]


@pytest.mark.parametrize("path", [TEAM_REQUESTS, OWN_REQUESTS])
@pytest.mark.parametrize("status", ["Pending", "revoked", "all", "1", "%00"])
def test_an_unknown_status_is_refused(root: Member, path: str, status: str) -> None:
    answer = call("GET", f"{path}?status={status}", key=root.api_key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"] == "status must be one of pending, approved, denied"
