"""An open invoice past its due date is overdue; amounts below the smallest charge get no reminder."""

from typing import Any

import pytest

from tallybook.domain.closing_cursor import GRACE
from tests.support.app import App
from tests.support.invariants import check_invariants


def reminders(app: App) -> list[dict[str, Any]]:
    return [item for item in app.stored("core", "OUTBOX") if item["body"].get("letter") == "invoice_overdue"]


@pytest.mark.parametrize(
    ("catalog", "quantity", "due", "mails"),
    [
        ({}, 35_000, 490_000, 0),
        ({}, 35_714, 500_000, 1),
        ({"smallest_charge": "0.51"}, 35_714, 500_000, 0),
        ({"smallest_charge": "0.49"}, 35_000, 490_000, 1),
        ({"welcome_credit": 600_000}, 71_429, 400_000, 0),
        ({"welcome_credit": 500_000}, 71_429, 500_000, 1),
    ],
)
def test_an_amount_below_the_smallest_charge_gets_no_reminder(
    app: App, catalog: dict[str, Any], quantity: int, due: int, mails: int
) -> None:
    app.apply_catalog(**{"welcome_credit": 0, **catalog})
    member = app.member()
    app.record(app.event(member, quantity=quantity))
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    app.invoice_due()
    app.clock.advance(days=7)
    (overdue,) = app.invoice_due()
    assert (overdue.status, overdue.amount_due) == ("overdue", due)
    assert len(reminders(app)) == mails
    check_invariants(app)
