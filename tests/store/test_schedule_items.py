"""An account's schedules are stored and read back, however many there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tallybook.domain.periods import BillingSchedule, period_of, with_anchor
from tallybook.store.accounts import account_item, read_account
from tallybook.store.schedules import schedule_items
from tests.support.app import App


def test_two_thousand_schedules_are_stored_oldest_first_and_read_back(app: App) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    chain = BillingSchedule(start, "UTC")
    for number in range(1, 2_000):
        chain = with_anchor(chain, start + timedelta(minutes=number))
    items = schedule_items(chain)
    assert [item["anchor"] for item in items] == sorted({item["anchor"] for item in items})
    assert len(items) == 2_000
    account = read_account(account_item(replace(app.member().account, schedule=chain)))
    assert schedule_items(account.schedule) == items
    assert period_of(account.schedule, start) == period_of(chain, start)
