"""Quota requests, reviewed by root users.

Source: ScaleBox account management, "Review Team Quota Requests"; money, "Quotas".
"""

import pytest

from tests.contract.quotas import (
    allocations,
    change_request,
    create_allocation,
    expect_request,
    fields,
    file_request,
    refusal,
    review,
    revoke,
    stored,
    withdraw,
)
from tests.support.app import App, Member

UNKNOWN = "qrq-019d0000-0000-7000-8000-000000000000"


def test_approving_creates_a_missing_allocation(app: App, root: Member, ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5, concurrent_sandboxes=0)
    app.clock.advance(hours=1)
    decided = expect_request(review(root, filed["request_id"], review_notes="Approved for CI expansion"))
    assert decided == filed | {
        "status": "approved",
        "review_notes": "Approved for CI expansion",
        "reviewed_by_user_id": root.user_id,
        "reviewed_at": "2026-04-20T13:34:56Z",
    }
    (created,) = allocations(root)
    assert (created["user_id"], created["allocated_by_user_id"]) == (ada.user_id, root.user_id)
    assert fields(created) == {"cpu_seconds_monthly": 5, "concurrent_sandboxes": 0}


def test_approving_replaces_only_the_requested_fields(app: App, root: Member, ada: Member) -> None:
    before = create_allocation(root, ada, cpu_seconds_monthly=900, ram_gb_seconds=6)
    app.clock.advance(hours=1)
    filed = file_request(ada, cpu_seconds_monthly=1000, traffic_gb_seconds=7)
    review(root, filed["request_id"])
    changed = {"cpu_seconds_monthly": 1000, "traffic_gb_seconds": 7, "updated_at": "2026-04-20T13:34:56Z"}
    assert allocations(root) == [before | changed]


def test_approving_after_a_revocation_creates_a_new_allocation(root: Member, ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=5)
    old = create_allocation(root, ada, ram_gb_seconds=6)
    revoke(root, old["allocation_id"])
    review(root, filed["request_id"])
    (created,) = allocations(root)
    assert created["allocation_id"] != old["allocation_id"]
    assert fields(created) == {"cpu_seconds_monthly": 5}


def test_denying_leaves_the_allocation_unchanged(root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, cpu_seconds_monthly=5)
    filed = file_request(ada, cpu_seconds_monthly=6)
    decided = expect_request(review(root, filed["request_id"], "deny"))
    assert (decided["status"], decided["review_notes"]) == ("denied", None)
    assert (decided["reviewed_by_user_id"], allocations(root)) == (root.user_id, [created])


def test_a_request_is_decided_once(app: App, root: Member, ada: Member) -> None:
    for first, reported in (("approve", "approved"), ("deny", "denied")):
        id = file_request(ada, cpu_seconds_monthly=5)["request_id"]
        review(root, id, first)
        before = stored(app)
        for second in ("approve", "deny"):
            answer = review(root, id, second)
            assert refusal(answer) == (400, "request_decided")
            assert reported in answer.json["message"]
        assert stored(app) == before


def test_an_approval_that_no_longer_fits_the_plan_changes_nothing(app: App, root: Member, ada: Member) -> None:
    filed = file_request(ada, cpu_seconds_monthly=600, concurrent_sandboxes=1)
    other = create_allocation(root, root, cpu_seconds_monthly=401)
    before = stored(app)
    answer = review(root, filed["request_id"])
    assert refusal(answer) == (400, "quota_exceeds_plan")
    assert all(word in answer.json["message"] for word in ("cpu_seconds_monthly", "1001", "1000"))
    assert stored(app) == before
    revoke(root, other["allocation_id"])
    assert review(root, filed["request_id"]).status == 200


@pytest.mark.parametrize("action", [None, "", "Approve", "approved", "withdraw", True, ["approve"]], ids=repr)
def test_a_reviews_action_must_be_approve_or_deny(app: App, root: Member, ada: Member, action: object) -> None:
    id = file_request(ada, cpu_seconds_monthly=5)["request_id"]
    before = stored(app)
    answer = review(root, id, action)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("action: ")
    assert stored(app) == before


@pytest.mark.parametrize("notes", [" ", 5, "x" * 1001, "a\u0007b"], ids=ascii)
def test_review_notes_must_be_text(root: Member, ada: Member, notes: object) -> None:
    answer = review(root, file_request(ada, cpu_seconds_monthly=5)["request_id"], review_notes=notes)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("review_notes")


def test_an_unknown_or_foreign_request_is_404_a_malformed_id_400(app: App, root: Member, ada: Member) -> None:
    id = file_request(ada, cpu_seconds_monthly=5)["request_id"]
    for by, unknown in ((root, UNKNOWN), (app.member(), id)):
        assert refusal(review(by, unknown)) == (404, "not_found")
    assert refusal(change_request(ada, UNKNOWN)) == refusal(withdraw(ada, UNKNOWN)) == (404, "not_found")
    for malformed in ("unknown", "qal-1", "qrq-", "qrq-a_b", f"qrq-{'a' * 65}"):
        for answer in (review(root, malformed), change_request(ada, malformed), withdraw(ada, malformed)):
            assert refusal(answer) == (400, "invalid_request")
            assert answer.json["message"].startswith("request_id ")
