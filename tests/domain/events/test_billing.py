"""The data of each event of subscriptions, the wallet and invoices."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tallybook.domain.events import billing
from tallybook.domain.invoice_lines import InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import BusEvent
from tallybook.domain.wallet import Entry
from tests.domain.events.samples import ACCOUNT, AT, PERIOD

ENTRY = Entry("e1", "a1", "adjustment", -5, "order 7", AT, number=3, balance_after=-2, note="between us")
INVOICE = Invoice(
    id="i1",
    account_id="a1",
    revision=2,
    position=9,
    period=PERIOD,
    plan="pro",
    plan_name="Pro",
    currency="USD",
    lines=(InvoiceLine("subscription", "Subscription Fee for Pro plan", 20_000_000),),
    tax_rate=Decimal(20),
).issue(number=7, now=PERIOD.end)

INVOICE_FIELDS = {
    "account_id": "acc-a1",
    "invoice_id": "inv-i1",
    "invoice_number": 7,
    "period_start": "2026-03-31T18:30:00.000Z",
    "period_end": "2026-04-30T18:30:00.000Z",
    "total": 24_000_000,
    "currency": "USD",
}


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (
            billing.subscription_started(ACCOUNT),
            "SubscriptionStarted",
            {
                "account_id": "acc-a1",
                "subscription_id": "sub-s1",
                "plan_name": "pro",
                "started_at": "2026-04-27T12:34:56.789Z",
            },
        ),
        (
            billing.wallet_moved(ENTRY),
            "WalletMoved",
            {
                "account_id": "acc-a1",
                "entry_id": "led-e1",
                "number": 3,
                "kind": "adjustment",
                "amount": -5,
                "balance": -2,
                "reference": "order 7",
            },
        ),
        (
            billing.wallet_moved(replace(ENTRY, kind="invoice_payment", cause="i1")),
            "WalletMoved",
            {
                "account_id": "acc-a1",
                "entry_id": "led-e1",
                "number": 3,
                "kind": "invoice_payment",
                "amount": -5,
                "balance": -2,
                "reference": "inv-i1",
            },
        ),
        (
            billing.invoice_issued(INVOICE.pay_from(5_001_234, at=AT)),
            "InvoiceIssued",
            {
                **INVOICE_FIELDS,
                "status": "open",
                "amount_due": 19_000_000,
                "revision": 2,
                "plan_name": "pro",
                "subtotal": 20_000_000,
                "tax": 4_000_000,
                "paid_by_balance": 5_000_000,
                "issued_at": "2026-04-30T18:30:00.000Z",
                "due_date": "2026-05-07T18:30:00.000Z",
            },
        ),
        (
            billing.invoice_paid(INVOICE.pay_from(99_000_000, at=AT)),
            "InvoicePaid",
            {
                **INVOICE_FIELDS,
                "status": "paid",
                "amount_due": 0,
                "paid_at": "2026-04-27T12:34:56.789Z",
                "paid_by_balance": 24_000_000,
                "payment_method": "Balance",
            },
        ),
        (
            billing.invoice_overdue(INVOICE.pay_from(5_000_000, at=AT).mark_overdue()),
            "InvoiceOverdue",
            {
                **INVOICE_FIELDS,
                "status": "overdue",
                "amount_due": 19_000_000,
                "due_date": "2026-05-07T18:30:00.000Z",
            },
        ),
        (
            billing.invoice_voided(INVOICE.void(at=AT, reason="twice"), given_back=5_000_000),
            "InvoiceVoided",
            {
                **INVOICE_FIELDS,
                "status": "void",
                "amount_due": 0,
                "voided_at": "2026-04-27T12:34:56.789Z",
                "reason": "twice",
                "given_back": 5_000_000,
            },
        ),
    ],
)
def test_an_event_has_its_documented_data_and_nothing_else(event: BusEvent, name: str, data: dict[str, object]) -> None:
    assert event == BusEvent(name, data, version=1)
