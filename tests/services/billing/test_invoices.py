"""A page of invoices: drafts first, then by descending number."""

from datetime import timedelta

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def draft(app: App, member: Member) -> Invoice:
    return draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))


def close(app: App, member: Member) -> Invoice:
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    *_, issued = sorted(app.invoice_due(), key=lambda invoice: invoice.number or 0)
    return issued


def list_numbers(app: App, member: Member, *, offset: int = 0, limit: int = 10) -> list[int | None]:
    """The numbers of a page's invoices; a draft has none."""
    check_invariants(app)
    found = list_invoices(app.ctx, app.account_of(member), offset=offset, limit=limit)
    assert [(one.number is None) == (one.status == "draft") for one in found] == [True] * len(found)
    return [one.number for one in found]


def test_a_draft_made_in_the_grace_comes_before_that_invoice(app: App) -> None:
    member = app.member()
    close(app, member)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(minutes=5)
    early = draft(app, member)
    second = close(app, member)
    assert early.position < second.position
    assert list_numbers(app, member) == [None, 2, 1]
    third = close(app, member)
    assert (third.number, third.position) == (3, early.position)
    assert list_numbers(app, member) == [3, 2, 1]
    draft(app, member)
    assert list_numbers(app, member) == [None, 3, 2, 1]


def test_a_draft_comes_before_a_reissued_invoice(app: App) -> None:
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    member = app.member()
    first = close(app, member)
    draft(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    assert list_numbers(app, member) == [None, 1]
    again = reissue_invoice(app.ctx, first.id)
    assert again.position == 3
    assert list_numbers(app, member) == [None, 2, 1]
    close(app, member)
    assert list_numbers(app, member) == [3, 2, 1]


def test_pages_have_each_invoice_once(app: App) -> None:
    member = app.member()
    for _ in range(3):
        app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(minutes=5)
        draft(app, member)
        close(app, member)
    draft(app, member)
    pages = [list_numbers(app, member, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert sorted(number or 0 for page in pages for number in page) == [0, 1, 2, 3]
    assert all(page == sorted(page, key=lambda number: number or 9, reverse=True) for page in pages)
