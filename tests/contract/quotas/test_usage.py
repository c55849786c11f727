"""A user's quota usage, read by the user and, for each active allocation, by root users."""

from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.quotas import FIELDS
from tests.contract.examples import expect
from tests.contract.quotas import (
    ALLOCATIONS,
    OWN_USAGE,
    change,
    create_allocation,
    own_usage,
    refusal,
    remove,
    revoke,
    start,
    use,
)
from tests.support.app import App, Member
from tests.support.call import Answer, call


@pytest.fixture
def root(app: App) -> Member:
    return app.member()


def get_usage(root: Member, allocation_id: str) -> Answer:
    return call("GET", f"{ALLOCATIONS}/{allocation_id}/usage", key=root.api_key)


def amounts(user: Member) -> dict[str, Any]:
    """The amount used of each field that has usage."""
    return {name: one["used"] for name, one in own_usage(user).items() if one["used"]}


def test_without_allocation_and_usage_all_is_zero_and_unlimited(ada: Member) -> None:
    data = expect(call("GET", OWN_USAGE, key=ada.api_key), 200, "quota_usage")["data"]
    free = {"limit": None, "used": 0, "remaining": None, "percentage_used": None}
    assert data == {
        "user_id": ada.user_id,
        "allocation_id": None,
        "period_start": "2026-04-20T00:00:00Z",
        "period_end": "2026-05-19T00:00:00Z",
        "quota": dict.fromkeys(FIELDS, free),
    }


def test_the_user_and_root_users_see_the_same_use_of_the_allocation(app: App, root: Member, ada: Member) -> None:
    allocation = create_allocation(
        root, ada, cpu_seconds_monthly=300, ram_gb_seconds=0, traffic_gb_seconds=7, concurrent_sandboxes=4
    )
    assert start(app.platform_key(), ada).status == 403
    change(root, allocation["allocation_id"], ram_gb_seconds=None)
    assert start(app.platform_key(), ada).status == 201
    change(root, allocation["allocation_id"], ram_gb_seconds=0)
    use(app, ada, "cpu_seconds", "99.5")
    use(app, ada, "cpu_seconds", "100.5")
    use(app, ada, "traffic_gb_seconds", "7.25")
    use(app, ada, "sandbox_storage_gb_seconds", 5)
    use(app, root, "cpu_seconds", 5000)
    answer = get_usage(root, allocation["allocation_id"])
    data = expect(answer, 200, "quota_usage")["data"]
    assert data == call("GET", OWN_USAGE, key=ada.api_key).json["data"]
    assert (data["user_id"], data["allocation_id"]) == (ada.user_id, allocation["allocation_id"])
    quota = data["quota"]
    assert quota["cpu_seconds_monthly"] == {"limit": 300, "used": 200, "remaining": 100, "percentage_used": 66.66}
    assert quota["ram_gb_seconds"] == {"limit": 0, "used": 0, "remaining": 0, "percentage_used": 100}
    assert quota["traffic_gb_seconds"] == {"limit": 7, "used": 7.25, "remaining": 0, "percentage_used": 103.57}
    assert quota["sandbox_storage_gb_seconds"] == {"limit": None, "used": 5, "remaining": None, "percentage_used": None}
    assert quota["concurrent_sandboxes"] == {"limit": 4, "used": 1, "remaining": 3, "percentage_used": 25}
    assert amounts(root) == {"cpu_seconds_monthly": 5000}


def test_only_the_four_monthly_meters_count(app: App, ada: Member) -> None:
    use(app, ada, "credits", 5)
    use(app, ada, "ram_gb_seconds", 3)
    assert amounts(ada) == {"ram_gb_seconds": 3}


def test_usage_without_a_user_counts_for_no_user(app: App, root: Member, ada: Member) -> None:
    app.record(app.event(root, quantity=500))
    assert (amounts(root), amounts(ada)) == ({}, {})


def test_usage_before_the_allocation_counts(app: App, root: Member, ada: Member) -> None:
    use(app, ada, "cpu_seconds", 30)
    allocation = create_allocation(root, ada, cpu_seconds_monthly=40)
    assert own_usage(ada)["cpu_seconds_monthly"]["percentage_used"] == 75
    change(root, allocation["allocation_id"], cpu_seconds_monthly=60)
    assert own_usage(ada)["cpu_seconds_monthly"]["percentage_used"] == 50


def test_usage_restarts_at_zero_in_the_periods_first_millisecond(app: App, root: Member, ada: Member) -> None:
    create_allocation(root, ada, cpu_seconds_monthly=40)
    use(app, ada, "cpu_seconds", 30)
    end = app.clock.moment.replace(month=5, hour=0, minute=0, second=0)
    app.clock.moment = end - timedelta(milliseconds=1)
    assert amounts(ada) == {"cpu_seconds_monthly": 30}
    app.clock.moment = end
    assert amounts(ada) == {}
    use(app, ada, "cpu_seconds", 7, time=end - timedelta(milliseconds=1))
    use(app, ada, "cpu_seconds", 4, time=end)
    assert amounts(ada) == {"cpu_seconds_monthly": 4}
    assert call("GET", OWN_USAGE, key=ada.api_key).json["data"]["period_start"] == "2026-05-20T00:00:00Z"


def test_late_usage_does_not_count_toward_the_quota(app: App, root: Member, ada: Member) -> None:
    allocation = create_allocation(root, ada, cpu_seconds_monthly=40)
    then = app.clock.moment
    use(app, ada, "cpu_seconds", 30)
    app.clock.advance(days=31)
    app.invoice_due()
    use(app, ada, "cpu_seconds", 35, time=then)
    assert amounts(ada) == {}
    assert get_usage(root, allocation["allocation_id"]).json["data"]["quota"]["cpu_seconds_monthly"]["remaining"] == 40


def test_template_storage_is_the_gauge_of_the_last_full_hour(app: App, ada: Member) -> None:
    def gauge() -> Any:
        return own_usage(ada)["template_storage_gb"]["used"]

    def report(gb: object) -> None:
        use(app, ada, "template_storage_gb_hours", gb)

    app.clock.moment = app.clock.moment.replace(hour=10, minute=0, second=0)
    report(3)
    report("1.5")
    assert gauge() == 4.5, "with no full hour, the present one counts"
    app.clock.advance(hours=1)
    assert gauge() == 4.5
    report(2)
    assert gauge() == 4.5, "the present hour is not complete"
    app.clock.advance(hours=1)
    assert gauge() == 2
    report(7)
    assert gauge() == 7, "the present hour already has more than the last one"
    app.clock.advance(hours=3)
    assert gauge() == 7
    app.clock.advance(hours=1)
    assert gauge() == 0, "no gauge was reported for three hours"


def test_the_usage_of_an_inactive_allocation_is_404(app: App, root: Member, ada: Member) -> None:
    allocation = create_allocation(root, ada, cpu_seconds_monthly=5)["allocation_id"]
    revoke(root, allocation)
    assert refusal(get_usage(root, allocation)) == (404, "not_found")
    create_allocation(root, ada, cpu_seconds_monthly=6)
    assert refusal(get_usage(root, allocation)) == (404, "not_found"), "404 also if its user has another allocation"
    remove(root, allocation)
    other_member = app.member()
    foreign = create_allocation(other_member, other_member)["allocation_id"]
    for id in (allocation, foreign, "qal-unknown"):
        assert refusal(get_usage(root, id)) == (404, "not_found")
    for id in ("unknown", "usr-1", "qal-", "qal-a_b"):
        answer = get_usage(root, id)
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith("allocation_id ")
