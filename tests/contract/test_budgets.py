"""GET, POST, PUT and DELETE /v1/budgets. Source: ScaleBox budgets."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.bills import create_pro_member, use
from tests.contract.budgets import (
    BUDGETS,
    DEFAULT_THRESHOLDS,
    budget,
    create_budget,
    delete,
    expect_budget,
    post,
    put,
    refusal,
    status,
    update_budget,
)
from tests.contract.examples import expect
from tests.contract.quotas import ADMISSION, reasons, start
from tests.support.app import App, Member
from tests.support.call import call

NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def root(app: App) -> Member:
    """The root user of an account whose period is April 2026."""
    member = create_pro_member(app)
    app.clock.moment = NOW
    return member


def test_the_documents_example(app: App, root: Member) -> None:
    app.clock.moment = datetime(2026, 4, 1, tzinfo=UTC)
    create_budget(root)
    app.clock.moment = datetime(2026, 4, 18, 8, tzinfo=UTC)
    update_budget(root, notification_emails=["finance@example.com"])
    app.clock.moment = NOW
    assert call("GET", BUDGETS, key=root.api_key).json == {
        "success": True,
        "data": {
            "id": 1,
            "account_id": root.subject,
            "budget_amount": 100,
            "alert_thresholds": DEFAULT_THRESHOLDS,
            "limit_type": "soft",
            "notification_emails": ["finance@example.com"],
            "is_active": True,
            "is_restricted": False,
            "created_at": "2026-04-01T00:00:00Z",
            "updated_at": "2026-04-18T08:00:00Z",
        },
        "timestamp": "2026-04-20T12:34:56Z",
    }


def test_without_a_budget_reading_is_null_and_changing_is_404(root: Member) -> None:
    expect(call("GET", BUDGETS, key=root.api_key), 200, "budget_none")
    for answer in (put(root, {"budget_amount": 50}), delete(root)):
        assert refusal(answer) == (404, "not_found")
        assert answer.json["message"] == "This account has no budget"
    expect(call("GET", BUDGETS, key=root.api_key), 200, "budget_none")


def test_a_budget_needs_only_an_amount(root: Member) -> None:
    created = create_budget(root, 99.5)
    assert created == {
        "id": 1,
        "account_id": root.subject,
        "budget_amount": 99.5,
        "alert_thresholds": DEFAULT_THRESHOLDS,
        "limit_type": "soft",
        "notification_emails": [],
        "is_active": True,
        "is_restricted": False,
        "created_at": "2026-04-20T12:34:56Z",
        "updated_at": "2026-04-20T12:34:56Z",
    }
    assert budget(root) == created


def test_a_new_budget_has_what_was_sent_and_is_active(root: Member) -> None:
    terms = {"limit_type": "hard", "alert_thresholds": [{"percent": 12.25, "enabled": False}]}
    created = create_budget(
        root, 0.01, notification_emails=["b@example.com", "a@example.com"], is_active=False, **terms
    )
    assert {name: created[name] for name in terms} == terms
    assert created["notification_emails"] == ["b@example.com", "a@example.com"]
    assert (created["budget_amount"], created["is_active"]) == (0.01, True)
    assert budget(root) == created


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ([50, 80], [(50, True), (80, True)]),
        ([80, {"percent": 50, "enabled": False}, 33.33], [(33.33, True), (50, False), (80, True)]),
        ([{"percent": 70}], [(70, True)]),
        ([0.01, 1000], [(0.01, True), (1000, True)]),
        ([50.0, 100.50], [(50, True), (100.5, True)]),
        (list(range(20, 0, -1)), [(percent, True) for percent in range(1, 21)]),
        ([], []),
    ],
)
def test_thresholds_are_objects_or_numbers_and_sorted_ascending(root: Member, sent: Any, taken: Any) -> None:
    expected = [{"percent": percent, "enabled": enabled} for percent, enabled in taken]
    assert create_budget(root, alert_thresholds=sent)["alert_thresholds"] == expected
    update_budget(root, alert_thresholds=[7])
    assert update_budget(root, alert_thresholds=sent)["alert_thresholds"] == expected
    assert status(root)["alert_thresholds"] == expected


def test_addresses_are_distinct_and_in_lower_case(root: Member) -> None:
    sent = ["Finance@Example.com", " ops@example.com ", "finance@example.com", root.account.email]
    created = create_budget(root, notification_emails=sent)
    assert created["notification_emails"] == ["finance@example.com", "ops@example.com", root.account.email]


def test_the_largest_and_the_smallest_amount_are_accepted(root: Member) -> None:
    assert create_budget(root, 10**15)["budget_amount"] == 10**15
    assert update_budget(root, budget_amount=0.01)["budget_amount"] == 0.01
    assert status(root)["remaining_budget"] == 0.01


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("budget_amount", 250.75),
        ("alert_thresholds", [{"percent": 90, "enabled": False}]),
        ("alert_thresholds", []),
        ("limit_type", "hard"),
        ("notification_emails", ["other@example.com"]),
        ("notification_emails", []),
        ("is_active", False),
    ],
)
def test_a_changed_field_leaves_the_others_unchanged(app: App, root: Member, key: str, value: Any) -> None:
    created = create_budget(root, notification_emails=["finance@example.com"])
    app.clock.advance(hours=1)
    after = created | {key: value, "updated_at": "2026-04-20T13:34:56Z"}
    assert update_budget(root, **{key: value}) == budget(root) == after
    app.clock.advance(hours=1)
    assert update_budget(root, **{key: value}) == after, "an equal value must change nothing"
    assert update_budget(root, **{key: created[key]}) == created | {"updated_at": "2026-04-20T14:34:56Z"}


def test_unsent_and_unknown_fields_change_nothing(app: App, root: Member) -> None:
    created = create_budget(root)
    app.clock.advance(hours=1)
    assert update_budget(root) == created
    assert (
        update_budget(root, id=7, account_id="acc-1", is_restricted=True, created_at="2020-01-01T00:00:00Z") == created
    )


def test_an_account_has_at_most_one_budget(root: Member) -> None:
    created = create_budget(root)
    answer = post(root, {"budget_amount": 7})
    assert refusal(answer) == (409, "budget_exists")
    assert budget(root) == created


def test_after_a_deletion_the_next_budget_is_a_new_one(app: App, root: Member) -> None:
    create_budget(root, limit_type="hard", notification_emails=["finance@example.com"])
    answer = delete(root)
    assert expect(answer, 200, "message")["message"] == "Budget deleted"
    expect(call("GET", BUDGETS, key=root.api_key), 200, "budget_none")
    assert refusal(delete(root)) == (404, "not_found")
    app.clock.advance(minutes=1)
    created = create_budget(root, 7)
    assert (created["id"], created["limit_type"], created["notification_emails"]) == (2, "soft", [])
    assert (created["created_at"], created["updated_at"]) == ("2026-04-20T12:35:56Z", "2026-04-20T12:35:56Z")


def restricted(app: App, root: Member) -> bool:
    """Whether the budget restricts; the budget, its status and admission must agree."""
    found = call("GET", BUDGETS, key=root.api_key).json["data"]
    reported = {found["is_restricted"], status(root)["is_restricted"]} if found else set()
    against = reasons(start(app.platform_key("sessions:write"), root, path=ADMISSION))
    reported.add("budget_restricted" in [code for code, *_ in against])
    (one,) = reported
    return one


def test_a_hard_limit_restricts_as_soon_as_it_is_used_up(app: App, root: Member) -> None:
    key = app.platform_key("sessions:write")
    create_budget(root, limit_type="hard")
    use(app, root, "99.99", time=NOW)
    assert not restricted(app, root)
    use(app, root, "0.01", time=NOW)
    assert restricted(app, root)
    assert reasons(start(key, root)) == [("budget_restricted", 100, 100)]
    assert expect_budget(put(root, {"budget_amount": 99.99}))["is_restricted"] is True
    assert reasons(start(key, root)) == [("budget_restricted", 99.99, 100)]


def test_a_soft_limit_never_restricts(app: App, root: Member) -> None:
    create_budget(root)
    use(app, root, "500", time=NOW)
    assert not restricted(app, root)
    assert update_budget(root, limit_type="hard")["is_restricted"] is True
    assert restricted(app, root)


@pytest.mark.parametrize("terms", [{"budget_amount": 100.01}, {"limit_type": "soft"}, {"is_active": False}])
def test_looser_terms_lift_the_restriction_at_once(app: App, root: Member, terms: dict[str, Any]) -> None:
    created = create_budget(root, limit_type="hard")
    use(app, root, "100", time=NOW)
    assert restricted(app, root)
    assert update_budget(root, **terms)["is_restricted"] is False
    assert not restricted(app, root)
    assert update_budget(root, **{name: created[name] for name in terms})["is_restricted"] is True
    assert restricted(app, root)


def test_deleting_the_budget_lifts_the_restriction_at_once(app: App, root: Member) -> None:
    create_budget(root, limit_type="hard")
    use(app, root, "100", time=NOW)
    assert restricted(app, root)
    delete(root)
    assert not restricted(app, root)
    assert create_budget(root, limit_type="hard")["is_restricted"] is True


def test_a_new_period_lifts_the_restriction_at_once(app: App, root: Member) -> None:
    create_budget(root, limit_type="hard")
    use(app, root, "100", time=NOW)
    app.clock.moment = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
    assert restricted(app, root)
    app.clock.moment = datetime(2026, 5, 1, tzinfo=UTC)
    assert not restricted(app, root)


def test_the_number_of_alerting_thresholds_a_day_is_limited(app: App, root: Member) -> None:
    create_budget(root, 1000)
    use(app, root, "200", time=NOW)
    for turn in range(4):
        update_budget(root, alert_thresholds=[(20 * turn + number) / 100 for number in range(1, 21)])
    answer = put(root, {"alert_thresholds": [1, 2, 3]})
    assert refusal(answer) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) == 86_400
    assert update_budget(root, budget_amount=2000)["budget_amount"] == 2000
