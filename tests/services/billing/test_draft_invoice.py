"""The open period has one draft invoice, which each request refreshes and the audit log has once."""

from typing import Any

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.recent_changes import MOST
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.race import race


def test_a_draft_has_one_audit_entry_however_often_it_is_refreshed(app: App) -> None:
    member = app.member()
    drafts = []
    for _ in range(3):
        app.clock.advance(hours=1)
        app.record(app.event(member, quantity=1_000_000))
        drafts.append(draft_invoice(app.ctx, authenticate(app.ctx, member.api_key)))
    assert [one.total for one in drafts] == [14_000_000, 28_000_000, 42_000_000]
    assert list_invoices(app.ctx, app.account_of(member), offset=0, limit=10) == drafts[-1:]
    (entry,) = [item for item in app.stored("core", "AUDIT#") if item["action"] == "invoice.drafted"]
    assert entry["number"] == app.account_of(member).counts.audit_count
    check_invariants(app)


def at_limit(app: App, *, left: int) -> Member:
    """A member with a draft, whose account has this many changes left in this minute."""
    member = app.member()
    draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))
    minute = int(app.clock.now().timestamp()) // 60
    app.ctx.tables.write(Update(keys.account(member.account.id), set={"minute": minute, "recent": MOST - left}))
    return member


def refresh(app: App, member: Member) -> Any:
    """Draft the invoice again, with usage that the draft lacks."""
    app.record(app.event(member, quantity=1_000_000))
    return draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))


def test_a_refreshed_draft_counts_as_a_change_of_the_account(app: App) -> None:
    member = at_limit(app, left=2)
    refresh(app, member)
    create_api_key(app.ctx, authenticate(app.ctx, member.api_key), name="the last change")
    with pytest.raises(TooManyRequests) as refused:
        refresh(app, member)
    assert refused.value.retry_after == 4
    app.clock.advance(seconds=4)
    assert refresh(app, member).total == 42_000_000
    assert app.account_of(member).recent.made == 1


def test_a_draft_that_did_not_change_is_not_written_and_does_not_count(app: App) -> None:
    member = at_limit(app, left=1)
    drafted = refresh(app, member)
    caller = authenticate(app.ctx, member.api_key)
    app.clock.advance(hours=1)
    app.meter.clear()
    assert draft_invoice(app.ctx, caller) == drafted
    assert app.meter.write_units == 0
    assert app.meter.operations == ["get_many", "query"]


def test_a_draft_before_later_invoices_is_written_and_counts(app: App) -> None:
    member = at_limit(app, left=1)
    app.change_account(member, invoices=2)
    caller = authenticate(app.ctx, member.api_key)
    draft_invoice(app.ctx, caller)
    with pytest.raises(TooManyRequests):
        draft_invoice(app.ctx, reread(app.ctx, caller))


def test_concurrent_refreshes_stop_at_the_limit(crowded_app: App) -> None:
    app = crowded_app
    member = at_limit(app, left=3)
    app.record(app.event(member, quantity=1_000_000))
    app.change_account(member, invoices=2)
    caller = authenticate(app.ctx, member.api_key)
    outcomes = race(*[lambda: draft_invoice(app.ctx, caller)] * 8)
    refused = [one for one in outcomes if isinstance(one, TooManyRequests)]
    assert len(refused) == 5
    assert app.account_of(member).recent.made == MOST
