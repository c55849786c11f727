"""Walks through the functions `budgets` and `mail_feedback`: every operation of each."""

from decimal import Decimal

from tallybook.services.budgets.budget import create_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.budgets.status import list_messages
from tallybook.services.identity.authenticate import authenticate
from tests.functions.lambda_events import bounce, notify
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.fake_aws import FakeAws

_PATH = "/v1/budgets"


def budgets(app: App, _: FakeAws) -> None:
    member = app.member()
    app.record(app.event(member, quantity=10**6))
    call("POST", _PATH, key=member.api_key, body={"budget_amount": 20})
    for path in (_PATH, f"{_PATH}/status", f"{_PATH}/messages"):
        call("GET", path, key=member.api_key)
    app.record(app.event(member, quantity=10**6))
    app.clock.advance(days=31)  # the change first checks the ended period
    call("PUT", _PATH, key=member.api_key, body={"budget_amount": 5, "limit_type": "hard"})
    call("DELETE", _PATH, key=member.api_key)


def mail_feedback(app: App, _: FakeAws) -> None:
    """A budget mail bounces, and so does a mail without an outbox item."""
    member = member_over_budget(app)
    check_budget(app.ctx, member.account.id)
    (item,) = {mail.item for mail in app.deliver().mails if "Budget" in mail.subject}
    notify(bounce(member.account.email, item=item), bounce("ada@example.com"))
    messages, total = list_messages(app.ctx, authenticate(app.ctx, member.api_key), offset=0, limit=9)
    assert [message.recipients for message in messages] == [()] * total != []


def member_over_budget(app: App) -> Member:
    """A member of an account that has used up its hard budget, before any check."""
    member = app.member()
    principal = authenticate(app.ctx, member.api_key)
    create_budget(app.ctx, principal, {"amount": Decimal(10), "limit_type": "hard"})
    app.record(app.event(member, quantity=10**6))
    return member
