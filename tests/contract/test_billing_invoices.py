"""GET /v1/billing/invoices and a single one: the document's example, reproduced, and every status of an invoice."""

from datetime import datetime, timedelta

import pytest

from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tests.contract.bills import (
    APRIL,
    INVOICES,
    JUNE,
    MAY,
    change_terms,
    close_periods,
    create_draft,
    create_pro_member,
    exact,
    get,
    grant_credits,
    invoice_by_id,
    invoices,
    lines,
    newest_invoice,
    use,
)
from tests.support.app import App, Member

TICK = timedelta(minutes=33)
AUGUST = datetime.fromisoformat("2026-08-01T00:33:00Z")


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def test_the_documents_example_comes_out_of_april_on_pro_with_usage_of_9_50(app: App, april: Member) -> None:
    grant_credits(app, april, 50)
    use(app, april, "9.50", time=APRIL + timedelta(days=18))
    close_periods(app, at=MAY + TICK)
    [body] = invoices(april)
    details = body["line_items"][1].pop("details")
    assert body == {
        "invoice_id": body["invoice_id"],
        "account_id": april.subject,
        "billing_period_start": "2026-04-01T00:00:00Z",
        "billing_period_end": "2026-04-30T00:00:00Z",
        "subtotal": 29.5,
        "tax_amount": 0,
        "total_amount": 29.5,
        "currency": "USD",
        "status": "paid",
        "issued_at": "2026-05-01T00:00:00Z",
        "due_date": "2026-05-08T00:00:00Z",
        "paid_at": "2026-05-01T00:33:00Z",
        "line_items": [
            {
                "description": "Subscription Fee for Pro plan",
                "quantity": 1,
                "unit_price": 20,
                "amount": 20,
                "type": "subscription",
            },
            {"description": "Resource Usage", "quantity": 1, "unit_price": 9.5, "amount": 9.5, "type": "usage"},
        ],
        "has_receipt": True,
        "receipt_date": "2026-05-01T00:33:00Z",
        "payment_method": "Balance",
        "payment_reference": None,
        "invoice_number": 1,
        "amount_paid": 29.5,
        "amount_due": 0,
        "voided_at": None,
        "void_reason": None,
        "revision": 1,
        "replaces": None,
        "replaced_by": None,
    }
    assert details == [{"meter": "cpu_seconds", "sku": None, "quantity": "678571.428571429", "amount": 9.5}]


def test_a_single_invoice_equals_its_row_in_the_list(app: App, april: Member) -> None:
    use(app, april, "9.50", time=APRIL)
    close_periods(app, at=MAY + TICK)
    create_draft(april)
    for listed in invoices(april):
        assert invoice_by_id(april, listed["invoice_id"]) == listed


def test_amounts_are_json_numbers_without_needless_decimals(app: App, april: Member) -> None:
    grant_credits(app, april, 50)
    use(app, april, "9.50", time=APRIL)
    close_periods(app, at=MAY + TICK)
    text = get(april, INVOICES).text.replace(" ", "")
    for part in ('"subtotal":29.5,', '"tax_amount":0,', '"total_amount":29.5,', '"unit_price":20,"amount":20,'):
        assert part in text


def test_the_usage_lines_details_are_by_meter_and_sku(app: App, april: Member) -> None:
    use(app, april, "1.40", time=APRIL)
    app.record(
        app.event(april, meter="container_minutes", sku="M", quantity="1500.5"),
        app.event(april, meter="container_minutes", sku="S", quantity=1),
        app.event(april, meter="sandbox_storage_gb_seconds", quantity=1),
    )
    close_periods(app, at=MAY + TICK)
    usage = newest_invoice(april)["line_items"][1]
    assert usage["details"] == [
        {"meter": "container_minutes", "sku": "M", "quantity": "1500.5", "amount": 0.5},
        {"meter": "container_minutes", "sku": "S", "quantity": "1", "amount": 0},
        {"meter": "cpu_seconds", "sku": None, "quantity": "100000", "amount": 1.4},
        {"meter": "sandbox_storage_gb_seconds", "sku": None, "quantity": "1", "amount": 0},
    ]
    assert sum(exact(part["amount"]) for part in usage["details"]) == exact(usage["amount"]) == exact(1.9)


def test_subtotal_is_the_sum_of_the_lines_and_the_total_that_with_tax(app: App, april: Member) -> None:
    change_terms(app, april, tax_rate=exact(19), discount=exact(12.5))
    for day, cost in enumerate(("0.03", "7.77", "1.11")):
        use(app, april, cost, time=APRIL + timedelta(hours=9 * day))
    close_periods(app, at=MAY + TICK)
    body = newest_invoice(april)
    assert lines(body) == [("subscription", 20), ("discount", -2.5), ("usage", 8.91)]
    assert (body["subtotal"], body["tax_amount"], body["total_amount"]) == (26.41, 5.02, 31.43)
    assert all(line["amount"] == line["quantity"] * line["unit_price"] for line in body["line_items"])


def test_an_invoice_is_dated_at_its_periods_end_or_now_and_due_in_a_week(app: App) -> None:
    member = create_pro_member(app, since=datetime.fromisoformat("2026-01-31T15:00:00Z"))
    close_periods(app, at=AUGUST - timedelta(days=20, hours=1))
    close_periods(app, at=AUGUST - timedelta(hours=1))
    issued = [(row["billing_period_start"][5:10], row["billing_period_end"][5:10]) for row in invoices(member)]
    assert issued[::-1] == [
        ("01-31", "02-27"),
        ("02-28", "03-30"),
        ("03-31", "04-29"),
        ("04-30", "05-30"),
        ("05-31", "06-29"),
        ("06-30", "07-30"),
    ]
    last, late = invoices(member)[:2]
    assert (last["issued_at"], last["due_date"]) == ("2026-07-31T00:00:00Z", "2026-08-07T00:00:00Z")
    assert (late["issued_at"], late["due_date"]) == ("2026-07-11T23:33:00Z", "2026-07-18T23:33:00Z")


def test_the_balance_pays_what_it_can_and_the_rest_stays_open_then_overdue(app: App, april: Member) -> None:
    close_periods(app, at=MAY + TICK)
    body = newest_invoice(april)
    assert (body["status"], body["total_amount"], body["amount_paid"], body["amount_due"]) == ("open", 20, 1, 19)
    unpaid = ("paid_at", "has_receipt", "receipt_date", "payment_method", "payment_reference")
    assert [body[name] for name in unpaid] == [None, False, None, None, None]
    close_periods(app, at=MAY + timedelta(days=7, minutes=1))
    body = newest_invoice(april)
    assert (body["status"], body["amount_due"], body["due_date"]) == ("overdue", 19, "2026-05-08T00:00:00Z")


def test_an_invoice_over_nothing_is_paid_at_its_issue_without_a_receipt(app: App) -> None:
    app.clock.moment = APRIL
    member = app.member()
    close_periods(app, at=MAY + TICK)
    [body] = get(member, INVOICES).json["data"]["invoices"]
    assert (body["total_amount"], body["line_items"], body["status"]) == (0, [], "paid")
    assert (body["paid_at"], body["invoice_number"]) == ("2026-05-01T00:00:00Z", 1)
    assert (body["has_receipt"], body["receipt_date"], body["payment_method"]) == (False, None, None)


def test_usage_that_came_late_is_a_line_of_the_next_invoice(app: App, april: Member) -> None:
    use(app, april, "9.50", time=APRIL)
    close_periods(app, at=MAY + TICK)
    use(app, april, "0.70", time=MAY - timedelta(seconds=1))
    use(app, april, "1.40", time=MAY)
    close_periods(app, at=JUNE + TICK)
    may, before = invoices(april)
    assert lines(before) == [("subscription", 20), ("usage", 9.5)]
    assert lines(may) == [("subscription", 20), ("usage", 1.4), ("late_usage", 0.7)]
    late = may["line_items"][2]
    assert late == {
        "description": "Late usage, 2026-04-01 to 2026-04-30",
        "quantity": 1,
        "unit_price": 0.7,
        "amount": 0.7,
        "type": "late_usage",
    }
    assert (may["total_amount"], may["invoice_number"]) == (22.1, 2)


def test_usage_settled_by_the_wallet_is_on_no_invoice(app: App, april: Member) -> None:
    app.record(app.event(april, meter="credits", quantity=600_000))
    close_periods(app, at=MAY + TICK)
    assert lines(newest_invoice(april)) == [("subscription", 20)]
    assert newest_invoice(april)["amount_due"] == 19.6


def test_a_void_invoice_stays_listed_beside_its_successor(app: App, april: Member) -> None:
    grant_credits(app, april, 10)
    close_periods(app, at=MAY + TICK)
    first = newest_invoice(april)
    change_terms(app, april, discount=exact(50))
    void_invoice(app.ctx, first["invoice_id"].removeprefix("inv-"), reason="a discount was agreed on")
    body = newest_invoice(april)
    assert (body["status"], body["amount_due"], body["invoice_number"]) == ("void", 0, 1)
    assert (body["voided_at"], body["void_reason"]) == ("2026-05-01T00:33:00Z", "a discount was agreed on")
    assert lines(body) == lines(first), "issued lines never change"
    reissue_invoice(app.ctx, first["invoice_id"].removeprefix("inv-"))
    again, void = invoices(april)
    assert void == body | {"replaced_by": again["invoice_id"]}
    assert again["invoice_id"] != void["invoice_id"]
    assert (again["revision"], again["replaces"], again["replaced_by"]) == (2, void["invoice_id"], None)
    assert (again["invoice_number"], again["status"]) == (2, "paid")
    assert lines(again) == [("subscription", 20), ("discount", -10)]
