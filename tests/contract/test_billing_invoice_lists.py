"""GET /v1/billing/invoices: its pages, who may read it, and how a single invoice is refused."""

from datetime import datetime, timedelta

import pytest

from tallybook.services.billing.void_invoice import void_invoice
from tests.contract.bills import (
    INVOICES,
    MAY,
    PERIODS,
    UNKNOWN,
    close_periods,
    create_draft,
    create_pro_member,
    get,
    invoice_by_id,
    invoices,
    newest_invoice,
    refusal,
)
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import call

TICK = timedelta(minutes=33)
AUGUST = datetime.fromisoformat("2026-08-01T00:33:00Z")


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def test_the_list_is_paged_newest_first_and_has_drafts_and_void_ones(app: App, april: Member) -> None:
    close_periods(app, at=AUGUST)
    void_invoice(app.ctx, newest_invoice(april)["invoice_id"].removeprefix("inv-"), reason="wrong")
    create_draft(april)
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


def test_any_user_reads_the_invoices_suspended_or_not(app: App, april: Member) -> None:
    plain = app.colleague(april)
    close_periods(app, at=MAY + TICK)
    app.change_account(april, status="suspended")
    assert invoices(plain) == invoices(april)
    assert invoice_by_id(plain, newest_invoice(april)["invoice_id"]) == newest_invoice(april)


def test_another_accounts_invoice_is_403_without_details(app: App, april: Member) -> None:
    other = app.member()
    close_periods(app, at=MAY + TICK)
    path = f"{INVOICES}/{newest_invoice(april)['invoice_id']}"
    answer = get(other, path)
    assert refusal(answer) == (403, "foreign_invoice")
    assert april.account.id not in answer.text
    assert newest_invoice(other)["account_id"] == other.subject


def test_an_unknown_invoice_is_404(april: Member) -> None:
    for unknown in (UNKNOWN, "inv-1234567890ab", "inv-x", "inv--"):
        assert refusal(get(april, f"{INVOICES}/{unknown}")) == (404, "not_found")


@pytest.mark.parametrize("text", ["inv-", "INV-1", "1234567890ab", "usr-1", "inv-a_b", "inv-%C3%A9", "inv-" + "a" * 65])
def test_a_malformed_invoice_id_is_400_naming_it(april: Member, text: str) -> None:
    answer = get(april, f"{INVOICES}/{text}")
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("invoice_id")


def cost_of_reading(app: App, member: Member, path: str) -> tuple[int, float]:
    """Round trips and read units."""
    call("GET", path, key=member.api_key)
    app.meter.clear()
    call("GET", path, key=member.api_key)
    return app.meter.calls, app.meter.read_units


def test_any_number_of_invoices_takes_three_round_trips(app: App, april: Member) -> None:
    close_periods(app, at=AUGUST)
    paths = (INVOICES, f"{INVOICES}?page=2&limit=2", f"{INVOICES}/{newest_invoice(april)['invoice_id']}")
    assert [cost_of_reading(app, april, path) for path in paths] == [(2, 3.5), (2, 3.5), (3, 5)]


def test_only_void_invoices_cost_a_round_trip_more(app: App, april: Member) -> None:
    """It looks whether they were reissued; half a unit for each on a page."""
    close_periods(app, at=AUGUST)
    newest, second, *_ = invoices(april)
    for one in (newest, second):
        void_invoice(app.ctx, one["invoice_id"].removeprefix("inv-"), reason="wrong")
    second_page = f"{INVOICES}?page=2&page_size=2"
    paths = (INVOICES, second_page, f"{INVOICES}/{newest['invoice_id']}", PERIODS)
    assert [cost_of_reading(app, april, path) for path in paths] == [(3, 4.5), (2, 3.5), (4, 6), (3, 4.5)]
