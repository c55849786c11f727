"""GET /v1/budgets/messages: the budget's alerts with recipients and time. Source: ScaleBox budgets."""

from datetime import UTC, datetime

import pytest

from tallybook.mail_hooks import HOOKS
from tallybook.services.outbox.suppressions import note_bounce
from tests.contract.bills import MAY, create_pro_member, use
from tests.contract.budgets import (
    EMPTY_PAGE,
    MESSAGES,
    check,
    create_budget,
    delete,
    messages,
    page,
    refusal,
    update_budget,
)
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.fake_aws import SentMail

THEN = datetime(2026, 4, 18, 8, 5, tzinfo=UTC)
FINANCE = "finance@example.com"
SUBJECT = "Budget threshold reached"
EVERY = list(range(1, 21))


@pytest.fixture
def root(app: App) -> Member:
    """The root user of an account whose period is April 2026."""
    member = create_pro_member(app)
    app.clock.moment = THEN
    return member


def mails(app: App) -> list[SentMail]:
    """Deliver all waiting items; return the alert mails."""
    return [mail for mail in app.deliver().mails if mail.subject.startswith(SUBJECT)]


def test_the_documents_example(app: App, root: Member) -> None:
    create_budget(root, alert_thresholds=[80], notification_emails=[FINANCE])
    use(app, root, "82.5", time=THEN)
    assert check(app, root) == 1
    app.deliver()
    app.clock.moment = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
    answer = call("GET", MESSAGES, key=root.api_key)
    (message,) = expect(answer, 200, "budget_messages")["data"]["messages"]
    assert answer.json == {
        "success": True,
        "data": {
            "messages": [
                {
                    "id": 1,
                    "threshold_percent": 80,
                    "threshold_type": "warning",
                    "usage_amount": 82.5,
                    "budget_amount": 100,
                    "percentage_used": 82.5,
                    "notification_id": message["notification_id"],
                    "email_sent": True,
                    "email_recipients": f"{root.account.email}, {FINANCE}",
                    "email_subject": "Budget threshold reached",
                    "period_start": "2026-04-01T00:00:00Z",
                    "period_end": "2026-04-30T00:00:00Z",
                    "created_at": "2026-04-18T08:05:00Z",
                }
            ],
            "pagination": {"page": 1, "limit": 20, "total": 1, "total_pages": 1, "offset": 0},
        },
        "timestamp": "2026-04-20T12:34:56Z",
    }


def test_without_a_budget_or_an_alert_the_list_is_empty(app: App, root: Member) -> None:
    assert page(root) == {"messages": [], "pagination": EMPTY_PAGE}
    create_budget(root)
    use(app, root, "49.99", time=THEN)
    assert check(app, root) == 0
    assert page(root) == {"messages": [], "pagination": EMPTY_PAGE}


def test_messages_of_one_check_share_a_notification_newest_first(app: App, root: Member) -> None:
    create_budget(root)
    use(app, root, "80", time=THEN)
    assert check(app, root) == 2
    app.clock.advance(minutes=1)
    use(app, root, "20", time=app.clock.now())
    assert check(app, root) == 1
    assert check(app, root) == 0
    third, second, first = messages(root)
    assert [one["id"] for one in (first, second, third)] == [1, 2, 3]
    assert [one["threshold_percent"] for one in (first, second, third)] == [50, 80, 100]
    assert [one["usage_amount"] for one in (first, second, third)] == [80, 80, 100]
    assert first["notification_id"] == second["notification_id"] != third["notification_id"]
    assert (second["created_at"], third["created_at"]) == ("2026-04-18T08:05:00Z", "2026-04-18T08:06:00Z")


def test_the_type_is_warning_below_100_percent_and_else_exceeded(app: App, root: Member) -> None:
    use(app, root, "300", time=THEN)
    create_budget(root, alert_thresholds=[0.5, 99.99, 100, 100.01, 250])
    types = {one["threshold_percent"]: one["threshold_type"] for one in messages(root)}
    assert types == {0.5: "warning", 99.99: "warning", 100: "exceeded", 100.01: "exceeded", 250: "exceeded"}


def test_creating_and_editing_a_budget_check_it(app: App, root: Member) -> None:
    use(app, root, "60", time=THEN)
    create_budget(root)
    assert [one["threshold_percent"] for one in messages(root)] == [50]
    update_budget(root, budget_amount=75)
    assert [one["threshold_percent"] for one in messages(root)] == [80, 50]


def test_a_message_is_unchanged_when_the_budget_changes(app: App, root: Member) -> None:
    use(app, root, "66.66", time=THEN)
    create_budget(root, 99, notification_emails=[FINANCE])
    before = messages(root)
    assert [(one["usage_amount"], one["budget_amount"], one["percentage_used"]) for one in before] == [
        (66.66, 99, 67.33)
    ]
    update_budget(root, budget_amount=5000, alert_thresholds=[], notification_emails=[], is_active=False)
    assert messages(root) == before


def test_a_message_lists_its_mails_recipients_after_delivery(app: App, root: Member) -> None:
    use(app, root, "90", time=THEN)
    create_budget(root, notification_emails=[FINANCE, root.account.email])
    assert [(one["email_sent"], one["email_recipients"]) for one in messages(root)] == [(False, "")] * 2
    sent = mails(app)
    assert [mail.to for mail in sent] == [root.account.email, FINANCE], "one mail for both thresholds"
    both = (True, f"{root.account.email}, {FINANCE}")
    assert [(one["email_sent"], one["email_recipients"]) for one in messages(root)] == [both] * 2
    assert {one["email_subject"] for one in messages(root)} == {SUBJECT}


def test_a_bounced_recipient_is_removed_from_the_message(app: App, root: Member) -> None:
    use(app, root, "90", time=THEN)
    create_budget(root, notification_emails=[FINANCE])
    (item,) = {mail.item for mail in mails(app)}
    note_bounce(app.ctx, HOOKS, item, [root.account.email])
    assert [(one["email_sent"], one["email_recipients"]) for one in messages(root)] == [(True, FINANCE)] * 2
    note_bounce(app.ctx, HOOKS, item, [FINANCE])
    assert [(one["email_sent"], one["email_recipients"]) for one in messages(root)] == [(False, "")] * 2


def test_each_message_has_its_own_period(app: App, root: Member) -> None:
    create_budget(root, alert_thresholds=[50])
    use(app, root, "60", time=THEN)
    check(app, root)
    use(app, root, "60", time=MAY)
    check(app, root)
    assert [(one["id"], one["period_start"], one["period_end"]) for one in messages(root)] == [
        (2, "2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z"),
        (1, "2026-04-01T00:00:00Z", "2026-04-30T00:00:00Z"),
    ]


def test_messages_come_in_pages(app: App, root: Member) -> None:
    use(app, root, "90", time=THEN)
    create_budget(root, alert_thresholds=EVERY)
    update_budget(root, alert_thresholds=[21, 22, 23, 24, 25])
    first, second = page(root), page(root, "?page=2")
    assert [one["id"] for one in (*first["messages"], *second["messages"])] == list(range(25, 0, -1))
    assert first["pagination"] == {"page": 1, "limit": 20, "total": 25, "total_pages": 2, "offset": 0}
    assert second["pagination"] == {"page": 2, "limit": 20, "total": 25, "total_pages": 2, "offset": 20}
    for query, ids, body in (
        ("?limit=10&page=3", [5, 4, 3, 2, 1], {"page": 3, "limit": 10, "total_pages": 3, "offset": 20}),
        ("?page_size=2", [25, 24], {"page": 1, "limit": 2, "total_pages": 13, "offset": 0}),
        ("?page_size=2&limit=1&page=25", [1], {"page": 25, "limit": 1, "total_pages": 25, "offset": 24}),
        ("?limit=100", list(range(25, 0, -1)), {"page": 1, "limit": 100, "total_pages": 1, "offset": 0}),
        ("?page=3", [], {"page": 3, "limit": 20, "total_pages": 2, "offset": 40}),
        ("?page=1000000000&limit=100", [], {"page": 10**9, "limit": 100, "total_pages": 1, "offset": 99_999_999_900}),
    ):
        found = page(root, query)
        assert ([one["id"] for one in found["messages"]], found["pagination"]) == (ids, body | {"total": 25}), query


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=1.5", "page=0", "page=x"])
def test_a_wrong_page_is_400_naming_the_parameter(root: Member, query: str) -> None:
    for sent in (query, query.replace("limit", "page_size")):
        answer = call("GET", f"{MESSAGES}?{sent}", key=root.api_key)
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith(sent.partition("=")[0])


def test_the_next_budget_has_its_own_messages_with_continuing_ids(app: App, root: Member) -> None:
    use(app, root, "90", time=THEN)
    create_budget(root)
    assert [one["id"] for one in messages(root)] == [2, 1]
    delete(root)
    assert page(root) == {"messages": [], "pagination": EMPTY_PAGE}
    create_budget(root, 1000)
    assert page(root) == {"messages": [], "pagination": EMPTY_PAGE}
    update_budget(root, budget_amount=100)
    found = page(root)
    assert [one["id"] for one in found["messages"]] == [4, 3]
    assert found["pagination"]["total"] == 2


def test_deleting_a_budget_first_alerts_what_is_reached(app: App, root: Member) -> None:
    create_budget(root)
    use(app, root, "60", time=THEN)
    delete(root)
    assert [mail.to for mail in mails(app)] == [root.account.email]
    assert messages(root) == []
    create_budget(root)
    assert [one["id"] for one in messages(root)] == [2]
