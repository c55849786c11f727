"""A request that would mail a stranger who had 10 mails today is refused before anything is made."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.credentials import Principal
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limits
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.operator import create_account, invite
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.rate_limits import count_stranger_mail
from tests.support.app import App, Member
from tests.support.call import call
from tests.support.cloud import UNLIMITED

VICTIM = "victim@example.net"
LEFT = 11 * 3600 + 25 * 60 + 4
"""Seconds until the next UTC day."""


@pytest.fixture
def root(app: App) -> Member:
    app.reshape(limits=UNLIMITED._replace(stranger=Limits().stranger))
    return app.member("root@example.com")


def mail(app: App, email: str, number: int) -> None:
    for _ in range(number):
        app.ctx.tables.transact([count_stranger_mail(app.ctx, email=email)])


def caller(app: App, root: Member) -> Principal:
    return authenticate(app.ctx, root.session)


def change_email(app: App, root: Member, new: str = VICTIM) -> Any:
    return request_email_change(app.ctx, caller(app, root), current="root@example.com", new=new)


def refuse(app: App, attempt: Callable[[], Any]) -> None:
    before = app.stored("core")
    with pytest.raises(TooManyRequests) as refused:
        attempt()
    assert refused.value.retry_after == LEFT
    assert app.stored("core") == before, "nothing is made, and no attempt is counted"


def test_an_invitation_of_a_stranger_with_ten_mails_makes_no_user(app: App, root: Member) -> None:
    mail(app, VICTIM, 10)
    refuse(app, lambda: invite_user(app.ctx, caller(app, root), Invitation("victim+tag@example.net")))
    refuse(app, lambda: invite(app.ctx, root.account.id, Invitation(VICTIM)))
    refuse(app, lambda: create_account(app.ctx, email=VICTIM))


def test_a_second_invitation_of_a_stranger_with_ten_mails_is_refused(app: App, root: Member) -> None:
    invited = app.invite(root, VICTIM)
    mail(app, VICTIM, 10)
    refuse(app, lambda: invite_again(app.ctx, caller(app, root), invited.id))


def test_an_email_change_to_a_stranger_with_ten_mails_is_refused(app: App, root: Member) -> None:
    mail(app, VICTIM, 10)
    refuse(app, lambda: change_email(app, root))


def test_an_email_change_of_an_unconfirmed_account_wants_room_for_its_own_mail(app: App, root: Member) -> None:
    mail(app, "root@example.com", 9)
    refuse(app, lambda: change_email(app, root, "root+new@example.com"))
    mail(app, "root@example.com", 1)
    refuse(app, lambda: change_email(app, root))
    confirmed = app.confirm(root)
    assert change_email(app, confirmed)


def test_the_tenth_mail_of_the_day_may_be_an_invitation(app: App, root: Member) -> None:
    mail(app, VICTIM, 9)
    invite_user(app.ctx, caller(app, root), Invitation(VICTIM))
    app.deliver()
    assert len(app.fake_aws.mails_to(VICTIM)) == 1


def test_the_refusal_says_when_to_try_again(app: App, root: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallybook import runtime

    monkeypatch.setattr(runtime, "context", lambda: app.ctx)
    mail(app, VICTIM, 10)
    answer = call("POST", "/v1/user-management/users", key=root.session, body={"email": VICTIM})
    assert (answer.status, answer.headers["retry-after"]) == (429, str(LEFT))


def test_the_refusal_takes_no_further_round_trip(app: App, root: Member) -> None:
    principal = caller(app, root)
    app.meter.clear()
    invite_user(app.ctx, principal, Invitation(VICTIM))
    assert app.meter.operations == ["transact", "transact"]
