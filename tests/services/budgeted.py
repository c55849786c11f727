"""Accounts with a budget: how it is set, what is spent of it, and what its messages tell."""

from decimal import Decimal
from typing import Any

from tallybook.domain.budget_messages import BudgetMessage
from tallybook.services.authenticate import authenticate
from tallybook.services.budgets import change_budget, create_budget
from tallybook.services.read_budget import list_messages
from tests.support.house import House, Member

_A_UNIT = 50_000  # of the traffic that costs 1.00


def budgeted(house: House, amount: str = "100", *, email: str | None = None, **terms: Any) -> Member:
    """An account with such a budget."""
    member = house.member(email)
    create_budget(house.ctx, authenticate(house.ctx, member.api_key), {"amount": Decimal(amount), **terms})
    return member


def edit(house: House, member: Member, **changes: Any) -> None:
    change_budget(house.ctx, authenticate(house.ctx, member.api_key), changes)


def spend(house: House, member: Member, amount: str, **said: Any) -> None:
    """Use so much that nobody has looked at yet."""
    quantity = Decimal(amount) * _A_UNIT
    house.record(house.event(member, meter="traffic_gb_seconds", quantity=str(quantity), **said))


def messages(house: House, member: Member) -> list[BudgetMessage]:
    """All of the present budget, newest first."""
    found, total = list_messages(house.ctx, authenticate(house.ctx, member.api_key), offset=0, limit=100)
    assert len(found) == total
    return found


def told(house: House, member: Member) -> list[int]:
    """The thresholds that alerted, first to last."""
    return [int(message.threshold.percent) for message in reversed(messages(house, member))]


def mailed(house: House, member: Member) -> list[tuple[str, ...]]:
    """To whom the mail of each message went, newest first."""
    return [message.recipients for message in messages(house, member)]
