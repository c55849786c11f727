"""Reads the outcome of invoicing and plan races."""

from typing import Any

from tallybook.domain.invoices import Invoice
from tallybook.services.billing.invoices import list_invoices
from tests.support.app import App, Member


def invoices(app: App, member: Member) -> list[Invoice]:
    """The account's invoices, oldest first."""
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def failures(answers: list[Any]) -> list[Exception]:
    return [answer for answer in answers if isinstance(answer, Exception)]
