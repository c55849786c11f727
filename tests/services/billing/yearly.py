"""A member on a yearly plan, whose price and discount change while the year runs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tallybook.domain.audit import OPERATOR
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import boundary
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.billing.invoices import list_invoices
from tests.support.app import App, Member

DOLLAR = 1_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
CLOSING = timedelta(minutes=30)


def sell_annual(app: App, price: str, **more: object) -> None:
    """Apply a catalog with a yearly plan at this price, which new accounts get."""
    plans = app.catalog_data()["plans"]
    annual = plans["pro"] | {"billing_interval": "year", "price": price, "display_name": "Annual"}
    app.apply_catalog(**{"plans": plans | {"annual": annual}, "free_plan": "annual", "welcome_credit": 0} | more)


def subscribe(app: App, price: str = "120") -> Member:
    """A member whose year begins on 1 January 2026."""
    sell_annual(app, price)
    app.clock.moment = START
    return app.member()


def pass_months(app: App, member: Member, months: int, *, close: bool = True) -> None:
    """Move the clock to the start of the account's month number `months`, from 0, and close what has ended."""
    while True:
        at = boundary(app.account_of(member).schedule, months)
        app.clock.moment = min(at, app.account_of(member).closing_cursor.period.end) + CLOSING if close else at
        if close:
            app.invoice_due()
        if app.clock.moment >= at:
            return


def set_discount(app: App, member: Member, percent: str) -> None:
    set_terms(app.ctx, member.account.id, {"discount": Decimal(percent)}, actor=OPERATOR)


def invoices_of(app: App, member: Member) -> list[Invoice]:
    """The account's invoices, oldest first."""
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def fee_lines_of(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line.type, line.amount // DOLLAR) for line in invoice.lines]
