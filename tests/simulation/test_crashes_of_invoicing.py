"""A crash at any external call of invoicing loses no money, bills nothing twice, and leaves no period half-closed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tallybook.domain.cycle import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.support.house import House, Member
from tests.support.snapshot import keep, put_back

type Act = Callable[[House, Any], Any]


def subscriber(house: House) -> Member:
    """On a plan of 20.00 a month, with a balance of 1.00 and 14.00 of usage."""
    house.apply_catalog(free_plan="pro", tax_rate="7.7")
    member = house.member()
    house.record(house.event(member, quantity=1_000_000))
    return member


def end_period(house: House, member: Member) -> None:
    house.clock.moment = house.account_of(member).cycle.period.end + GRACE


def draft(house: House, member: Member) -> Invoice:
    return draft_invoice(house.ctx, authenticate(house.ctx, member.api_key))


def invoices(house: House, member: Member) -> list[Invoice]:
    """Oldest first."""
    return list_invoices(house.ctx, house.account_of(member), offset=0, limit=100)[::-1]


def everything(house: House) -> list[dict[str, Any]]:
    items = house.stored("core") + house.stored("usage")
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def sweep_alike(sweep: Sweep, prepare: Callable[[House], Any], act: Act) -> tuple[int, Any]:
    """Whatever crashed, all that is stored in the end is what a run without a crash stores; and what that answers."""
    clean: dict[str, Any] = {}

    def prepared(house: House) -> Any:
        known = prepare(house)
        before = keep()
        clean["answer"] = act(house, known)
        clean["state"] = everything(house)
        put_back(before)
        assert everything(house) != clean["state"]
        return known

    def check(house: House, known: Any, answer: Any) -> None:
        assert everything(house) == clean["state"]

    return sweep(prepared, act, check), clean["answer"]


def invoice_due(house: House, _: Any) -> list[Invoice]:
    return house.invoice_due()


def with_late_usage(house: House) -> Member:
    """One period closed, late usage for it, a draft of the next, and that one at its end."""
    member = subscriber(house)
    end_period(house, member)
    house.invoice_due()
    late = house.event(member, quantity=500_000, time=house.clock.now() - timedelta(hours=1))
    house.record(late, house.event(member, quantity=2_000_000))
    give_credits(house.ctx, house.platform(), Move(member.account.id, 3_000_000, "grant", "order 7"))
    draft(house, member)
    house.clock.advance(days=8)
    house.invoice_due()  # the first invoice is overdue then
    end_period(house, member)
    return member


def test_closing_a_period_that_has_a_draft_late_usage_and_a_balance(sweep: Sweep) -> None:
    calls, (issued,) = sweep_alike(sweep, with_late_usage, invoice_due)
    kinds = {line.type: line.amount for line in issued.lines}
    assert kinds == {"subscription": 20_000_000, "usage": 28_000_000, "late_usage": 7_000_000}
    assert (issued.total, issued.paid_by_balance, issued.status) == (59_240_000, 3_000_000, "open")
    # 8 places in the index; the account; its usage, and what came late; two catalogs; what is there; the transaction
    assert calls == 8 + 1 + 2 + 2 + 1 + 1


def test_closing_three_missed_months_one_after_the_other(sweep: Sweep) -> None:
    def prepare(house: House) -> Member:
        member = subscriber(house)
        house.clock.advance(days=95)
        return member

    calls, issued = sweep_alike(sweep, prepare, invoice_due)
    assert [(one.number, one.total) for one in issued] == [(1, 36_620_000), (2, 21_540_000), (3, 21_540_000)]
    assert calls == 22


def test_drafting_and_refreshing_a_draft(sweep: Sweep) -> None:
    def refresh(house: House, known: tuple[Member, Invoice | None]) -> Invoice:
        return draft(house, known[0])

    def check(house: House, known: tuple[Member, Invoice | None], answer: Invoice) -> None:
        assert invoices(house, known[0]) == [answer]
        assert (answer.status, answer.number, answer.position) == ("draft", None, 1)
        assert answer.total == (36_620_000 if known[1] is None else 51_700_000)

    def first(house: House) -> tuple[Member, Invoice | None]:
        return subscriber(house), None

    def again(house: House) -> tuple[Member, Invoice | None]:
        member = subscriber(house)
        before = draft(house, member)
        house.record(house.event(member, quantity=1_000_000))
        return member, before

    assert sweep(first, refresh, check) == 6  # the key's first use is noted as well
    assert sweep(again, refresh, check) == 5


def test_usage_that_comes_late(sweep: Sweep) -> None:
    def prepare(house: House) -> tuple[Member, list[Any]]:
        member = subscriber(house)
        end_period(house, member)
        house.invoice_due()
        before = house.clock.now() - timedelta(hours=1)
        late = [house.event(member, quantity=1, time=before) for _ in range(150)]
        return member, [*late, house.event(member, quantity=1), house.event(member, meter="credits", time=before)]

    def ingest(house: House, known: tuple[Member, list[Any]]) -> None:
        answers = house.record(*known[1])
        assert {answer.status for answer in answers} <= {"accepted", "duplicate"}

    calls, _ = sweep_alike(sweep, prepare, ingest)
    assert calls == 5


def unpaid(house: House) -> tuple[Member, Invoice]:
    """An invoice that the balance paid a part of."""
    member = subscriber(house)
    end_period(house, member)
    (issued,) = house.invoice_due()
    assert (issued.paid_by_balance, issued.status) == (1_000_000, "open")
    return member, issued


def test_marking_an_invoice_overdue(sweep: Sweep) -> None:
    def prepare(house: House) -> None:
        unpaid(house)
        house.clock.advance(days=7)

    calls, (overdue,) = sweep_alike(sweep, prepare, invoice_due)
    assert overdue.status == "overdue"
    assert calls == 11


def test_voiding_an_invoice_gives_back_what_the_balance_had_paid(sweep: Sweep) -> None:
    def void(house: House, known: tuple[Member, Invoice]) -> tuple[Invoice, int]:
        after = void_invoice(house.ctx, known[1].id, reason="as asked")
        return after, house.account_of(known[0]).balance

    calls, (after, balance) = sweep_alike(sweep, unpaid, void)
    assert (after.status, after.paid_by_balance, balance) == ("void", 0, 1_000_000)
    assert calls == 5


def test_issuing_a_void_invoice_anew(sweep: Sweep) -> None:
    def prepare(house: House) -> tuple[Member, Invoice]:
        member, issued = unpaid(house)
        void_invoice(house.ctx, issued.id, reason="as asked")
        house.change_account(member, discount=Decimal(50))
        return member, issued

    def reissue(house: House, known: tuple[Member, Invoice]) -> Invoice:
        return reissue_invoice(house.ctx, known[1].id)

    calls, after = sweep_alike(sweep, prepare, reissue)
    assert (after.revision, after.number, after.total, after.paid_by_balance) == (2, 2, 25_850_000, 1_000_000)
    assert calls == 6
