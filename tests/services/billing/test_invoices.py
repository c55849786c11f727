"""A page of invoices: drafts first, and then by number, the newest first."""

from datetime import timedelta

from tallybook.domain.cycle import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tests.support.house import House, Member
from tests.support.invariants import check_invariants


def draft(house: House, member: Member) -> Invoice:
    return draft_invoice(house.ctx, authenticate(house.ctx, member.api_key))


def close(house: House, member: Member) -> Invoice:
    house.clock.moment = house.account_of(member).cycle.period.end + GRACE
    *_, issued = sorted(house.invoice_due(), key=lambda invoice: invoice.number or 0)
    return issued


def listed(house: House, member: Member, *, offset: int = 0, limit: int = 10) -> list[int | None]:
    """The numbers of a page's invoices; a draft has none."""
    check_invariants(house)
    found = list_invoices(house.ctx, house.account_of(member), offset=offset, limit=limit)
    assert [(one.number is None) == (one.status == "draft") for one in found] == [True] * len(found)
    return [one.number for one in found]


def test_a_draft_made_within_30_minutes_of_a_periods_end_stands_before_that_periods_invoice(house: House) -> None:
    member = house.member()
    close(house, member)
    house.clock.moment = house.account_of(member).cycle.period.end + timedelta(minutes=5)
    early = draft(house, member)
    second = close(house, member)
    assert early.position < second.position
    assert listed(house, member) == [None, 2, 1]
    third = close(house, member)
    assert (third.number, third.position) == (3, early.position)
    assert listed(house, member) == [3, 2, 1]
    draft(house, member)
    assert listed(house, member) == [None, 3, 2, 1]


def test_a_draft_stands_before_what_was_issued_anew_beside_it(house: House) -> None:
    house.apply_catalog(free_plan="pro", welcome_credit=0)
    member = house.member()
    first = close(house, member)
    draft(house, member)
    void_invoice(house.ctx, first.id, reason="as asked")
    assert listed(house, member) == [None, 1]
    again = reissue_invoice(house.ctx, first.id)
    assert again.position == 3
    assert listed(house, member) == [None, 2, 1]
    close(house, member)
    assert listed(house, member) == [3, 2, 1]


def test_pages_hold_each_invoice_once(house: House) -> None:
    member = house.member()
    for _ in range(3):
        house.clock.moment = house.account_of(member).cycle.period.end + timedelta(minutes=5)
        draft(house, member)
        close(house, member)
    draft(house, member)
    pages = [listed(house, member, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert sorted(number or 0 for page in pages for number in page) == [0, 1, 2, 3]
    assert all(page == sorted(page, key=lambda number: number or 9, reverse=True) for page in pages)
