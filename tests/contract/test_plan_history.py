"""GET account/subscription/history: all plan changes, newest first, in pages."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.contract.bills import APRIL, get, refusal
from tests.contract.plans import HISTORY, change_plan_to, create_payer, history
from tests.support.app import App, Member


@pytest.fixture
def changed(app: App) -> Member:
    """An account with seven plan changes, to pro and back, a day apart."""
    app.clock.moment = APRIL
    member = create_payer(app)
    for day in range(1, 8):
        app.clock.moment = APRIL + timedelta(days=day)
        change_plan_to(member, "pro" if day % 2 else "hobby")
    return member


def test_newest_comes_first_and_each_period_follows_the_one_before(changed: Member) -> None:
    listed = history(changed)
    assert [row["changed_at"] for row in listed] == [f"2026-04-{day:02}T00:00:00Z" for day in range(8, 1, -1)]
    assert [row["new_plan_name"] for row in listed] == ["pro", "hobby"] * 3 + ["pro"]
    for later, earlier in pairwise(listed):
        assert later["old_plan_name"] == earlier["new_plan_name"]
        assert later["old_period_start"] == earlier["new_period_start"]
    assert len({row["change_id"] for row in listed}) == len({row["invoice_id"] for row in listed}) == 7
    assert {row["account_id"] for row in listed} == {changed.subject}
    assert len({row["subscription_id"] for row in listed}) == 1


def test_pages_of_any_size_hold_each_change_once(changed: Member) -> None:
    whole = history(changed)
    for size in (1, 2, 3, 7):
        pages = -(-7 // size)
        rows = [row for page in range(1, pages + 1) for row in history(changed, f"?page={page}&limit={size}")]
        assert rows == whole
    data = get(changed, f"{HISTORY}?page=2&page_size=3").json["data"]
    assert data["pagination"] == {"page": 2, "limit": 3, "total": 7, "total_pages": 3, "offset": 3}
    assert data["history"] == whole[3:6]


def test_a_page_past_the_end_or_without_changes_is_empty(app: App, changed: Member) -> None:
    assert get(changed, f"{HISTORY}?page=4&limit=2").json["data"]["history"] != []
    assert get(changed, f"{HISTORY}?page=5&limit=2").json["data"]["history"] == []
    data = get(app.member(), HISTORY).json["data"]
    assert data == {
        "history": [],
        "pagination": {"page": 1, "limit": 50, "total": 0, "total_pages": 0, "offset": 0},
    }


@pytest.mark.parametrize("query", ["?page=0", "?limit=101", "?limit=0", "?page=x", "?page_size=-1"])
def test_a_wrong_page_of_the_history_is_refused(changed: Member, query: str) -> None:
    assert refusal(get(changed, HISTORY + query)) == (400, "invalid_request")


def test_root_users_read_it_even_while_suspended(app: App, changed: Member) -> None:
    app.change_user(changed, is_root=False)
    assert refusal(get(changed, HISTORY)) == (403, "root_user_required")
    app.change_user(changed, is_root=True)
    app.change_account(changed, status="suspended")
    assert len(history(changed)) == 7


def test_any_page_takes_two_round_trips(app: App, changed: Member) -> None:
    history(changed)
    for query in ("", "?page=4&limit=2"):
        app.meter.clear()
        history(changed, query)
        assert app.meter.operations == ["get_many", "query"]


def test_a_change_by_the_operator_is_named_and_an_older_entry_shows_as_stored(app: App, changed: Member) -> None:
    """Earlier releases stored such a change with the reason of a user's."""
    app.clock.advance(days=1)
    account = app.account_of(changed)
    change_plan(app.ctx, account, "hobby", actor=OPERATOR, must_pay=False)
    assert [row["change_reason"] for row in history(changed, "?limit=2")] == ["operator_change", "user_upgrade"]
    newest = keys.plan_change(account.id, 8)
    app.ctx.tables.write(Update(newest, set={"reason": "user_downgrade"}))
    assert [row["change_reason"] for row in history(changed, "?limit=2")] == ["user_downgrade", "user_upgrade"]
