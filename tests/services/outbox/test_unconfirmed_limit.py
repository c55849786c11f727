"""An address that nobody has confirmed gets at most 10 mails a day, of all templates, also as the account's own."""

from dataclasses import replace

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limits
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.invitations import Invitation
from tallybook.services.accounts.operator import create_account, invite
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.suppressions import suppress_addresses
from tests.support.app import HERE, App, Member
from tests.support.cloud import UNLIMITED

VICTIM = "victim@example.net"


@pytest.fixture(autouse=True)
def strict(app: App) -> None:
    """Only the limit of mails to strangers, and that of resets."""
    limits = Limits()
    app.reshape(limits=UNLIMITED._replace(stranger=limits.stranger, reset=limits.reset))


def make_keys(app: App, member: Member, number: int) -> None:
    for _ in range(number):
        create_api_key(app.ctx, authenticate(app.ctx, member.session), name="key")
    app.deliver()


def got(app: App, *to: str) -> int:
    return sum(len(app.fake_aws.mails_to(address)) for address in to)


def marks(app: App) -> list[str]:
    """The emails that are stored as unconfirmed, of users and accounts."""
    rows = app.stored("core")
    return sorted(row["email"] for row in rows if row.get("email_unconfirmed"))


def test_the_address_of_a_sign_up_gets_ten_mails_a_day_under_all_tags(app: App) -> None:
    first, tagged = app.member(VICTIM), app.member("victim+tag@example.net")
    make_keys(app, first, 6)
    set_account_status(app.ctx, first.account.id, "suspended", reason="a test", actor=OPERATOR)
    set_account_status(app.ctx, first.account.id, "active", reason="a test", actor=OPERATOR)
    make_keys(app, tagged, 6)
    assert got(app, VICTIM, "victim+tag@example.net") == 10
    app.clock.advance(days=1)
    create_api_key(app.ctx, authenticate(app.ctx, first.api_key), name="tomorrow")
    app.deliver()
    assert got(app, VICTIM, "victim+tag@example.net") == 11


def test_an_address_whose_link_was_used_gets_all_mails(app: App) -> None:
    member = app.confirm(app.member(VICTIM))
    make_keys(app, member, 12)
    assert got(app, VICTIM) == 14, "the welcome and the new password, too"


def test_users_and_accounts_of_earlier_releases_are_confirmed(app: App) -> None:
    member = app.member(VICTIM)
    app.change_user(member, email_unconfirmed=None)
    make_keys(app, member, 11)
    assert got(app, VICTIM) == 12
    other = app.member("other@example.net")
    app.change_account(other, email_unconfirmed=None)
    make_keys(app, other, 11)
    assert got(app, "other@example.net") == 12


def test_a_user_whom_an_earlier_release_invited_is_a_stranger(app: App) -> None:
    member = app.member("root@example.com")
    invited = app.invite(member, VICTIM)
    app.change_user(replace(member, user=invited), email_unconfirmed=None)
    app.deliver()
    assert [row["count"] for row in app.stored("core") if "#stranger#" in row["pk"]] == [1, 1]


def test_a_reset_is_sent_after_ten_other_mails_at_most_three_an_hour(app: App) -> None:
    member = app.member(VICTIM)
    app.member("victim+tag@example.net")
    make_keys(app, member, 12)
    for email in (VICTIM, VICTIM, "victim+tag@example.net"):
        ask_for_reset(app.ctx, email=email, address=HERE)
    app.deliver()
    assert got(app, VICTIM, "victim+tag@example.net") == 13
    with pytest.raises(TooManyRequests):
        ask_for_reset(app.ctx, email="victim+other@example.net", address="203.0.113.99")


def test_every_way_by_which_an_address_enters_stores_it_as_unconfirmed(app: App) -> None:
    member = app.member("a@example.com")
    app.invite(member, "b@example.com")
    invite(app.ctx, member.account.id, Invitation("c@example.com"))
    create_account(app.ctx, email="d@example.com")
    ours = ["a@example.com", "a@example.com", "b@example.com", "c@example.com", "d@example.com", "d@example.com"]
    assert marks(app) == ours


def test_a_link_of_a_mail_confirms_the_address_of_user_and_account(app: App) -> None:
    member = app.member(VICTIM)
    assert app.account_of(member).email_unconfirmed
    app.colleague(member, "colleague@example.com")
    assert marks(app) == [VICTIM, VICTIM]
    app.confirm(member)
    assert marks(app) == []


def test_each_link_of_an_email_change_confirms_its_address(app: App) -> None:
    member = app.member(VICTIM)
    app.deliver()
    request_email_change(app.ctx, authenticate(app.ctx, member.session), current=VICTIM, new="own@example.com")
    app.deliver()
    old, new = (app.fake_aws.mails_to(email)[-1].token for email in (VICTIM, "own@example.com"))
    confirm_email_change(app.ctx, token=old, address=HERE)
    assert marks(app) == [VICTIM], "the user; the account's is confirmed"
    make_keys(app, member, 11)
    assert got(app, VICTIM) == 13
    confirm_email_change(app.ctx, token=new, address=HERE)
    assert marks(app) == []


def test_a_suppressed_stranger_is_not_counted(app: App) -> None:
    app.member(VICTIM)
    suppress_addresses(app.ctx, [VICTIM], reason="bounce")
    app.deliver()
    assert not [row for row in app.stored("core") if "#stranger#" in row["pk"]]


def test_a_mail_to_an_unconfirmed_address_takes_two_reads_and_is_counted(app: App) -> None:
    member = app.member()
    app.deliver()
    create_api_key(app.ctx, authenticate(app.ctx, member.session), name="laptop")
    rows = app.stored("core", "OUTBOX")
    mail = next(row["id"] for row in rows if row["body"].get("letter") == "api_key_created")
    app.meter.clear()
    assert deliver(app.ctx, app.fake_aws.channels(), mail) == "delivered"
    assert app.meter.operations == ["get", "update", "get_many", "get_many", "transact", "update"]
