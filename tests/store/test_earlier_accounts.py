"""An account that was stored before an attribute existed is read, and goes on."""

from typing import Any

import pytest

from tallybook.domain.accounts import Account
from tallybook.store import keys
from tallybook.store.accounts import account_item, read_account
from tests.store.samples import ACCOUNT
from tests.support.allocations import allocate_to, request_quota
from tests.support.app import App
from tests.support.broken_items import break_item
from tests.support.budgets import messages_of, run_usage_check, set_up_budget, spend
from tests.support.call import call
from tests.support.invariants import check_invariants

ADDED = (
    "changes",
    "schedules",
    "allocations",
    "requests",
    "allocated",
    "budgets",
    "messages",
    "archived",
    "discount",
    "suspended_ms",
)


@pytest.mark.parametrize("attribute", ADDED)
def test_an_attribute_that_a_release_added_has_its_default(attribute: str) -> None:
    stored = {name: value for name, value in account_item(ACCOUNT).items() if value is not None}
    del stored[attribute]
    read: Account = read_account(stored)
    assert read == ACCOUNT


def test_an_account_of_before_budgets_and_quotas_gets_them(app: App) -> None:
    member = app.member()
    colleague = app.colleague(member)

    def forget(item: dict[str, Any]) -> None:
        for attribute in ADDED:
            item.pop(attribute, None)

    break_item(app, keys.account(member.account.id), forget)
    set_up_budget(app, member, amount=1)
    allocate_to(app, member, colleague, concurrent_sandboxes=1)
    request_quota(app, colleague, concurrent_sandboxes=2)
    spend(app, member, 1)
    run_usage_check(app)
    assert len(messages_of(app, member)) == 3
    assert call("GET", "/v1/budgets/status", key=member.api_key).status == 200
    app.clock.moment = app.account_of(member).closing_cursor.closes_at
    app.invoice_due()
    check_invariants(app)
