"""Walks through what sets budgets and through what tells of them: everything that they may be asked to do."""

from decimal import Decimal

from tallybook.services.budgets.budget import create_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.budgets.status import list_messages
from tallybook.services.identity.authenticate import authenticate
from tests.functions.notices import bounce, notify
from tests.support.call import call
from tests.support.house import House, Member
from tests.support.outside import World

_PATH = "/v1/budgets"


def budgets(house: House, _: World) -> None:
    member = house.member()
    house.record(house.event(member, quantity=10**6))
    call("POST", _PATH, key=member.api_key, body={"budget_amount": 20})
    for path in (_PATH, f"{_PATH}/status", f"{_PATH}/messages"):
        call("GET", path, key=member.api_key)
    house.record(house.event(member, quantity=10**6))
    house.clock.advance(days=31)  # what nobody has looked at by then is settled first
    call("PUT", _PATH, key=member.api_key, body={"budget_amount": 5, "limit_type": "hard"})
    call("DELETE", _PATH, key=member.api_key)


def mail_feedback(house: House, _: World) -> None:
    """The mail of a budget comes back, and so does one that nothing tells of."""
    member = spender(house)
    check_budget(house.ctx, member.account.id)
    (item,) = {mail.item for mail in house.deliver().mails if "Budget" in mail.subject}
    notify(bounce(member.account.email, item=item), bounce("ada@example.com"))
    messages, total = list_messages(house.ctx, authenticate(house.ctx, member.api_key), offset=0, limit=9)
    assert [message.recipients for message in messages] == [()] * total != []


def spender(house: House) -> Member:
    """Of an account that has used up its hard budget, which nobody has looked at yet."""
    member = house.member()
    principal = authenticate(house.ctx, member.api_key)
    create_budget(house.ctx, principal, {"amount": Decimal(10), "limit_type": "hard"})
    house.record(house.event(member, quantity=10**6))
    return member
