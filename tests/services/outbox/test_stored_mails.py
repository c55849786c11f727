"""Mails stored by an earlier release are delivered, and this release stores mails in the same form."""

from datetime import UTC, datetime

import pytest

from tallybook.domain.times import parse_instant
from tallybook.gateways.templates import TEMPLATES
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.billing.void_invoice import void_invoice
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.resolve_mail import RESOLVERS
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.outbox import put_mail, read_mail, read_outbox_item
from tests.services.outbox.stored_mails import ADA, BOB, BODIES, CREATED_AT, ITEM_ID, NEW, stored_mail
from tests.support.app import App, Member
from tests.support.budgets import recipients_of_messages, set_up_budget, spend

IDS = {"account_id": "a", "user_id": "u", "email_change": "c"}
AFTER_PERIOD = datetime(2026, 5, 20, 13, tzinfo=UTC)


@pytest.fixture
def ada(app: App) -> Member:
    return app.member(ADA)


@pytest.fixture
def ids(app: App, ada: Member) -> dict[str, str]:
    """The ids of the account, of an invited user and of a pending email change."""
    user = app.invite(ada, BOB)
    change = request_email_change(app.ctx, authenticate(app.ctx, ada.api_key), current=ADA, new=NEW)
    return {"account_id": ada.account.id, "user_id": user.id, "email_change": change.id}


def deliver_stored(app: App, template: str, ids: dict[str, str]) -> list[str]:
    """Deliver the stored mail, and return the addresses it went to."""
    app.ctx.tables.write(Put(keys.outbox(ITEM_ID), stored_mail(template, **ids)))
    assert deliver(app.ctx, app.fake_aws.channels(), ITEM_ID) == "delivered"
    assert {mail.item for mail in app.fake_aws.mails} <= {ITEM_ID}
    return [mail.to for mail in app.fake_aws.mails]


def close_period(app: App, member: Member, *, status: str) -> None:
    """Close the first period, and set its invoice to this status."""
    app.record(app.event(member, quantity=150_000))
    app.clock.moment = AFTER_PERIOD
    (invoice,) = app.invoice_due()
    if status == "overdue":
        app.clock.advance(days=7)
        app.invoice_due()
    if status == "void":
        void_invoice(app.ctx, invoice.id, reason="A mistake of ours")


def test_each_template_has_a_resolver_and_a_stored_mail() -> None:
    assert RESOLVERS.keys() == TEMPLATES.keys() == BODIES.keys()


@pytest.mark.parametrize("template", BODIES)
def test_a_mail_is_stored_as_before(template: str) -> None:
    stored = stored_mail(template, **IDS)
    mail = read_mail(read_outbox_item(stored))
    put = put_mail(mail, "cause", at=parse_instant(CREATED_AT), account_id="a")
    own = {"id": put.item["id"], "work": put.item["work"]}
    assert put.item == stored | own


@pytest.mark.parametrize("template", [name for name in BODIES if "invoice" not in name and "budget" not in name])
def test_a_stored_mail_is_delivered(app: App, ids: dict[str, str], template: str) -> None:
    assert deliver_stored(app, template, ids) == BODIES[template]["to"]


@pytest.mark.parametrize(
    ("template", "status"), [("invoice", "open"), ("invoice_overdue", "overdue"), ("invoice_voided", "void")]
)
def test_a_stored_mail_about_an_invoice_is_delivered(
    app: App, ada: Member, ids: dict[str, str], template: str, status: str
) -> None:
    close_period(app, ada, status=status)
    assert deliver_stored(app, template, ids) == [ADA]
    assert "invoice no. 1" in app.fake_aws.mails[0].subject


def test_a_stored_mail_about_a_budget_is_delivered_and_recorded(app: App, ada: Member, ids: dict[str, str]) -> None:
    set_up_budget(app, ada, emails=(BOB,))
    spend(app, ada, "80")
    check_budget(app.ctx, ada.account.id)
    assert recipients_of_messages(app, ada) == [(), ()]
    assert deliver_stored(app, "budget_reached", ids) == [ADA, BOB]
    assert recipients_of_messages(app, ada) == [(ADA, BOB)] * 2
