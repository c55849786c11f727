"""Shares of the plan for single users: listed, given, changed, revoked and deleted. Source: ScaleBox account
management, "User Quota Administration"; money, "Quotas".
"""

from typing import Any

import pytest

from tallybook.domain.quotas import FIELDS
from tests.contract.quotas import (
    ALLOCATIONS,
    GIVEN,
    MOST,
    SHARE,
    allocate,
    allocated,
    allocations,
    asked,
    change,
    fields,
    give,
    refusal,
    remove,
    requests,
    revoke,
    shown,
    stored,
)
from tests.support.call import call
from tests.support.house import House, Member

UNKNOWN = "qal-019d0000-0000-7000-8000-000000000000"


@pytest.fixture
def root(house: House) -> Member:
    """Of an account whose plan limits it in all six fields."""
    give(house, **GIVEN)
    return house.member()


@pytest.fixture
def ada(house: House, root: Member) -> Member:
    return house.colleague(root)


@pytest.fixture
def grace(house: House, root: Member) -> Member:
    return house.colleague(root)


def test_a_share_is_shown_with_every_field_of_the_document(house: House, root: Member, ada: Member) -> None:
    made = allocated(root, ada, **SHARE)
    assert made.pop("allocation_id").startswith("qal-")
    assert made == {
        "account_id": root.subject,
        "user_id": ada.user_id,
        "allocated_by_user_id": root.user_id,
        **SHARE,
        "status": "active",
        "created_at": "2026-04-20T12:34:56Z",
        "updated_at": "2026-04-20T12:34:56Z",
    }


def test_a_field_that_is_left_out_or_null_has_no_limit(root: Member, ada: Member) -> None:
    made = allocated(root, ada, cpu_seconds_monthly=5, ram_gb_seconds=None)
    assert fields(made) == {"cpu_seconds_monthly": 5}
    assert fields(allocations(root)[0]) == {"cpu_seconds_monthly": 5}


def test_a_user_has_one_active_allocation(house: House, root: Member, ada: Member) -> None:
    first = allocated(root, ada, concurrent_sandboxes=1)
    before = stored(house)
    answer = allocate(root, ada, concurrent_sandboxes=1)
    assert refusal(answer) == (400, "allocation_exists")
    assert stored(house) == before
    assert revoke(root, first["allocation_id"]).status == 200
    assert allocated(root, ada)["status"] == "active"


@pytest.mark.parametrize("field", FIELDS)
def test_the_shares_of_all_users_fit_the_plan_to_the_last_unit(
    house: House, root: Member, ada: Member, grace: Member, field: str
) -> None:
    most = GIVEN[field]
    allocated(root, ada, **{field: most - 1})
    before = stored(house)
    answer = allocate(root, grace, **{field: 2})
    assert refusal(answer) == (400, "quota_exceeds_plan")
    assert all(word in answer.json["message"] for word in (field, str(most + 1), str(most)))
    assert stored(house) == before
    made = allocated(root, grace, **{field: 1})
    assert refusal(change(root, made["allocation_id"], **{field: 2})) == (400, "quota_exceeds_plan")
    assert {one["user_id"]: one[field] for one in allocations(root)} == {ada.user_id: most - 1, grace.user_id: 1}
    assert shown(change(root, made["allocation_id"], **{field: 0}))[field] == 0


def test_a_share_that_was_revoked_or_deleted_is_free_again(root: Member, ada: Member, grace: Member) -> None:
    for end in (revoke, remove):
        made = allocated(root, ada, **GIVEN)
        assert allocate(root, grace, concurrent_sandboxes=1).status == 400
        assert end(root, made["allocation_id"]).status == 200
        other = allocated(root, grace, **GIVEN)
        assert remove(root, other["allocation_id"]).status == 200


@pytest.mark.parametrize("amount", [0, 1, MOST])
def test_a_number_goes_from_0_to_a_thousand_million_million(house: House, amount: int) -> None:
    root = house.member()
    assert allocated(root, root, ram_gb_seconds=amount)["ram_gb_seconds"] == amount


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [MOST + 1, -1, 1.5, 1.0, 1e15, "5", True, False, [], {}], ids=repr)
def test_what_is_no_such_number_is_refused_by_its_field(
    house: House, root: Member, ada: Member, field: str, value: Any
) -> None:
    made = allocated(root, root, concurrent_sandboxes=1)
    before = stored(house)
    for answer in (allocate(root, ada, **{field: value}), change(root, made["allocation_id"], **{field: value})):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith(f"{field}: ")
    assert stored(house) == before


def test_a_change_leaves_what_it_does_not_name_and_null_takes_a_limit_away(
    house: House, root: Member, ada: Member
) -> None:
    made = allocated(root, ada, cpu_seconds_monthly=5, ram_gb_seconds=6, traffic_gb_seconds=7)
    house.clock.advance(hours=1)
    after = shown(change(root, made["allocation_id"], cpu_seconds_monthly=50, ram_gb_seconds=None))
    assert fields(after) == {"cpu_seconds_monthly": 50, "traffic_gb_seconds": 7}
    assert (after["created_at"], after["updated_at"]) == (made["created_at"], "2026-04-20T13:34:56Z")
    assert allocations(root) == [after]
    house.clock.advance(hours=1)
    assert shown(change(root, made["allocation_id"])) == after, "a change of nothing is none"


def test_a_revoked_share_is_listed_on_request_and_is_revoked_and_changed_no_more(
    house: House, root: Member, ada: Member
) -> None:
    made = allocated(root, ada, cpu_seconds_monthly=5)
    house.clock.advance(hours=1)
    after = shown(revoke(root, made["allocation_id"]))
    assert after == made | {"status": "revoked", "updated_at": "2026-04-20T13:34:56Z"}
    before = stored(house)
    assert refusal(revoke(root, made["allocation_id"])) == (400, "allocation_not_active")
    assert refusal(change(root, made["allocation_id"], cpu_seconds_monthly=6)) == (400, "allocation_not_active")
    assert stored(house) == before
    assert (allocations(root), allocations(root, "?include_inactive=true")) == ([], [after])


def test_an_allocation_is_deleted_active_or_revoked(root: Member, ada: Member, grace: Member) -> None:
    active, revoked = allocated(root, ada), allocated(root, grace)
    revoke(root, revoked["allocation_id"])
    for one in (active, revoked):
        answer = remove(root, one["allocation_id"])
        assert (answer.status, answer.json["message"]) == (200, "Quota allocation deleted")
        assert refusal(remove(root, one["allocation_id"])) == (404, "not_found")
    assert allocations(root, "?include_inactive=1") == []
    assert allocated(root, ada)["status"] == "active"


@pytest.mark.parametrize(
    ("query", "inactive"),
    [("", 0), ("?include_inactive=", 0), ("?include_inactive=false", 0), ("?include_inactive=0", 0)]
    + [(f"?include_inactive={yes}", 1) for yes in ("true", "True", "1")],
)
def test_the_inactive_are_listed_where_it_is_asked_for(
    house: House, root: Member, ada: Member, query: str, inactive: int
) -> None:
    revoke(root, allocated(root, ada)["allocation_id"])
    house.clock.advance(minutes=1)
    allocated(root, ada)
    listed = [one["status"] for one in allocations(root, query)]
    assert listed == ["active", "revoked"][: 1 + inactive]


@pytest.mark.parametrize("word", ["yes", "2", "null", "%20", "truee", "-1"])
def test_what_is_neither_true_nor_false_is_refused(root: Member, word: str) -> None:
    answer = call("GET", f"{ALLOCATIONS}?include_inactive={word}", key=root.api_key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("include_inactive ")


def test_pages_of_any_size_hold_each_allocation_once_newest_first(house: House, root: Member, ada: Member) -> None:
    made = []
    for _ in range(5):
        made.append(allocated(root, ada)["allocation_id"])
        revoke(root, made[-1])
        house.clock.advance(minutes=1)
    for name in ("limit", "page_size"):
        seen = []
        for page in (1, 2, 3, 4):
            query = f"?include_inactive=true&page={page}&{name}=2"
            answer = call("GET", ALLOCATIONS + query, key=root.api_key)
            wanted = {"page": page, "limit": 2, "total": 5, "total_pages": 3, "offset": 2 * page - 2}
            assert answer.json["data"]["pagination"] == wanted
            seen += [one["allocation_id"] for one in answer.json["data"]["allocations"]]
        assert seen == made[::-1]


@pytest.mark.parametrize("query", ["?page=0", "?limit=0", "?limit=101", "?page=x", "?page_size=-1"])
def test_a_page_that_makes_no_sense_is_refused(root: Member, query: str) -> None:
    assert refusal(call("GET", ALLOCATIONS + query, key=root.api_key)) == (400, "invalid_request")


@pytest.mark.parametrize("id", ["unknown", "acc-1", "qal-", "qal-a_b", f"qal-{'a' * 65}", "qal-%C3%A9"])
def test_a_malformed_id_is_refused_by_its_name(root: Member, id: str) -> None:
    for answer in (change(root, id), revoke(root, id), remove(root, id)):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("allocation_id ")


def test_an_unknown_allocation_and_another_accounts_are_not_found(house: House, root: Member, ada: Member) -> None:
    made = allocated(root, ada, cpu_seconds_monthly=5)
    before = stored(house)
    stranger = house.member()
    kept = [item for item in before if item["pk"] == f"ACCOUNT#{root.account.id}"]
    for by, id in ((root, UNKNOWN), (stranger, made["allocation_id"])):
        for answer in (change(by, id, cpu_seconds_monthly=1), revoke(by, id), remove(by, id)):
            assert refusal(answer) == (404, "not_found")
            assert answer.json["message"] == "There is no such quota allocation"
    assert [item for item in stored(house) if item["pk"] == f"ACCOUNT#{root.account.id}"] == kept
    assert allocations(stranger, "?include_inactive=true") == []


def test_a_share_is_for_a_user_of_the_account_who_is_not_deleted(house: House, root: Member, ada: Member) -> None:
    other = house.member()
    assert call("DELETE", f"/v1/user-management/users/{ada.user_id}", key=root.api_key).status == 200
    for id in (other.user_id, ada.user_id, "usr-unknown"):
        answer = call("POST", ALLOCATIONS, key=root.api_key, body={"user_id": id, **SHARE})
        assert refusal(answer) == (404, "not_found")
    for bad in ("unknown", "acc-1", "usr-", None, 5):
        answer = call("POST", ALLOCATIONS, key=root.api_key, body={"user_id": bad})
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("user_id: ")


def test_a_deleted_users_share_is_revoked_and_their_request_taken_back(
    house: House, root: Member, ada: Member, grace: Member
) -> None:
    made = allocated(root, ada, **GIVEN)
    asked(ada, cpu_seconds_monthly=900)
    assert call("DELETE", f"/v1/user-management/users/{ada.user_id}", key=root.api_key).status == 200
    assert allocations(root) == []
    (kept,) = allocations(root, "?include_inactive=true")
    assert (kept["allocation_id"], kept["status"]) == (made["allocation_id"], "revoked")
    assert requests(root) == []
    assert allocated(root, grace, **GIVEN)["status"] == "active", "what they had is free again"
