"""GET /v1/billing/periods: the document's example, reproduced, and the rows of closed periods."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.subscriptions.change_plan import change_plan
from tests.contract.bills import (
    APRIL,
    MAY,
    PERIODS,
    change_terms,
    close_periods,
    create_draft,
    create_member_in_zone,
    create_pro_member,
    exact,
    get,
    grant_credits,
    invoices,
    newest_invoice,
    use,
)
from tests.contract.examples import expect
from tests.support.app import App, Member

NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
TICK = timedelta(minutes=30)


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def periods(member: Member) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = expect(get(member, PERIODS), 200, "billing_periods")["data"]["periods"]
    return rows


def test_the_documents_example_comes_out_of_usage_that_costs_12_84(app: App, april: Member) -> None:
    use(app, april, "12.84", time=APRIL + timedelta(days=3))
    app.clock.moment = NOW
    assert periods(april) == [
        {
            "period_id": "current",
            "period_start": "2026-04-01",
            "period_end": "2026-04-30",
            "plan": "Pro",
            "is_current": True,
            "type": "current_period",
            "subscription_fee": {"standard": 20, "credit": 0, "final": 20},
            "usage_cost": {"accumulated": 12.84, "projected": 19.26},
            "total": 32.84,
            "status": "pending",
            "invoice_generated": False,
            "invoice_id": None,
        }
    ]


def test_with_a_draft_the_current_row_names_it_and_is_pending_still(app: App, april: Member) -> None:
    change_terms(app, april, tax_rate=exact(20))
    use(app, april, "1.40", time=NOW)
    drafted = create_draft(april)
    [row] = periods(april)
    assert (row["invoice_generated"], row["invoice_id"], row["status"]) == (True, drafted["invoice_id"], "pending")
    assert row["total"] == 21.4, "the fee and the usage without tax, which only the draft has"


def test_a_closed_periods_row_has_its_invoices_amounts(app: App, april: Member) -> None:
    grant_credits(app, april, 50)
    change_terms(app, april, tax_rate=exact(10), discount=exact(25))
    use(app, april, "9.50", time=APRIL)
    close_periods(app, at=MAY + TICK)
    [current, closed] = periods(april)
    assert (current["period_id"], current["period_start"], current["period_end"]) == (
        "current",
        "2026-05-01",
        "2026-05-31",
    )
    invoice_id = newest_invoice(april)["invoice_id"]
    assert closed == {
        "period_id": invoice_id,
        "period_start": "2026-04-01",
        "period_end": "2026-04-30",
        "plan": "Pro",
        "is_current": False,
        "type": "invoice",
        "subscription_fee": {"standard": 20, "credit": 5, "final": 15},
        "usage_cost": {"accumulated": 9.5, "projected": 9.5},
        "total": 26.95,
        "status": "paid",
        "invoice_generated": True,
        "invoice_id": invoice_id,
    }


def test_a_closed_periods_usage_excludes_late_usage_of_others(app: App, april: Member) -> None:
    close_periods(app, at=MAY + TICK)
    use(app, april, "0.70", time=MAY - timedelta(hours=1))
    use(app, april, "1.40", time=MAY)
    close_periods(app, at=datetime(2026, 6, 1, 0, 30, tzinfo=UTC))
    may = periods(april)[1]
    assert (may["usage_cost"]["accumulated"], may["total"]) == (1.4, 22.1)


def test_each_period_of_a_year_is_listed_once_newest_first(app: App, april: Member) -> None:
    close_periods(app, at=datetime(2027, 4, 1, 1, 0, tzinfo=UTC))
    rows = periods(april)
    months = [f"2026-{month:02d}" for month in range(4, 13)] + ["2027-01", "2027-02", "2027-03", "2027-04"]
    assert [row["period_start"][:7] for row in rows] == months[::-1]
    assert [row["is_current"] for row in rows] == [True] + [False] * 12
    assert all(row["subscription_fee"]["final"] == 20 for row in rows)


def test_a_void_invoice_is_replaced_by_the_reissued_one(app: App, april: Member) -> None:
    close_periods(app, at=datetime(2026, 6, 1, 0, 30, tzinfo=UTC))
    may, first = invoices(april)
    void_invoice(app.ctx, first["invoice_id"].removeprefix("inv-"), reason="wrong")
    assert [row["invoice_id"] for row in periods(april)] == [None, may["invoice_id"]]
    again = "inv-" + reissue_invoice(app.ctx, first["invoice_id"].removeprefix("inv-")).id
    assert [row["invoice_id"] for row in periods(april)] == [None, may["invoice_id"], again]


def test_an_ended_period_that_is_not_closed_has_no_row(app: App, april: Member) -> None:
    create_draft(april)
    app.clock.moment = MAY + timedelta(minutes=29)
    [row] = periods(april)
    assert (row["period_start"], row["invoice_generated"]) == ("2026-05-01", False)


def test_a_plan_change_ends_one_row_and_starts_another(app: App, april: Member) -> None:
    use(app, april, "1.40", time=APRIL + timedelta(days=3))
    app.clock.moment = APRIL + timedelta(days=15)
    change_plan(app.ctx, app.account_of(april), "scale", actor=OPERATOR, must_pay=False)
    app.clock.moment += timedelta(minutes=5)
    change_plan(app.ctx, app.account_of(april), "pro", actor=OPERATOR, must_pay=False)
    app.clock.moment += timedelta(days=1)
    current, short, first = periods(april)
    dates = [(row["period_start"], row["period_end"], row["plan"]) for row in (current, short, first)]
    assert dates == [
        ("2026-04-16", "2026-05-16", "Pro"),
        ("2026-04-16", "2026-04-16", "Scale"),
        ("2026-04-01", "2026-04-15", "Pro"),
    ]
    assert (first["subscription_fee"], first["total"]) == ({"standard": 20, "credit": 10, "final": 10}, 11.4)
    ends = [(row["billing_period_start"], row["billing_period_end"], row["issued_at"]) for row in invoices(april)]
    assert ends == [
        ("2026-04-16T00:00:00Z", "2026-04-16T00:00:00Z", "2026-04-16T00:05:00Z"),
        ("2026-04-01T00:00:00Z", "2026-04-15T00:00:00Z", "2026-04-16T00:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("zone", "starts", "shown"),
    [
        ("Asia/Kolkata", "2026-02-28T18:30:00Z", "2026-03-30T18:30:00Z"),
        ("America/New_York", "2026-03-01T05:00:00Z", "2026-03-31T04:00:00Z"),
    ],
)
def test_dates_are_of_the_accounts_zone_and_instants_are_utc(app: App, zone: str, starts: str, shown: str) -> None:
    member = create_member_in_zone(app, zone, since=datetime(2026, 3, 1, 15, tzinfo=UTC))
    close_periods(app, at=datetime(2026, 4, 1, 5, tzinfo=UTC))
    current, closed = periods(member)
    assert (closed["period_start"], closed["period_end"]) == ("2026-03-01", "2026-03-31")
    assert (current["period_start"], current["period_end"]) == ("2026-04-01", "2026-04-30")
    march = newest_invoice(member)
    assert (march["billing_period_start"], march["billing_period_end"]) == (starts, shown)
    assert march["issued_at"] == ("2026-03-31T18:30:00Z" if "Kolkata" in zone else "2026-04-01T04:00:00Z")


def test_any_user_reads_any_number_of_periods_in_three_round_trips(app: App, april: Member) -> None:
    plain = app.colleague(april)
    app.change_account(april, status="suspended")
    meter = app.meter
    for moment in (MAY + TICK, datetime(2027, 4, 1, 1, 0, tzinfo=UTC)):
        close_periods(app, at=moment)
        periods(plain)
        meter.clear()
        periods(plain)
        assert (meter.calls, meter.operations) == (3, ["get_many", "query", "query"])
        assert meter.read_units <= 3 + 2 + 0.5 * (meter.bytes_read / 4096 + 1)
