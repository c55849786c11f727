"""Allocations of the plan's quota to users: created, changed, revoked and deleted.

Source: ScaleBox account management, "User Quota Administration"; money, "Quotas".
"""

from typing import Any

import pytest

from tallybook.domain.quotas import FIELDS
from tests.contract.quotas import (
    HALF_QUOTA,
    MAX_UNITS,
    PLAN_QUOTA,
    allocate,
    allocations,
    change,
    create_allocation,
    expect_allocation,
    fields,
    file_request,
    refusal,
    remove,
    requests,
    revoke,
    stored,
)
from tests.support.app import App, Member
from tests.support.call import call

UNKNOWN = "qal-019d0000-0000-7000-8000-000000000000"


def test_an_allocation_has_every_field_of_the_document(app: App, root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, **HALF_QUOTA)
    assert created.pop("allocation_id").startswith("qal-")
    assert created == {
        "account_id": root.subject,
        "user_id": ada.user_id,
        "allocated_by_user_id": root.user_id,
        **HALF_QUOTA,
        "status": "active",
        "created_at": "2026-04-20T12:34:56Z",
        "updated_at": "2026-04-20T12:34:56Z",
    }


def test_a_field_that_is_left_out_or_null_has_no_limit(root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, cpu_seconds_monthly=5, ram_gb_seconds=None)
    assert fields(created) == {"cpu_seconds_monthly": 5}
    assert fields(allocations(root)[0]) == {"cpu_seconds_monthly": 5}


def test_a_user_has_at_most_one_active_allocation(app: App, root: Member, ada: Member) -> None:
    first = create_allocation(root, ada, concurrent_sandboxes=1)
    before = stored(app)
    answer = allocate(root, ada, concurrent_sandboxes=1)
    assert refusal(answer) == (400, "allocation_exists")
    assert stored(app) == before
    assert revoke(root, first["allocation_id"]).status == 200
    assert create_allocation(root, ada)["status"] == "active"


@pytest.mark.parametrize("field", FIELDS)
def test_allocations_may_add_up_to_exactly_the_plans_quota(
    app: App, root: Member, ada: Member, grace: Member, field: str
) -> None:
    most = PLAN_QUOTA[field]
    create_allocation(root, ada, **{field: most - 1})
    before = stored(app)
    answer = allocate(root, grace, **{field: 2})
    assert refusal(answer) == (400, "quota_exceeds_plan")
    assert all(word in answer.json["message"] for word in (field, str(most + 1), str(most)))
    assert stored(app) == before
    created = create_allocation(root, grace, **{field: 1})
    assert refusal(change(root, created["allocation_id"], **{field: 2})) == (400, "quota_exceeds_plan")
    assert {one["user_id"]: one[field] for one in allocations(root)} == {ada.user_id: most - 1, grace.user_id: 1}
    assert expect_allocation(change(root, created["allocation_id"], **{field: 0}))[field] == 0


def test_a_revoked_or_deleted_allocation_frees_its_quota(root: Member, ada: Member, grace: Member) -> None:
    for end in (revoke, remove):
        created = create_allocation(root, ada, **PLAN_QUOTA)
        assert allocate(root, grace, concurrent_sandboxes=1).status == 400
        assert end(root, created["allocation_id"]).status == 200
        other = create_allocation(root, grace, **PLAN_QUOTA)
        assert remove(root, other["allocation_id"]).status == 200


@pytest.mark.parametrize("amount", [0, 1, MAX_UNITS])
def test_a_quota_may_be_0_to_10_to_the_15(app: App, amount: int) -> None:
    root = app.member()
    assert create_allocation(root, root, ram_gb_seconds=amount)["ram_gb_seconds"] == amount


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [MAX_UNITS + 1, -1, 1.5, 1e15 + 0.5, 1e16, "5", True, False, [], {}], ids=repr)
def test_a_wrong_quota_of_an_allocation_is_refused_naming_its_field(
    app: App, root: Member, ada: Member, field: str, value: Any
) -> None:
    created = create_allocation(root, root, concurrent_sandboxes=1)
    before = stored(app)
    for answer in (allocate(root, ada, **{field: value}), change(root, created["allocation_id"], **{field: value})):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith(f"{field}: ")
    assert stored(app) == before


def test_a_change_keeps_unsent_fields_and_null_removes_a_limit(app: App, root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, cpu_seconds_monthly=5, ram_gb_seconds=6, traffic_gb_seconds=7)
    app.clock.advance(hours=1)
    after = expect_allocation(change(root, created["allocation_id"], cpu_seconds_monthly=50, ram_gb_seconds=None))
    assert fields(after) == {"cpu_seconds_monthly": 50, "traffic_gb_seconds": 7}
    assert (after["created_at"], after["updated_at"]) == (created["created_at"], "2026-04-20T13:34:56Z")
    assert allocations(root) == [after]
    app.clock.advance(hours=1)
    assert expect_allocation(change(root, created["allocation_id"])) == after, "an empty change must change nothing"


def test_a_revoked_allocation_is_listed_on_request_and_frozen(app: App, root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, cpu_seconds_monthly=5)
    app.clock.advance(hours=1)
    after = expect_allocation(revoke(root, created["allocation_id"]))
    assert after == created | {"status": "revoked", "updated_at": "2026-04-20T13:34:56Z"}
    before = stored(app)
    assert refusal(revoke(root, created["allocation_id"])) == (400, "allocation_not_active")
    assert refusal(change(root, created["allocation_id"], cpu_seconds_monthly=6)) == (400, "allocation_not_active")
    assert stored(app) == before
    assert (allocations(root), allocations(root, "?include_inactive=true")) == ([], [after])


def test_active_and_revoked_allocations_can_be_deleted(root: Member, ada: Member, grace: Member) -> None:
    active, revoked = create_allocation(root, ada), create_allocation(root, grace)
    revoke(root, revoked["allocation_id"])
    for one in (active, revoked):
        answer = remove(root, one["allocation_id"])
        assert (answer.status, answer.json["message"]) == (200, "Quota allocation deleted")
        assert refusal(remove(root, one["allocation_id"])) == (404, "not_found")
    assert allocations(root, "?include_inactive=1") == []
    assert create_allocation(root, ada)["status"] == "active"


def test_a_deleted_users_allocation_is_revoked_and_request_withdrawn(
    app: App, root: Member, ada: Member, grace: Member
) -> None:
    created = create_allocation(root, ada, **PLAN_QUOTA)
    file_request(ada, cpu_seconds_monthly=900)
    assert call("DELETE", f"/v1/user-management/users/{ada.user_id}", key=root.api_key).status == 200
    assert allocations(root) == []
    (kept,) = allocations(root, "?include_inactive=true")
    assert (kept["allocation_id"], kept["status"]) == (created["allocation_id"], "revoked")
    assert requests(root) == []
    assert create_allocation(root, grace, **PLAN_QUOTA)["status"] == "active", "the revoked quota is free again"
