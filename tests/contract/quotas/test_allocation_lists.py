"""GET quota-allocations, and which allocations a caller can reach. Source: ScaleBox account management, "User Quota
Administration".
"""

import pytest

from tests.contract.quotas import (
    ALLOCATIONS,
    HALF_QUOTA,
    allocations,
    change,
    create_allocation,
    refusal,
    remove,
    revoke,
    stored,
)
from tests.support.app import App, Member
from tests.support.call import call

UNKNOWN = "qal-019d0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("query", "inactive"),
    [("", 0), ("?include_inactive=", 0), ("?include_inactive=false", 0), ("?include_inactive=0", 0)]
    + [(f"?include_inactive={yes}", 1) for yes in ("true", "True", "1")],
)
def test_inactive_allocations_are_listed_on_request(
    app: App, root: Member, ada: Member, query: str, inactive: int
) -> None:
    revoke(root, create_allocation(root, ada)["allocation_id"])
    app.clock.advance(minutes=1)
    create_allocation(root, ada)
    listed = [one["status"] for one in allocations(root, query)]
    assert listed == ["active", "revoked"][: 1 + inactive]


@pytest.mark.parametrize("word", ["yes", "2", "null", "%20", "truee", "-1"])
def test_include_inactive_must_be_a_boolean(root: Member, word: str) -> None:
    answer = call("GET", f"{ALLOCATIONS}?include_inactive={word}", key=root.api_key)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("include_inactive ")


def test_pages_of_any_size_hold_each_allocation_once_newest_first(app: App, root: Member, ada: Member) -> None:
    created = []
    for _ in range(5):
        created.append(create_allocation(root, ada)["allocation_id"])
        revoke(root, created[-1])
        app.clock.advance(minutes=1)
    for name in ("limit", "page_size"):
        seen = []
        for page in (1, 2, 3, 4):
            query = f"?include_inactive=true&page={page}&{name}=2"
            answer = call("GET", ALLOCATIONS + query, key=root.api_key)
            expected = {"page": page, "limit": 2, "total": 5, "total_pages": 3, "offset": 2 * page - 2}
            assert answer.json["data"]["pagination"] == expected
            seen += [one["allocation_id"] for one in answer.json["data"]["allocations"]]
        assert seen == created[::-1]


@pytest.mark.parametrize("query", ["?page=0", "?limit=0", "?limit=101", "?page=x", "?page_size=-1"])
def test_a_wrong_page_is_refused(root: Member, query: str) -> None:
    assert refusal(call("GET", ALLOCATIONS + query, key=root.api_key)) == (400, "invalid_request")


@pytest.mark.parametrize("id", ["unknown", "acc-1", "qal-", "qal-a_b", f"qal-{'a' * 65}", "qal-%C3%A9"])
def test_a_malformed_allocation_id_is_400_naming_it(root: Member, id: str) -> None:
    for answer in (change(root, id), revoke(root, id), remove(root, id)):
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("allocation_id ")


def test_an_unknown_allocation_and_another_accounts_are_not_found(app: App, root: Member, ada: Member) -> None:
    created = create_allocation(root, ada, cpu_seconds_monthly=5)
    before = stored(app)
    other_member = app.member()
    kept = [item for item in before if item["pk"] == f"ACCOUNT#{root.account.id}"]
    for by, id in ((root, UNKNOWN), (other_member, created["allocation_id"])):
        for answer in (change(by, id, cpu_seconds_monthly=1), revoke(by, id), remove(by, id)):
            assert refusal(answer) == (404, "not_found")
            assert answer.json["message"] == "There is no such quota allocation"
    assert [item for item in stored(app) if item["pk"] == f"ACCOUNT#{root.account.id}"] == kept
    assert allocations(other_member, "?include_inactive=true") == []


def test_only_an_existing_user_of_the_account_gets_an_allocation(app: App, root: Member, ada: Member) -> None:
    other = app.member()
    assert call("DELETE", f"/v1/user-management/users/{ada.user_id}", key=root.api_key).status == 200
    for id in (other.user_id, ada.user_id, "usr-unknown"):
        answer = call("POST", ALLOCATIONS, key=root.api_key, body={"user_id": id, **HALF_QUOTA})
        assert refusal(answer) == (404, "not_found")
    for bad in ("unknown", "acc-1", "usr-", None, 5):
        answer = call("POST", ALLOCATIONS, key=root.api_key, body={"user_id": bad})
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("user_id: ")
