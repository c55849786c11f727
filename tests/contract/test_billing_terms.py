"""The effect of an account's terms, suspensions and the catalog's currency on its fee, tax and amounts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.suspension import set_account_status
from tests.contract.bills import (
    APRIL,
    INVOICES,
    MAY,
    PERIODS,
    change_terms,
    close_periods,
    create_draft,
    create_pro_member,
    exact,
    get,
    lines,
    newest_invoice,
    use,
)
from tests.contract.examples import expect
from tests.support.app import App, Member

TICK = timedelta(minutes=30)


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def fee(member: Member) -> dict[str, Any]:
    """The fee of the current bill; the current period must have the same."""
    current = get(member, "/v1/billing/current").json["data"]["subscription_fee"]
    assert current.pop("plan_name") == "Pro"
    assert get(member, PERIODS).json["data"]["periods"][0]["subscription_fee"] == current
    body: dict[str, Any] = current
    return body


def set_status_at(app: App, member: Member, status: Any, *, at: datetime) -> None:
    app.clock.moment = at
    set_account_status(app.ctx, member.account.id, status, reason="a test", actor=OPERATOR)


@pytest.mark.parametrize(
    ("discount", "credit", "final"),
    [("0", 0, 20), ("25", 5, 15), ("12.5", 2.5, 17.5), ("33.3333", 6.67, 13.33), ("100", 20, 0)],
)
def test_a_discount_is_a_credit_of_the_fee_and_a_line_of_the_invoice(
    app: App, april: Member, discount: str, credit: float, final: float
) -> None:
    change_terms(app, april, discount=Decimal(discount))
    assert fee(april) == {"standard": 20, "credit": credit, "final": final}
    close_periods(app, at=MAY + TICK)
    assert lines(newest_invoice(april)) == [("subscription", 20), *([("discount", -credit)] if credit else [])]
    assert newest_invoice(april)["total_amount"] == final
    assert get(april, PERIODS).json["data"]["periods"][1]["subscription_fee"]["credit"] == credit


def test_no_fee_accrues_while_the_account_is_suspended(app: App, april: Member) -> None:
    set_status_at(app, april, "suspended", at=APRIL + timedelta(days=6))
    assert fee(april) == {"standard": 20, "credit": 0, "final": 20}
    app.clock.moment = APRIL + timedelta(days=9)
    assert fee(april) == {"standard": 20, "credit": 2, "final": 18}
    set_status_at(app, april, "active", at=APRIL + timedelta(days=12))
    app.clock.moment = APRIL + timedelta(days=29)
    assert fee(april) == {"standard": 20, "credit": 4, "final": 16}
    close_periods(app, at=MAY + TICK)
    assert lines(newest_invoice(april)) == [("subscription", 20), ("credit", -4)]
    assert newest_invoice(april)["line_items"][1]["description"] == "Time for which the account was suspended"
    assert fee(april) == {"standard": 20, "credit": 0, "final": 20}


def test_a_suspended_account_with_a_discount_is_credited_both(app: App, april: Member) -> None:
    change_terms(app, april, discount=Decimal(25))
    set_status_at(app, april, "suspended", at=APRIL + timedelta(days=15))
    close_periods(app, at=MAY + TICK)
    assert lines(newest_invoice(april)) == [("subscription", 20), ("discount", -5), ("credit", -7.5)]
    assert get(april, PERIODS).json["data"]["periods"][1]["subscription_fee"] == {
        "standard": 20,
        "credit": 12.5,
        "final": 7.5,
    }


def test_tax_is_the_catalogs_unless_the_account_has_a_rate_of_its_own(app: App) -> None:
    app.apply_catalog(free_plan="pro", tax_rate="20")
    app.clock.moment = APRIL
    member = app.member()
    taxed = {}
    for rate in (None, Decimal(0), Decimal("7.7"), Decimal("0.001")):
        change_terms(app, member, tax_rate=rate)
        taxed[rate] = create_draft(member)["tax_amount"]
    assert taxed == {None: 4, Decimal(0): 0, Decimal("7.7"): 1.54, Decimal("0.001"): 0}


def test_tax_is_rounded_once_on_the_sum_of_the_lines(app: App, april: Member) -> None:
    change_terms(app, april, tax_rate=Decimal(20), discount=Decimal(100))
    use(app, april, "0.09", time=APRIL)
    assert create_draft(april)["tax_amount"] == 0.02


def test_a_period_keeps_the_catalogs_tax_rate_that_it_opened_with(app: App, april: Member) -> None:
    app.apply_catalog(free_plan="pro", tax_rate="20")
    assert create_draft(april)["tax_amount"] == 0
    app.clock.moment = MAY
    assert create_draft(april)["tax_amount"] == 4


def test_late_usage_that_lowers_a_bill_is_carried_until_it_is_used_up(app: App) -> None:
    """Volume prices: the 100,001st unit makes all of them cheaper."""
    data = app.catalog_data()
    cheaper = {"model": "volume", "tiers": [{"up_to": "100000", "unit_price": "0.001"}, {"unit_price": "0.0002"}]}
    data["meters"]["cpu_seconds"]["prices"] = [cheaper]
    app.apply_catalog(meters=data["meters"])
    app.clock.moment = APRIL
    member = app.member()
    app.record(app.event(member, quantity=100_000, time=APRIL))
    close_periods(app, at=MAY + TICK)
    assert newest_invoice(member)["total_amount"] == 100
    app.record(app.event(member, quantity=1, time=MAY - timedelta(hours=1)))
    close_periods(app, at=datetime(2026, 6, 1, 0, 30, tzinfo=UTC))
    may = newest_invoice(member)
    assert lines(may) == [("late_usage", -80), ("carried", 80)]
    assert (may["subtotal"], may["total_amount"], may["status"]) == (0, 0, "paid")
    app.record(app.event(member, quantity=10_000))
    body = create_draft(member)
    assert lines(body) == [("usage", 10), ("carried", -80), ("carried", 70)]
    assert [line["description"] for line in body["line_items"][1:]] == [
        "Carried from last invoice",
        "Carried to next invoice",
    ]


@pytest.fixture
def abroad(empty_app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app without a catalog, and so without a currency; the real handlers use it."""
    from tallybook import runtime

    monkeypatch.setattr(runtime, "context", lambda: empty_app.ctx)
    return empty_app


def billed_abroad(app: App, currency: str, price: str) -> dict[str, Any]:
    plans = app.catalog_data()["plans"]
    plans["hobby"]["price"] = price
    app.apply_catalog(currency=currency, plans=plans, welcome_credit=7_654_321)
    app.clock.moment = APRIL
    member = app.member()
    change_terms(app, member, tax_rate=Decimal("7.7"), discount=Decimal("33.3"))
    use(app, member, "1234.5678", time=APRIL + timedelta(days=1))
    close_periods(app, at=MAY + TICK)
    return expect(get(member, INVOICES), 200, "billing_invoices")["data"]["invoices"][0]


def test_amounts_in_yen_have_no_decimals(abroad: App) -> None:
    body = billed_abroad(abroad, "JPY", "2000")
    assert lines(body) == [("subscription", 2000), ("discount", -666), ("usage", 1235)]
    assert (body["currency"], body["subtotal"], body["tax_amount"], body["total_amount"]) == (
        "JPY",
        2569,
        198,
        2767,
    )
    assert body["amount_due"] == 2760, "the balance paid 7 whole yen"
    assert all(isinstance(line["amount"], int) for line in body["line_items"])


def test_amounts_in_dinars_have_three_decimals(abroad: App) -> None:
    body = billed_abroad(abroad, "KWD", "6.125")
    assert lines(body) == [("subscription", 6.125), ("discount", -2.04), ("usage", 1234.568)]
    assert exact(body["subtotal"]) == Decimal("1238.653")
    assert exact(body["tax_amount"]) == Decimal("95.376")
    assert exact(body["total_amount"]) == Decimal("1334.029")
    assert exact(body["amount_due"]) == Decimal("1334.029") - Decimal("7.654")
