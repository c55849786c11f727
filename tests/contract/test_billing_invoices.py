"""GET /v1/billing/invoices and one of them: the document's own example, made to happen, and all that may befall one."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tallybook.services.void_invoice import reissue_invoice, void_invoice
from tests.contract.bills import (
    APRIL,
    INVOICES,
    JUNE,
    MAY,
    UNKNOWN,
    close,
    draft,
    exact,
    get,
    give,
    invoices,
    lines,
    newest,
    on_pro,
    refusal,
    terms,
    use,
)
from tests.contract.examples import expect
from tests.support.call import call
from tests.support.house import House, Member

TICK = timedelta(minutes=33)
AUGUST = datetime.fromisoformat("2026-08-01T00:33:00Z")


@pytest.fixture
def april(house: House) -> Member:
    return on_pro(house)


def one(member: Member, invoice_id: str) -> dict[str, Any]:
    data: dict[str, Any] = expect(get(member, f"{INVOICES}/{invoice_id}"), 200, "billing_invoice")["data"]
    return data


def test_the_documents_example_comes_out_of_april_on_pro_with_usage_of_9_50(house: House, april: Member) -> None:
    give(house, april, 50)
    use(house, april, "9.50", time=APRIL + timedelta(days=18))
    close(house, at=MAY + TICK)
    [shown] = invoices(april)
    details = shown["line_items"][1].pop("details")
    assert shown == {
        "invoice_id": shown["invoice_id"],
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
        "amount_due": 0,
        "voided_at": None,
        "void_reason": None,
    }
    assert details == [{"meter": "cpu_seconds", "sku": None, "quantity": 678571.428571429, "amount": 9.5}]


def test_one_invoice_is_shown_as_it_is_in_the_list(house: House, april: Member) -> None:
    use(house, april, "9.50", time=APRIL)
    close(house, at=MAY + TICK)
    draft(april)
    for listed in invoices(april):
        assert one(april, listed["invoice_id"]) == listed


def test_amounts_are_json_numbers_without_needless_decimals(house: House, april: Member) -> None:
    give(house, april, 50)
    use(house, april, "9.50", time=APRIL)
    close(house, at=MAY + TICK)
    text = get(april, INVOICES).text.replace(" ", "")
    for part in ('"subtotal":29.5,', '"tax_amount":0,', '"total_amount":29.5,', '"unit_price":20,"amount":20,'):
        assert part in text


def test_what_each_meter_and_sku_took_of_the_usage_is_in_its_details(house: House, april: Member) -> None:
    use(house, april, "1.40", time=APRIL)
    house.record(
        house.event(april, meter="container_minutes", sku="M", quantity="1500.5"),
        house.event(april, meter="container_minutes", sku="S", quantity=1),
        house.event(april, meter="sandbox_storage_gb_seconds", quantity=1),
    )
    close(house, at=MAY + TICK)
    usage = newest(april)["line_items"][1]
    assert usage["details"] == [
        {"meter": "container_minutes", "sku": "M", "quantity": 1500.5, "amount": 0.5},
        {"meter": "container_minutes", "sku": "S", "quantity": 1, "amount": 0},
        {"meter": "cpu_seconds", "sku": None, "quantity": 100000, "amount": 1.4},
        {"meter": "sandbox_storage_gb_seconds", "sku": None, "quantity": 1, "amount": 0},
    ]
    assert sum(exact(part["amount"]) for part in usage["details"]) == exact(usage["amount"]) == exact(1.9)


def test_subtotal_is_the_sum_of_the_lines_and_the_total_that_with_tax(house: House, april: Member) -> None:
    terms(house, april, tax_rate=exact(19), discount=exact(12.5))
    for day, cost in enumerate(("0.03", "7.77", "1.11")):
        use(house, april, cost, time=APRIL + timedelta(hours=9 * day))
    close(house, at=MAY + TICK)
    shown = newest(april)
    assert lines(shown) == [("subscription", 20), ("discount", -2.5), ("usage", 8.91)]
    assert (shown["subtotal"], shown["tax_amount"], shown["total_amount"]) == (26.41, 5.02, 31.43)
    assert all(line["amount"] == line["quantity"] * line["unit_price"] for line in shown["line_items"])


def test_it_bears_its_periods_end_unless_that_is_a_day_past_and_is_due_a_week_later(house: House) -> None:
    member = on_pro(house, since=datetime.fromisoformat("2026-01-31T15:00:00Z"))
    close(house, at=AUGUST - timedelta(hours=1))
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
    assert (late["issued_at"], late["due_date"]) == ("2026-07-31T23:33:00Z", "2026-08-07T23:33:00Z")


def test_the_balance_pays_what_it_can_and_the_rest_stays_open_then_overdue(house: House, april: Member) -> None:
    close(house, at=MAY + TICK)
    shown = newest(april)
    assert (shown["status"], shown["total_amount"], shown["amount_due"]) == ("open", 20, 19)
    unpaid = ("paid_at", "has_receipt", "receipt_date", "payment_method", "payment_reference")
    assert [shown[name] for name in unpaid] == [None, False, None, None, None]
    close(house, at=MAY + timedelta(days=7, minutes=1))
    shown = newest(april)
    assert (shown["status"], shown["amount_due"], shown["due_date"]) == ("overdue", 19, "2026-05-08T00:00:00Z")


def test_an_invoice_over_nothing_is_paid_at_its_issue_without_a_receipt(house: House) -> None:
    house.clock.moment = APRIL
    member = house.member()
    close(house, at=MAY + TICK)
    [shown] = get(member, INVOICES).json["data"]["invoices"]
    assert (shown["total_amount"], shown["line_items"], shown["status"]) == (0, [], "paid")
    assert (shown["paid_at"], shown["invoice_number"]) == ("2026-05-01T00:00:00Z", 1)
    assert (shown["has_receipt"], shown["receipt_date"], shown["payment_method"]) == (False, None, None)


def test_usage_that_came_late_is_a_line_of_the_next_invoice(house: House, april: Member) -> None:
    use(house, april, "9.50", time=APRIL)
    close(house, at=MAY + TICK)
    use(house, april, "0.70", time=MAY - timedelta(seconds=1))
    use(house, april, "1.40", time=MAY)
    close(house, at=JUNE + TICK)
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


def test_what_the_wallet_settles_is_on_no_invoice(house: House, april: Member) -> None:
    house.record(house.event(april, meter="credits", quantity=600_000))
    close(house, at=MAY + TICK)
    assert lines(newest(april)) == [("subscription", 20)]
    assert newest(april)["amount_due"] == 19.6


def test_a_void_one_stays_in_the_list_with_the_reason_and_its_successor_is_another(house: House, april: Member) -> None:
    give(house, april, 10)
    close(house, at=MAY + TICK)
    first = newest(april)
    terms(house, april, discount=exact(50))
    void_invoice(house.ctx, first["invoice_id"].removeprefix("inv-"), reason="a discount was agreed on")
    shown = newest(april)
    assert (shown["status"], shown["amount_due"], shown["invoice_number"]) == ("void", 0, 1)
    assert (shown["voided_at"], shown["void_reason"]) == ("2026-05-01T00:33:00Z", "a discount was agreed on")
    assert lines(shown) == lines(first), "what was issued never changes"
    reissue_invoice(house.ctx, first["invoice_id"].removeprefix("inv-"))
    again, void = invoices(april)
    assert void == shown
    assert again["invoice_id"] != void["invoice_id"]
    assert (again["invoice_number"], again["status"]) == (2, "paid")
    assert lines(again) == [("subscription", 20), ("discount", -10)]


def test_the_list_is_paged_newest_first_with_drafts_and_void_ones_in_its_total(house: House, april: Member) -> None:
    close(house, at=AUGUST)
    void_invoice(house.ctx, newest(april)["invoice_id"].removeprefix("inv-"), reason="wrong")
    draft(april)
    starts = ["2026-08-01", "2026-07-01", "2026-06-01", "2026-05-01", "2026-04-01"]
    assert [row["billing_period_start"][:10] for row in invoices(april)] == starts
    assert [row["status"] for row in invoices(april)] == ["draft", "void", "open", "open", "open"]
    seen = []
    for page in (1, 2, 3):
        data = expect(get(april, f"{INVOICES}?page={page}&page_size=2"), 200, "billing_invoices")["data"]
        assert data["pagination"] == {
            "page": page,
            "limit": 2,
            "total": 5,
            "total_pages": 3,
            "offset": 2 * (page - 1),
        }
        seen += [row["billing_period_start"][:10] for row in data["invoices"]]
    assert seen == starts
    beyond = get(april, f"{INVOICES}?page=4&limit=2").json["data"]
    assert (beyond["invoices"], beyond["pagination"]["total"]) == ([], 5)


def test_an_account_without_invoices_has_an_empty_list(april: Member) -> None:
    assert get(april, INVOICES).json["data"] == {
        "invoices": [],
        "pagination": {"page": 1, "limit": 50, "total": 0, "total_pages": 0, "offset": 0},
    }


def test_any_user_of_the_account_reads_them_suspended_or_not(house: House, april: Member) -> None:
    plain = house.colleague(april)
    close(house, at=MAY + TICK)
    house.change_account(april, status="suspended")
    assert invoices(plain) == invoices(april)
    assert one(plain, newest(april)["invoice_id"]) == newest(april)


def test_another_accounts_invoice_is_403_and_nothing_of_it_is_told(house: House, april: Member) -> None:
    other = house.member()
    close(house, at=MAY + TICK)
    path = f"{INVOICES}/{newest(april)['invoice_id']}"
    answer = get(other, path)
    assert refusal(answer) == (403, "foreign_invoice")
    assert april.account.id not in answer.text
    assert newest(other)["account_id"] == other.subject


def test_an_invoice_nobody_has_is_404(april: Member) -> None:
    for unknown in (UNKNOWN, "inv-1234567890ab", "inv-x", "inv--"):
        assert refusal(get(april, f"{INVOICES}/{unknown}")) == (404, "not_found")


@pytest.mark.parametrize("text", ["inv-", "INV-1", "1234567890ab", "usr-1", "inv-a_b", "inv-%C3%A9", "inv-" + "a" * 65])
def test_what_is_no_invoice_id_is_400_and_named(april: Member, text: str) -> None:
    answer = get(april, f"{INVOICES}/{text}")
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("invoice_id")


def test_reading_takes_three_round_trips_however_many_there_are(house: House, april: Member) -> None:
    bill = house.ctx.tables.bill
    close(house, at=AUGUST)
    invoice_id = newest(april)["invoice_id"]
    costs = {}
    for path in (INVOICES, f"{INVOICES}?page=2&limit=2", f"{INVOICES}/{invoice_id}"):
        call("GET", path, key=april.api_key)
        bill.clear()
        call("GET", path, key=april.api_key)
        costs[path] = (bill.calls, bill.read_units)
    assert costs == {INVOICES: (2, 3.5), f"{INVOICES}?page=2&limit=2": (2, 3.5), f"{INVOICES}/{invoice_id}": (3, 5)}
