"""Sign-up confirms no address: until a link from a mail is used, no mail to it shows a link that somebody typed."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.outbox import Mail
from tallybook.domain.strangers import REMOVED, TYPED, TYPED_LISTS
from tallybook.gateways.templates import TEMPLATES
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.profile import change_account
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, change_password
from tallybook.services.outbox import resolve_mail
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.strangers import BOTH_CONFIRMED
from tallybook.store.outbox import put_mail
from tests.gateways.rendering import CONTEXT
from tests.support.app import HERE, PASSWORD, App, Member

VICTIM = "victim@example.net"
EVIL = "Log in at https://evil.test/x or evil.test now"
OURS = {
    *("plan", "credits", "link", "expires_at", "address", "unlisted", "at", "operator", "number", "period", "issued"),
    *("lines", "subtotal", "tax_rate", "tax", "total", "paid", "due", "due_date", "invoices", "given_back", "wishes"),
    *("request", "approved", "numbers", "percent", "uses", "next_period", "storage", "threshold", "others", "used"),
    *("budget", "percent_used", "hard", "restricted", "since", "ended"),
}
"""Variables of templates that nobody of the account types: ids, times, amounts, the catalog's names, our links."""

ADDRESSES = {"email", "current_email", "new_email", "login"}
"""Addresses in normal form, shown as what they are. An address that stands for a name is a typed text."""


@pytest.fixture
def member(app: App) -> Member:
    """An account that was opened with the address of somebody else, with typed texts that have links."""
    member = app.member(VICTIM)
    change_account(app.ctx, authenticate(app.ctx, member.session), {"display_name": "evil.test"})
    return member


def new_mails(app: App, to: str = VICTIM) -> str:
    """The texts of all mails that are delivered to this address now."""
    before = len(app.fake_aws.mails_to(to))
    app.deliver()
    return "\n".join(mail.text for mail in app.fake_aws.mails_to(to)[before:])


def test_every_variable_of_every_mail_is_known_as_typed_or_not() -> None:
    variables = {name for names in TEMPLATES.values() for name in names}
    assert variables == OURS | ADDRESSES | set(TYPED) | set(TYPED_LISTS)
    assert not (OURS | ADDRESSES) & (set(TYPED) | set(TYPED_LISTS))


@pytest.mark.parametrize("template", sorted(TEMPLATES.keys() - BOTH_CONFIRMED))
def test_no_mail_shows_an_unconfirmed_address_a_link_that_somebody_typed(
    app: App, member: Member, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: Callable[..., Any] = resolve_mail.stored_context
    monkeypatch.setattr(resolve_mail, "RESOLVERS", {template: stored})
    full = {name: CONTEXT[name] for name in TEMPLATES[template]}
    texts: dict[str, Any] = {name: EVIL for name in TYPED if name in full}
    texts |= {name: [{**one, "name": EVIL} for one in full[name]] for name in TYPED_LISTS if name in full}
    assert texts
    command = put_mail(Mail(template, (VICTIM,), full | texts), "x", at=app.clock.now(), account_id=member.account.id)
    app.ctx.tables.write(command)
    deliver(app.ctx, app.fake_aws.channels(), str(command.item["id"]))
    (mail,) = app.fake_aws.mails_to(VICTIM)
    for text in (mail.subject, mail.text, mail.html):
        assert "evil" not in text
    assert REMOVED in mail.text


def test_the_mails_about_keys_and_passwords_show_no_links_before_a_confirmation(app: App, member: Member) -> None:
    principal = authenticate(app.ctx, member.session)
    create_api_key(app.ctx, principal, name="evil.test/key")
    assert f'The API key "{REMOVED}"' in new_mails(app)
    create_api_key(app.ctx, authenticate(app.ctx, member.api_key), name="plain")
    ask_for_reset(app.ctx, email=VICTIM, address=HERE)
    assert f"- {REMOVED}, made on" in new_mails(app)
    change_password(
        app.ctx, authenticate(app.ctx, member.session), current=PASSWORD, password="a new one", address=HERE
    )
    shown = new_mails(app)
    assert f"- {REMOVED}, made on" in shown
    assert "- plain, made on" in shown


def test_after_a_reset_by_link_the_typed_texts_are_shown(app: App, member: Member) -> None:
    create_api_key(app.ctx, authenticate(app.ctx, app.confirm(member).session), name="node.js")
    assert '"node.js"' in new_mails(app)


def test_a_confirmed_change_of_the_email_confirms_the_new_address(app: App, member: Member) -> None:
    principal = authenticate(app.ctx, member.session)
    change = request_email_change(app.ctx, principal, current=VICTIM, new="own@example.com")
    for token in app.email_tokens(change).values():
        confirm_email_change(app.ctx, token=token, address=HERE)
    assert '"evil.test"' in new_mails(app)
    create_api_key(app.ctx, authenticate(app.ctx, member.session), name="node.js")
    assert '"node.js"' in new_mails(app, "own@example.com")


def test_an_invited_user_who_joined_has_confirmed(app: App, member: Member) -> None:
    colleague = app.colleague(member)
    create_api_key(app.ctx, authenticate(app.ctx, colleague.session), name="node.js")
    assert '"node.js"' in new_mails(app, colleague.user.email)


def test_a_mail_to_the_confirmed_account_takes_no_further_read(app: App) -> None:
    member = app.confirm(app.member())
    app.deliver()
    create_api_key(app.ctx, authenticate(app.ctx, member.session), name="laptop")
    mail = next(row["id"] for row in app.stored("core", "OUTBOX") if row["body"].get("letter") == "api_key_created")
    app.meter.clear()
    assert deliver(app.ctx, app.fake_aws.channels(), mail) == "delivered"
    assert app.meter.operations == ["get", "update", "get_many", "update"]
