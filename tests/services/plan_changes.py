"""What the tests of a plan that is changed at once share."""

from datetime import datetime

from tallybook.domain.audit import OPERATOR
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.support.app import App, Member

DOLLAR = 1_000_000


def on_pro(app: App) -> Member:
    """On a plan of 20.00 a month from 2026-04-20 on, with no balance; it is the first second of its period."""
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    return app.member()


def change(app: App, member: Member, plan: str) -> ChangedPlan:
    return change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False)


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in invoice.lines]


def invoices(app: App, member: Member) -> list[Invoice]:
    """Oldest first."""
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def everything(app: App) -> list[list[dict[str, object]]]:
    return [app.stored("core"), app.stored("usage")]


def datetime_of(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00Z")
