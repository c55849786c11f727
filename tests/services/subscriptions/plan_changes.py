"""Shared steps of the tests of immediate plan changes."""

from datetime import datetime

from tallybook.domain.audit import OPERATOR, Actor
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.support.app import App, Member

DOLLAR = 1_000_000
ROOT = Actor("user", "usr-1", "usr-1")


def pro_member(app: App) -> Member:
    """A member on a plan of 20.00 a month since 2026-04-20, with no balance, in its period's first second."""
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    return app.member()


def change_unpaid(app: App, member: Member, plan: str) -> ChangedPlan:
    return change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False)


def change_as_user(app: App, member: Member, plan: str) -> ChangedPlan:
    """Change the plan under the rules for users, who need money first."""
    return change_plan(app.ctx, app.account_of(member), plan, actor=ROOT, must_pay=True)


def lines_of(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in invoice.lines]


def invoices_of(app: App, member: Member) -> list[Invoice]:
    """The account's invoices, oldest first."""
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def all_items(app: App) -> list[list[dict[str, object]]]:
    return [app.stored("core"), app.stored("usage")]


def midnight(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00Z")
