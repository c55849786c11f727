"""The mails about invoices, from the closing of a period to the rendered text."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.invoice_lines import Detail, InvoiceLine, usage_line
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.outbox import InvoiceRef, Mail
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.services.outbox.billing_contexts import MAX_DETAILS, invoice_context
from tallybook.services.outbox.deliver import show_outbox_item
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store.invoices import replace_invoice
from tests.support.app import App, Member
from tests.support.fake_aws import SentMail
from tests.support.markup import Markup

ADA = "ada@example.com"
NOW = datetime(2026, 5, 20, 13, tzinfo=UTC)


@pytest.fixture
def ada(app: App) -> Member:
    """A member on a plan of 20.00 a month with a welcome credit of 1.00."""
    member = app.member(ADA)
    app.change_account(member, plan="pro", tax_rate=Decimal(20), display_name="Engines & Sons")
    return member


def run(app: App) -> list[Invoice]:
    """Run the invoicing tasks that are due now."""
    return [invoice for task in list(due_tasks(app.ctx, INVOICES)) for invoice in run_task(app.ctx, task)]


def close(app: App) -> Invoice:
    """Move past the present period's end and run the invoicing."""
    app.clock.moment = NOW
    (invoice,) = run(app)
    return invoice


def invoice_mails(app: App, subject_part: str = "invoice no.") -> list[SentMail]:
    return [mail for mail in app.deliver().mails_to(ADA) if subject_part in mail.subject]


def test_an_invoice_mail_has_lines_payment_from_balance_and_amount_due(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000), app.event(ada, meter="container_minutes", sku="M", quantity="1440.5"))
    close(app)
    (mail,) = invoice_mails(app)
    assert mail.subject == "Your Tallybook invoice no. 1: 3.10 USD"
    expected = [
        'Here is invoice no. 1 for the account "Engines & Sons", issued on 20 May 2026.',
        "Period: 20 April 2026 to 19 May 2026",
        "Plan: Hobby",
        "Resource Usage: 2.58 USD",
        "  - 150,000 CPU seconds: 2.10 USD",
        "  - 1,440.5 container minutes (M): 0.48 USD",
        "Subtotal: 2.58 USD",
        "Tax (20 %): 0.52 USD",
        "Total: 3.10 USD",
        "Paid from your balance: 1.00 USD",
        "To pay before 27 May 2026: 2.10 USD",
    ]
    assert [line for line in expected if line not in mail.text.splitlines()] == []
    read = Markup(mail.html).text
    assert "150,000 CPU seconds 2.10 USD" in read
    assert "Total 3.10 USD" in read


def test_the_mail_of_an_invoice_paid_by_balance_asks_for_no_payment(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=50_000))
    close(app)
    (mail,) = invoice_mails(app)
    assert "Paid from your balance: 0.84 USD" in mail.text
    assert "It is paid; there is nothing to do." in mail.text


def test_an_invoice_of_zero_is_not_mailed(app: App, ada: Member) -> None:
    assert close(app).total == 0
    assert invoice_mails(app) == []


def test_an_invoice_voided_before_delivery_gets_only_the_void_mail(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000))
    void_invoice(app.ctx, close(app).id, reason="A mistake of ours")
    (mail,) = invoice_mails(app)
    assert mail.subject == "Your Tallybook invoice no. 1 is void"
    assert 'Invoice no. 1 for the account "Engines & Sons" is void: nothing of it is owed.' in mail.text
    assert "The reason given: A mistake of ours" in mail.text
    assert "Its total was: 2.52 USD" in mail.text
    assert "Given back to your balance: 1.00 USD" in mail.text


def test_the_mail_of_an_unpaid_void_invoice_names_no_repayment(app: App, ada: Member) -> None:
    app.record(app.event(ada, meter="credits", quantity=1_000_000), app.event(ada, quantity=150_000))
    void_invoice(app.ctx, close(app).id, reason="A mistake of ours")
    (mail,) = invoice_mails(app)
    assert "Given back" not in mail.text


def test_an_overdue_mail_has_the_amount_the_due_date_and_the_period(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000))
    close(app)
    app.clock.advance(days=7)
    assert [invoice.status for invoice in run(app)] == ["overdue"]
    (mail,) = invoice_mails(app, "overdue")
    assert mail.subject == "Your Tallybook invoice no. 1 is overdue: 1.52 USD"
    for expected in ("Overdue since 27 May 2026: 1.52 USD", "Period: 20 April 2026 to 19 May 2026", "Total: 2.52 USD"):
        assert expected in mail.text.splitlines()


@pytest.mark.parametrize("status", ["paid", "void"])
def test_an_invoice_paid_or_voided_meanwhile_gets_no_overdue_mail(app: App, ada: Member, status: Any) -> None:
    app.record(app.event(ada, quantity=150_000))
    close(app)
    app.deliver()
    app.clock.advance(days=7)
    (overdue,) = run(app)
    app.ctx.tables.write(replace_invoice(overdue, replace(overdue, status=status)))
    waiting = app.waiting()
    assert invoice_mails(app, "overdue") == []
    assert {show_outbox_item(app.ctx, item_id).state for item_id in waiting} == {"delivered"}


def test_a_reissued_invoice_has_its_own_mail_and_number(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000))
    invoice = close(app)
    app.deliver()
    give_credits(app.ctx, app.platform(), Move(ada.account.id, 1_000_000, "grant", "sorry"))
    void_invoice(app.ctx, invoice.id, reason="Tax is not due")
    app.change_account(ada, tax_rate=Decimal(0))
    reissue_invoice(app.ctx, invoice.id)
    subjects = [mail.subject for mail in invoice_mails(app)]
    assert subjects[0] == "Your Tallybook invoice no. 1: 2.52 USD"
    assert set(subjects[1:]) == {"Your Tallybook invoice no. 1 is void", "Your Tallybook invoice no. 2: 2.10 USD"}
    corrected = next(mail for mail in app.fake_aws.mails_to(ADA) if "no. 2" in mail.subject)
    assert "Tax (0 %): 0.00 USD" in corrected.text
    assert "Paid from your balance: 2.00 USD" in corrected.text


def test_days_are_in_the_accounts_time_zone(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000))
    context = changed_context(app, close(app), zone="America/Los_Angeles")
    assert context["period"] == "19 April 2026 to 19 May 2026"
    assert (context["issued"], context["due_date"]) == ("19 May 2026", "26 May 2026")


def test_a_period_of_one_day_is_written_as_that_day(app: App, ada: Member) -> None:
    app.record(app.event(ada, quantity=150_000))
    invoice = close(app)
    day = replace(invoice.period, end=invoice.period.start.replace(hour=12))
    app.ctx.tables.write(replace_invoice(invoice, replace(invoice, period=day)))
    assert "Period: 20 April 2026" in invoice_mails(app)[0].text.splitlines()


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("USD", 29_500_000, "29.50 USD"),
        ("JPY", 1_234_000_000, "1,234 JPY"),
        ("KWD", 1_234_000, "1.234 KWD"),
        ("USD", -1_234_500_000, "-1,234.50 USD"),
    ],
)
def test_amounts_have_the_decimals_and_code_of_their_currency(
    app: App, ada: Member, currency: str, amount: int, expected: str
) -> None:
    line = InvoiceLine("late_usage", "Late usage", amount)
    app.record(app.event(ada, quantity=150_000))
    context = changed_context(app, close(app), lines=(line,), currency=currency, tax_rate=Decimal("8.250"))
    assert context["lines"][0]["amount"] == context["subtotal"] == expected
    assert context["tax_rate"] == "8.25 %"


@pytest.mark.parametrize("beyond", [0, 1, 500])
def test_details_beyond_the_limit_are_one_line(app: App, ada: Member, beyond: int) -> None:
    details = [Detail("ram_gb_seconds", f"size-{n}", Decimal("1E+3"), 10_000) for n in range(MAX_DETAILS + beyond)]
    app.record(app.event(ada, quantity=150_000))
    (line,) = changed_context(app, close(app), lines=(usage_line(details),))["lines"]
    assert len(line["details"]) == MAX_DETAILS
    assert line["details"][0] == {"text": "1,000 RAM GB seconds (size-0)", "amount": "0.01 USD"}
    others = {"count": beyond, "amount": f"{beyond / 100:.2f} USD"}
    assert line["others"] == (others if beyond else None)


def changed_context(app: App, invoice: Invoice, *, zone: str = "UTC", **changes: Any) -> Any:
    """Change the stored invoice, and return the context of its mail."""
    changed = replace(invoice, period=replace(invoice.period, zone=zone), **changes)
    app.ctx.tables.write(replace_invoice(invoice, changed))
    return invoice_context(
        app.ctx, Mail("invoice", (ADA,), subject_ref=InvoiceRef(invoice.account_id, invoice.position)), page_url=""
    )
