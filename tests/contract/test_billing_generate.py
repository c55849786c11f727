"""POST /v1/billing/invoice/generate: the draft of the open period's invoice, until it is issued."""

from datetime import timedelta

import pytest

from tests.contract.bills import (
    APRIL,
    GENERATE,
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
    invoices,
    lines,
    use,
)
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import call

TICK = timedelta(minutes=30)


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def test_a_draft_is_what_the_period_would_be_billed_now(app: App, april: Member) -> None:
    use(app, april, "9.50", time=APRIL + timedelta(days=18))
    body = create_draft(april)
    assert lines(body) == [("subscription", 20), ("usage", 9.5)]
    assert (body["billing_period_start"], body["billing_period_end"]) == (
        "2026-04-01T00:00:00Z",
        "2026-04-30T00:00:00Z",
    )
    assert (body["subtotal"], body["total_amount"], body["status"], body["amount_paid"]) == (29.5, 29.5, "draft", 0)
    none_yet = (
        "amount_due",
        "invoice_number",
        "issued_at",
        "due_date",
        "paid_at",
        "receipt_date",
        "payment_method",
        "voided_at",
    )
    assert {body[name] for name in none_yet} == {None}
    assert body["has_receipt"] is False


def test_generating_again_refreshes_the_same_draft(app: App, april: Member) -> None:
    use(app, april, "9.50", time=APRIL)
    first = create_draft(april)
    assert create_draft(april) == first
    use(app, april, "0.50", time=APRIL + timedelta(days=2))
    second = create_draft(april)
    assert second["invoice_id"] == first["invoice_id"]
    assert second["total_amount"] == 30
    assert invoices(april) == [second]


def test_the_draft_becomes_the_invoice_with_the_same_id_and_newer_usage(app: App, april: Member) -> None:
    grant_credits(app, april, 50)
    before = create_draft(april)
    use(app, april, "9.50", time=MAY - timedelta(seconds=1))
    close_periods(app, at=MAY + TICK)
    [body] = invoices(april)
    assert body["invoice_id"] == before["invoice_id"]
    assert (body["status"], body["invoice_number"], body["total_amount"]) == ("paid", 1, 29.5)
    following = create_draft(april)
    assert following["invoice_id"] != body["invoice_id"]
    assert [row["status"] for row in invoices(april)] == ["draft", "paid"]


def test_a_draft_takes_no_number(app: App, april: Member) -> None:
    create_draft(april)
    close_periods(app, at=MAY + TICK)
    create_draft(april)
    create_draft(april)
    close_periods(app, at=JUNE + TICK)
    assert [row["invoice_number"] for row in invoices(april)] == [2, 1]


def test_after_a_period_end_its_draft_is_issued_and_a_new_one_begins(app: App, april: Member) -> None:
    old = create_draft(april)
    app.clock.moment = MAY
    new = create_draft(april)
    assert (new["billing_period_start"], new["invoice_id"] != old["invoice_id"]) == ("2026-05-01T00:00:00Z", True)
    close_periods(app, at=MAY + TICK)
    assert [(row["invoice_id"], row["status"]) for row in invoices(april)] == [
        (new["invoice_id"], "draft"),
        (old["invoice_id"], "open"),
    ]


def test_late_usage_tax_and_discount_are_on_the_draft(app: App, april: Member) -> None:
    close_periods(app, at=MAY + TICK)
    use(app, april, "0.70", time=MAY - timedelta(hours=1))
    change_terms(app, april, tax_rate=exact(20), discount=exact(25))
    body = create_draft(april)
    assert lines(body) == [("subscription", 20), ("discount", -5), ("late_usage", 0.7)]
    assert (body["subtotal"], body["tax_amount"], body["total_amount"]) == (15.7, 3.14, 18.84)


def test_any_user_may_generate_a_draft_suspended_or_not(app: App, april: Member) -> None:
    plain = app.colleague(april)
    app.change_account(april, status="suspended")
    assert create_draft(plain)["invoice_id"] == create_draft(april)["invoice_id"]


def test_the_body_is_ignored(april: Member) -> None:
    for raw in (b"", b"{}", b"not json"):
        expect(call("POST", GENERATE, key=april.api_key, raw=raw), 200, "billing_invoice")


def test_get_is_not_allowed(april: Member) -> None:
    assert get(april, GENERATE).status == 405
    assert get(april, f"{INVOICES}/generate").status == 400


def test_creating_and_refreshing_a_draft_take_four_round_trips(app: App, april: Member) -> None:
    meter = app.meter
    create_draft(april)  # the day's first: the key's use is noted
    spent = []
    for moment in (MAY + timedelta(days=1), MAY + timedelta(days=1, minutes=1)):
        app.clock.moment = moment
        use(app, april, "0.70", time=moment)
        get(april, "/v1/billing/current")
        meter.clear()
        create_draft(april)
        spent.append((meter.calls, meter.operations))
    assert spent == [(4, ["get_many", "get_many", "query", "transact"])] * 2
