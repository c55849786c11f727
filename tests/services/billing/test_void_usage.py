"""Late usage of a period whose invoice is void: nobody is credited what they never owed, and no credit stays unpaid.

Volume price: 1.00 a unit up to 100 units, and 0.10 for every unit above. So 100 units cost 100.00 and 101 cost 10.10.
"""

from collections.abc import Iterable

import pytest

from tallybook.domain.accounts import Account, Correction
from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import stamp
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.store import keys
from tallybook.store.commands import Item, Update
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import apply_volume_price, close

DOLLAR = 1_000_000


@pytest.fixture
def member(app: App) -> Member:
    """A member with 100 units, at 20 % tax and without a fee."""
    apply_volume_price(app, tax_rate="20")
    member = app.member()
    use(app, member, 100)
    return member


def use(app: App, member: Member, quantity: int) -> None:
    """Use the volume meter at the start of the account's first period."""
    event = app.event(member, meter="bulk", quantity=quantity, time=member.account.first_period_at)
    assert [result.status for result in app.record(event)] == ["accepted"]


def void(app: App, invoice: Invoice) -> None:
    void_invoice(app.ctx, invoice.id, reason="never to be billed")
    check_invariants(app)


def stored_void(app: App, member: Member, invoice: Invoice) -> tuple[int, bool]:
    """What is stored with the invoice's period: how much of its bills is void, and whether its own invoice is."""
    item = app.ctx.tables.get(period_key(member.account.id, invoice.period))
    assert item is not None
    return read_billing_period(item).voided, read_billing_period(item).is_void


def draft(app: App, member: Member) -> Invoice:
    return draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))


def carried_credit(app: App, member: Member) -> int:
    account: Account = app.account_of(member)
    return account.closing_cursor.carried_credit


def test_a_late_event_of_a_void_period_credits_nothing(app: App, member: Member) -> None:
    first = close(app, member)
    assert first.total == 120 * DOLLAR
    void(app, first)
    use(app, member, 1)
    assert (draft(app, member).lines, draft(app, member).total) == ((), 0)
    second = close(app, member)
    assert (second.lines, second.carried_credit, carried_credit(app, member)) == ((), 0, 0)


def test_a_void_after_the_correction_takes_the_correction_back(app: App, member: Member) -> None:
    first = close(app, member)
    use(app, member, 1)
    second = close(app, member)
    assert (second.sum_of("late_usage"), second.carried_credit) == (-89_900_000, 107_880_000)
    void(app, first)
    assert draft(app, member).sum_of("late_usage") == 89_900_000
    third = close(app, member)
    assert (third.sum_of("late_usage"), third.total, third.carried_credit) == (89_900_000, 0, 0)
    assert close(app, member).lines == ()


def test_more_late_usage_after_a_void_is_billed_above_what_was_void(app: App, member: Member) -> None:
    """1,500 units cost 150.00, of which 100.00 were void."""
    void(app, close(app, member))
    use(app, member, 1_400)
    assert close(app, member).sum_of("late_usage") == 50 * DOLLAR


def test_a_reissue_credits_what_the_void_invoice_had_withheld(app: App, member: Member) -> None:
    first = close(app, member)
    void(app, first)
    use(app, member, 1)
    assert close(app, member).lines == ()
    again = reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert again.sum_of("usage") == 100 * DOLLAR
    assert draft(app, member).sum_of("late_usage") == -89_900_000
    assert close(app, member).sum_of("late_usage") == -89_900_000


def test_a_reissue_after_the_correction_is_corrected_again(app: App, member: Member) -> None:
    first = close(app, member)
    use(app, member, 1)
    close(app, member)
    void(app, first)
    assert close(app, member).sum_of("late_usage") == 89_900_000
    reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert close(app, member).sum_of("late_usage") == -89_900_000
    assert close(app, member).sum_of("late_usage") == 0


def test_a_void_invoice_with_a_late_line_is_not_billed_through_its_period(app: App, member: Member) -> None:
    """The late line of 50.00 is void with its invoice; a later event can't credit it."""
    close(app, member)
    use(app, member, 1_400)
    second = close(app, member)
    assert second.sum_of("late_usage") == 50 * DOLLAR
    void(app, second)
    assert close(app, member).lines == ()
    again = reissue_invoice(app.ctx, second.id)
    assert again.sum_of("late_usage") == 50 * DOLLAR
    assert close(app, member).lines == ()


def test_a_void_and_reissued_invoice_leaves_later_bills_as_they_were(app: App, member: Member) -> None:
    first = close(app, member)
    void(app, first)
    reissue_invoice(app.ctx, first.id)
    use(app, member, 1)
    assert close(app, member).sum_of("late_usage") == -89_900_000


def test_a_period_voided_by_older_code_is_reissued_and_billed(app: App, member: Member) -> None:
    """The older code stored nothing about what a void invoice had billed."""
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("corrections",)))
    reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert app.account_of(member).corrections == {}
    assert stored_void(app, member, first) == (0, False)
    use(app, member, 1)
    assert close(app, member).sum_of("late_usage") == -89_900_000


def test_the_next_closing_moves_what_is_void_from_the_account_to_the_period(app: App, member: Member) -> None:
    """So the account's item stays small, however many invoices stay void."""
    first = close(app, member)
    void(app, first)
    start = stamp(first.period.start)
    assert app.account_of(member).corrections == {start: Correction(100 * DOLLAR, 100 * DOLLAR, is_void=True)}
    assert stored_void(app, member, first) == (0, False)
    close(app, member)
    assert app.account_of(member).corrections == {}
    assert stored_void(app, member, first) == (100 * DOLLAR, True)
    reissue_invoice(app.ctx, first.id)
    assert app.account_of(member).corrections == {start: Correction(-100 * DOLLAR, -100 * DOLLAR, is_void=False)}
    close(app, member)
    assert app.account_of(member).corrections == {}
    assert stored_void(app, member, first) == (0, False)


def test_a_reissue_during_a_closing_sees_that_the_invoice_was_void(app: App, member: Member) -> None:
    """The closing moves what is void after the reissue has read the account, and before it reads the period."""
    first = close(app, member)
    void(app, first)
    use(app, member, 1)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    read = app.ctx.tables.get_many
    closed: list[int] = []

    def read_then_close(wanted: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        found = read(wanted, consistent=consistent)
        if not closed:
            closed.append(1)
            app.invoice_due()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.ctx.tables, "get_many", read_then_close)
        reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert close(app, member).sum_of("late_usage") == -89_900_000
    assert stored_void(app, member, first) == (0, False)


def test_a_draft_a_preview_and_a_closing_bill_the_same_late_line(app: App, member: Member) -> None:
    first = close(app, member)
    use(app, member, 1)
    close(app, member)
    void(app, first)
    principal = authenticate(app.ctx, member.api_key)
    previewed = preview_plan(app.ctx, principal, "pro").invoice
    assert previewed.sum_of("late_usage") == draft(app, member).sum_of("late_usage") == 89_900_000
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    app.clock.advance(minutes=1)
    assert preview_plan(app.ctx, authenticate(app.ctx, member.api_key), "pro").invoice.sum_of("late_usage") == 0
    assert close(app, member).sum_of("late_usage") == 89_900_000


def test_a_plan_change_bills_the_periods_of_a_void_invoice_again(app: App, member: Member) -> None:
    first = close(app, member)
    use(app, member, 1)
    close(app, member)
    void(app, first)
    app.clock.advance(days=1)
    changed = change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    assert changed.invoice.sum_of("late_usage") == 89_900_000
    assert app.account_of(member).corrections == {}
    check_invariants(app)
    assert close(app, member).sum_of("late_usage") == 0
