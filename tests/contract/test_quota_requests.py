"""Requests for another share: filed, changed and withdrawn by users, reviewed by root users. Source: decisions, "Quota
requests"; ScaleBox account management, "Review Team Quota Requests".
"""

from typing import Any

import pytest

from tests.contract.quotas import (
    GIVEN,
    MOST,
    OWN,
    SHARE,
    TEAM,
    allocated,
    allocations,
    ask,
    asked,
    fields,
    give,
    refusal,
    request,
    requests,
    review,
    revoke,
    stored,
)
from tests.support.call import Answer, call
from tests.support.house import House, Member

UNKNOWN = "qrq-019d0000-0000-7000-8000-000000000000"


@pytest.fixture
def root(house: House) -> Member:
    """Of an account whose plan limits it in all six fields."""
    give(house, **GIVEN)
    return house.member()


@pytest.fixture
def ada(house: House, root: Member) -> Member:
    return house.colleague(root)


def change(user: Member, request_id: str, **body: Any) -> Answer:
    return call("PUT", f"{OWN}/{request_id}", key=user.api_key, body=body)


def withdraw(user: Member, request_id: str) -> Answer:
    return call("DELETE", f"{OWN}/{request_id}", key=user.api_key)


def test_a_request_is_shown_with_every_field_of_the_decisions(root: Member, ada: Member) -> None:
    filed = asked(ada, **SHARE)
    assert requests(root) == requests(ada, path=OWN) == [filed]
    assert filed.pop("request_id").startswith("qrq-")
    assert filed == {
        "account_id": root.subject,
        "user_id": ada.user_id,
        **SHARE,
        "reason": "CI needs more",
        "status": "pending",
        "review_notes": None,
        "reviewed_by_user_id": None,
        "created_at": "2026-04-20T12:34:56Z",
        "reviewed_at": None,
    }


def test_more_than_the_plan_gives_may_be_asked_for(ada: Member) -> None:
    assert fields(asked(ada, cpu_seconds_monthly=MOST)) == {"cpu_seconds_monthly": MOST}


def test_one_request_of_a_user_waits_at_most(house: House, root: Member, ada: Member) -> None:
    first = asked(ada, cpu_seconds_monthly=5)
    before = stored(house)
    assert refusal(ask(ada, cpu_seconds_monthly=6)) == (400, "request_pending")
    assert stored(house) == before
    asked(root, cpu_seconds_monthly=7)
    assert review(root, first["request_id"], "deny").status == 200
    second = asked(ada, cpu_seconds_monthly=6)
    assert withdraw(ada, second["request_id"]).status == 200
    asked(ada, cpu_seconds_monthly=7)


def test_a_request_asks_for_something(house: House, ada: Member) -> None:
    before = stored(house)
    for wish in ({}, {"cpu_seconds_monthly": None}):
        assert refusal(ask(ada, **wish)) == (400, "no_quota_field")
    assert stored(house) == before
    assert fields(asked(ada, concurrent_sandboxes=0)) == {"concurrent_sandboxes": 0}


@pytest.mark.parametrize("reason", [None, "", "  ", 5, "x" * 1001, "a\u0000b"], ids=ascii)
def test_a_request_has_a_reason(house: House, ada: Member, reason: object) -> None:
    filed = asked(ada, cpu_seconds_monthly=5)
    before = stored(house)
    for answer in (ask(ada, cpu_seconds_monthly=5, reason=reason), change(ada, filed["request_id"], reason=reason)):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("reason")
    missing = call("POST", OWN, key=ada.api_key, body={"cpu_seconds_monthly": 5})
    assert refusal(missing) == (400, "invalid_request")
    assert stored(house) == before


@pytest.mark.parametrize("value", [MOST + 1, -1, 1.5, "5", True])
def test_what_is_no_number_of_units_is_refused_by_its_field(ada: Member, value: object) -> None:
    answer = ask(ada, ram_gb_seconds=value)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("ram_gb_seconds: ")


def test_a_pending_request_is_changed_in_what_is_named(ada: Member) -> None:
    filed = asked(ada, cpu_seconds_monthly=5, ram_gb_seconds=6)
    id = filed["request_id"]
    after = request(change(ada, id, cpu_seconds_monthly=None, traffic_gb_seconds=7, reason="Bigger tests"))
    wanted = {"cpu_seconds_monthly": None, "traffic_gb_seconds": 7, "reason": "Bigger tests"}
    assert after == filed | wanted
    assert request(change(ada, id)) == after, "a change of nothing is none"
    assert refusal(change(ada, id, ram_gb_seconds=None, traffic_gb_seconds=None)) == (400, "no_quota_field")
    assert requests(ada, path=OWN) == [after]


def test_a_withdrawn_request_is_gone(root: Member, ada: Member) -> None:
    filed = asked(ada, cpu_seconds_monthly=5)
    answer = withdraw(ada, filed["request_id"])
    assert (answer.status, answer.json["message"]) == (200, "Quota request withdrawn")
    assert refusal(withdraw(ada, filed["request_id"])) == (404, "not_found")
    assert requests(root) == requests(ada, path=OWN) == []


def test_only_ones_own_request_is_changed_and_withdrawn_and_only_while_it_is_pending(
    house: House, root: Member, ada: Member
) -> None:
    filed = asked(ada, cpu_seconds_monthly=5)
    before = stored(house)
    for other in (root, house.colleague(root), house.member()):
        for answer in (change(other, filed["request_id"], reason="mine"), withdraw(other, filed["request_id"])):
            assert refusal(answer) == (404, "not_found")
            assert answer.json["message"] == "There is no such quota request"
    assert [item for item in stored(house) if item["sk"].startswith("REQUEST#")] == [
        item for item in before if item["sk"].startswith("REQUEST#")
    ]
    review(root, filed["request_id"], "deny")
    for answer in (change(ada, filed["request_id"], reason="please"), withdraw(ada, filed["request_id"])):
        assert refusal(answer) == (400, "request_decided")


def test_lists_are_newest_first_and_by_status(house: House, root: Member, ada: Member) -> None:
    ids = []
    for action in ("approve", "deny", None):
        ids.append(asked(ada, cpu_seconds_monthly=5)["request_id"])
        house.clock.advance(minutes=1)
        if action:
            review(root, ids[-1], action)
    grace = house.colleague(root)
    theirs = asked(grace, cpu_seconds_monthly=5)["request_id"]

    def listed(by: Member, path: str, status: str) -> list[str]:
        return [one["request_id"] for one in requests(by, f"?status={status}", path=path)]

    assert listed(root, TEAM, "") == [theirs, *ids[::-1]]
    assert listed(ada, OWN, "") == ids[::-1]
    assert [listed(root, TEAM, status) for status in ("approved", "denied", "pending")] == [
        [ids[0]],
        [ids[1]],
        [theirs, ids[2]],
    ]
    assert [listed(ada, OWN, status) for status in ("approved", "pending")] == [[ids[0]], [ids[2]]]
    answer = call("GET", f"{TEAM}?page=2&page_size=3", key=root.api_key)
    assert answer.json["data"]["pagination"] == {"page": 2, "limit": 3, "total": 4, "total_pages": 2, "offset": 3}
    assert [one["request_id"] for one in answer.json["data"]["requests"]] == [ids[0]]


@pytest.mark.parametrize("path", [TEAM, OWN])
@pytest.mark.parametrize("status", ["Pending", "revoked", "all", "1", "%00"])
def test_a_status_that_is_none_is_refused(root: Member, path: str, status: str) -> None:
    answer = call("GET", f"{path}?status={status}", key=root.api_key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"] == "status must be one of pending, approved, denied"


def test_approving_makes_the_allocation_where_there_is_none(house: House, root: Member, ada: Member) -> None:
    filed = asked(ada, cpu_seconds_monthly=5, concurrent_sandboxes=0)
    house.clock.advance(hours=1)
    decided = request(review(root, filed["request_id"], review_notes="Approved for CI expansion"))
    assert decided == filed | {
        "status": "approved",
        "review_notes": "Approved for CI expansion",
        "reviewed_by_user_id": root.user_id,
        "reviewed_at": "2026-04-20T13:34:56Z",
    }
    (made,) = allocations(root)
    assert (made["user_id"], made["allocated_by_user_id"]) == (ada.user_id, root.user_id)
    assert fields(made) == {"cpu_seconds_monthly": 5, "concurrent_sandboxes": 0}


def test_approving_replaces_the_requested_fields_of_the_allocation_alone(
    house: House, root: Member, ada: Member
) -> None:
    before = allocated(root, ada, cpu_seconds_monthly=900, ram_gb_seconds=6)
    house.clock.advance(hours=1)
    filed = asked(ada, cpu_seconds_monthly=1000, traffic_gb_seconds=7)
    review(root, filed["request_id"])
    changed = {"cpu_seconds_monthly": 1000, "traffic_gb_seconds": 7, "updated_at": "2026-04-20T13:34:56Z"}
    assert allocations(root) == [before | changed]


def test_approving_after_the_allocation_was_revoked_makes_another(root: Member, ada: Member) -> None:
    filed = asked(ada, cpu_seconds_monthly=5)
    old = allocated(root, ada, ram_gb_seconds=6)
    revoke(root, old["allocation_id"])
    review(root, filed["request_id"])
    (made,) = allocations(root)
    assert made["allocation_id"] != old["allocation_id"]
    assert fields(made) == {"cpu_seconds_monthly": 5}


def test_denying_only_decides(root: Member, ada: Member) -> None:
    made = allocated(root, ada, cpu_seconds_monthly=5)
    filed = asked(ada, cpu_seconds_monthly=6)
    decided = request(review(root, filed["request_id"], "deny"))
    assert (decided["status"], decided["review_notes"]) == ("denied", None)
    assert (decided["reviewed_by_user_id"], allocations(root)) == (root.user_id, [made])


def test_a_request_is_decided_once(house: House, root: Member, ada: Member) -> None:
    for first, told in (("approve", "approved"), ("deny", "denied")):
        id = asked(ada, cpu_seconds_monthly=5)["request_id"]
        review(root, id, first)
        before = stored(house)
        for second in ("approve", "deny"):
            answer = review(root, id, second)
            assert refusal(answer) == (400, "request_decided")
            assert told in answer.json["message"]
        assert stored(house) == before


def test_an_approval_that_no_longer_fits_the_plan_changes_nothing(house: House, root: Member, ada: Member) -> None:
    filed = asked(ada, cpu_seconds_monthly=600, concurrent_sandboxes=1)
    other = allocated(root, root, cpu_seconds_monthly=401)
    before = stored(house)
    answer = review(root, filed["request_id"])
    assert refusal(answer) == (400, "quota_exceeds_plan")
    assert all(word in answer.json["message"] for word in ("cpu_seconds_monthly", "1001", "1000"))
    assert stored(house) == before
    revoke(root, other["allocation_id"])
    assert review(root, filed["request_id"]).status == 200


@pytest.mark.parametrize("action", [None, "", "Approve", "approved", "withdraw", True, ["approve"]], ids=repr)
def test_a_review_approves_or_denies(house: House, root: Member, ada: Member, action: object) -> None:
    id = asked(ada, cpu_seconds_monthly=5)["request_id"]
    before = stored(house)
    answer = review(root, id, action)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("action: ")
    assert stored(house) == before


@pytest.mark.parametrize("notes", ["", " ", 5, "x" * 1001, "a\u0007b"], ids=ascii)
def test_notes_are_text_that_says_something(root: Member, ada: Member, notes: object) -> None:
    answer = review(root, asked(ada, cpu_seconds_monthly=5)["request_id"], review_notes=notes)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("review_notes")


def test_an_unknown_request_a_foreign_one_and_a_malformed_id(house: House, root: Member, ada: Member) -> None:
    id = asked(ada, cpu_seconds_monthly=5)["request_id"]
    for by, unknown in ((root, UNKNOWN), (house.member(), id)):
        assert refusal(review(by, unknown)) == (404, "not_found")
    assert refusal(change(ada, UNKNOWN)) == refusal(withdraw(ada, UNKNOWN)) == (404, "not_found")
    for malformed in ("unknown", "qal-1", "qrq-", "qrq-a_b", f"qrq-{'a' * 65}"):
        for answer in (review(root, malformed), change(ada, malformed), withdraw(ada, malformed)):
            assert refusal(answer) == (400, "invalid_request")
            assert answer.json["message"].startswith("request_id ")
