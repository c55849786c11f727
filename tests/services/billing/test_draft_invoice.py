"""The open period has one draft invoice, which each request refreshes and the audit log has once."""

from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.identity.authenticate import authenticate
from tests.support.app import App
from tests.support.invariants import check_invariants


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
