"""user@müller.de and user@xn--mller-kva.de are one mailbox, wherever addresses are compared; mails go to the latter."""

import pytest

from tallybook.domain.errors import Conflict, Invalid, NotFound, TooManyRequests
from tallybook.domain.limits import DAY, HOUR, Limit, Limits
from tallybook.domain.outbox import Mail
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.accounts.sign_up import register
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.services.identity.sign_in import login
from tallybook.services.lookup import find_by_email
from tallybook.services.outbox.suppressions import find_suppression, lift_suppression, suppress_addresses
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.keys import Key
from tallybook.store.outbox import put_mail
from tallybook.store.users import user_item
from tests.functions.lambda_events import bounce, notify
from tests.support.app import HERE, PASSWORD, App
from tests.support.budgets import recipients_of_messages, set_up_budget, spend
from tests.support.invariants import check_invariants

WRITTEN, ASCII = "user@müller.de", "user@xn--mller-kva.de"
BOTH_WAYS = pytest.mark.parametrize(("first", "second"), [(WRITTEN, ASCII), (ASCII, WRITTEN)])


@BOTH_WAYS
def test_a_mailbox_registers_once_and_signs_in_in_both_forms(app: App, first: str, second: str) -> None:
    signed_in = register(app.ctx, email=first, password=PASSWORD, address=HERE)
    assert (signed_in.user.email, signed_in.account.email) == (first, first)
    for form in (first, second, second.upper()):
        assert login(app.ctx, email=form, password=PASSWORD, address=HERE).user.id == signed_in.user.id
        assert find_by_email(app.ctx, form)[1].email == first
    with pytest.raises(Conflict):
        register(app.ctx, email=second, password=PASSWORD, address=HERE)
    with pytest.raises(Conflict):
        app.invite(app.member("ada@example.com"), second)
    check_invariants(app)


@BOTH_WAYS
def test_mails_go_to_the_ascii_form_and_show_what_was_written(app: App, first: str, second: str) -> None:
    app.member(first)
    ask_for_reset(app.ctx, email=second, address=HERE)
    mails = {mail.subject: mail for mail in app.deliver().mails_to(ASCII)}
    assert f"sign in with {first}." in mails["Welcome to Tallybook"].text
    assert mails["Set a new password for Tallybook"].token


def test_events_have_the_ascii_form_which_their_schemas_promise(app: App) -> None:
    member = app.member(WRITTEN)
    app.invite(member, "invited@müller.de")
    set_up_budget(app, member, emails=("cfo@müller.de",))
    data = dict(app.deliver().events)
    assert data["AccountRegistered"]["email"] == ASCII
    assert data["UserInvited"]["email"] == "invited@xn--mller-kva.de"
    assert data["BudgetSet"]["notification_emails"] == ["cfo@xn--mller-kva.de"]


@BOTH_WAYS
def test_attempts_of_both_forms_are_counted_together(app: App, first: str, second: str) -> None:
    app.reshape(limits=Limits(login_email=Limit(1), reset=Limit(1, HOUR), invited=Limit(1, HOUR)))
    member = app.member("ada@example.com")
    principal = authenticate(app.ctx, member.session, address=HERE)
    ask_for_reset(app.ctx, email=first, address="192.0.2.1")
    with pytest.raises(TooManyRequests):
        ask_for_reset(app.ctx, email=second, address="192.0.2.2")
    with pytest.raises(Exception, match="wrong"):
        login(app.ctx, email=first, password=PASSWORD, address="192.0.2.1")
    with pytest.raises(TooManyRequests):
        login(app.ctx, email=second, password=PASSWORD, address="192.0.2.2")
    invite_user(app.ctx, principal, Invitation(first))
    app.clock.advance(minutes=31)
    with pytest.raises((TooManyRequests, Invalid)):
        request_email_change(app.ctx, principal, current="ada@example.com", new=second)


@BOTH_WAYS
def test_a_suppression_applies_to_both_forms(app: App, first: str, second: str) -> None:
    suppress_addresses(app.ctx, [first], reason="bounce")
    app.member(second)
    assert app.deliver().mails == []
    assert find_suppression(app.ctx, second)[0] == find_suppression(app.ctx, first)[0] == "bounce"
    lift_suppression(app.ctx, second)
    with pytest.raises(NotFound):
        find_suppression(app.ctx, first)


@BOTH_WAYS
def test_a_stranger_is_counted_in_both_forms(app: App, first: str, second: str) -> None:
    app.reshape(limits=Limits(stranger=Limit(1, DAY)))
    for cause, address in enumerate((first, f"user+tag@{second.partition('@')[2]}")):
        context = {"name": None, "email": address, "plan": "hobby", "credits": 0}
        app.ctx.tables.write(put_mail(Mail("welcome", (address,), context), str(cause), at=app.clock.now()))
    assert len(app.deliver().mails) == 1


@BOTH_WAYS
def test_a_budgets_recipients_are_distinct_and_known_in_both_forms(app: App, first: str, second: str) -> None:
    member = app.confirm(app.member("ada@example.com"))
    app.colleague(member, first)
    app.reshape(limits=Limits(stranger=Limit(0, DAY)))
    set_up_budget(app, member, emails=(second, first))
    spend(app, member, "50")
    check_budget(app.ctx, member.account.id)
    alert = next(mail for mail in app.deliver().mails_to(ASCII) if "threshold" in mail.subject)
    assert recipients_of_messages(app, member) == [("ada@example.com", second)]
    notify(bounce(ASCII, kind="Transient", item=alert.item))
    assert recipients_of_messages(app, member) == [("ada@example.com",)]


@BOTH_WAYS
def test_an_email_change_compares_mailboxes(app: App, first: str, second: str) -> None:
    member = app.member(first)
    principal = authenticate(app.ctx, member.session, address=HERE)
    with pytest.raises(Invalid, match="is the email of the account already"):
        request_email_change(app.ctx, principal, current=second, new=second)
    change = request_email_change(app.ctx, principal, current=second, new="ada@example.com")
    for token in app.email_tokens(change).values():
        confirm_email_change(app.ctx, token=token, address=HERE)
    assert login(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE).user.id == member.user.id
    assert app.member(second).user.email == second
    check_invariants(app)


@BOTH_WAYS
def test_the_login_moves_even_if_its_user_wrote_the_other_form(app: App, first: str, second: str) -> None:
    member = app.member("ada@example.com")
    user = app.colleague(member, second).user
    app.change_account(member, email=first)
    principal = authenticate(app.ctx, member.session, address=HERE)
    change = request_email_change(app.ctx, principal, current=first, new="new@example.com")
    for token in app.email_tokens(change).values():
        confirm_email_change(app.ctx, token=token, address=HERE)
    assert login(app.ctx, email="new@example.com", password=PASSWORD, address=HERE).user.id == user.id
    check_invariants(app)


@BOTH_WAYS
def test_a_reset_confirms_the_accounts_email_in_either_form(app: App, first: str, second: str) -> None:
    member = app.member("ada@example.com")
    colleague = app.colleague(member, second)
    app.change_account(member, email=first)
    app.confirm(colleague)
    assert "email_unconfirmed" not in (app.ctx.tables.get(keys.account(member.account.id)) or {})


def test_the_audit_log_masks_an_international_address(app: App) -> None:
    app.member(WRITTEN)
    entries = [item for item in app.stored("core") if item["sk"].startswith("AUDIT#")]
    assert "u***@müller.de" in str(entries)
    assert WRITTEN not in str(entries)


def test_a_user_whose_email_an_earlier_release_took_signs_in_and_is_found(app: App) -> None:
    user = app.member("ada@example.com").user
    stored = {**user_item(user), "email": "ada@-bad-.com"}
    app.ctx.tables.write(Put(keys.user(user.account_id, user.id), stored, condition=None))
    owner = {"account_id": user.account_id, "user_id": user.id}
    app.ctx.tables.write(Put(Key("core", "EMAIL#ada@-bad-.com", "EMAIL"), owner))
    assert login(app.ctx, email="Ada@-bad-.com", password=PASSWORD, address=HERE).user.id == user.id
    assert find_by_email(app.ctx, "ada@-bad-.com")[1].id == user.id
