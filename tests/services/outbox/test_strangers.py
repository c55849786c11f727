"""A stranger gets at most 10 mails a day, from all accounts together, and no links that anybody typed."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import DAY, Limit, Limits
from tallybook.domain.outbox import Mail
from tallybook.domain.strangers import REMOVED, TYPED
from tallybook.gateways.templates import TEMPLATES
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.accounts.profile import change_account
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.outbox.deliver import deliver
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.outbox import put_mail, read_outbox_item
from tests.gateways.rendering import CONTEXT
from tests.services.outbox.stored_mails import BODIES, ITEM_ID, stored_mail
from tests.support.app import App, Member
from tests.support.budgets import recipients_of_messages, set_up_budget, spend
from tests.support.fake_aws import SentMail
from tests.support.race import race

VICTIM = "victim@example.net"
EVIL = "Log in at https://evil.test/x or evil.test now"


@pytest.fixture
def strict(app: App) -> App:
    app.reshape(limits=Limits())
    return app


def alert(app: App, member: Member, *emails: str) -> None:
    """Let the account's budget alert these addresses."""
    set_up_budget(app, member, emails=emails)
    spend(app, member, "80")
    check_budget(app.ctx, member.account.id)


def put(app: App, template: str, *to: str, account_id: str | None = None, cause: str = "cause", **context: Any) -> str:
    """Store a waiting mail with a full context; return its item's id."""
    full = {name: CONTEXT[name] for name in TEMPLATES[template]} | context
    command = put_mail(Mail(template, to, full), cause, at=app.clock.now(), account_id=account_id)
    app.ctx.tables.write(command)
    return str(command.item["id"])


def send(app: App, item_id: str) -> list[SentMail]:
    deliver(app.ctx, app.fake_aws.channels(), item_id)
    return [mail for mail in app.fake_aws.mails if mail.item == item_id]


def test_a_stranger_gets_ten_mails_a_day_from_all_accounts_under_all_tags(strict: App) -> None:
    for number in range(12):
        send(strict, put(strict, "welcome", f"Victim+{number}@example.net", account_id=f"a{number}", cause=str(number)))
    assert [mail.to for mail in strict.fake_aws.mails] == [f"victim+{number}@example.net" for number in range(10)]
    refused = [row for row in strict.stored("core", "OUTBOX") if row.get("skipped")]
    assert sorted(row["skipped"][0] for row in refused) == ["victim+10@example.net", "victim+11@example.net"]
    assert {row["state"] for row in refused} == {"delivered"}
    assert send(strict, put(strict, "welcome", "other@example.net", cause="other"))
    strict.clock.advance(days=1)
    assert send(strict, put(strict, "welcome", VICTIM, cause="tomorrow"))


def test_mails_of_all_kinds_are_counted_together(strict: App) -> None:
    for number in range(8):
        send(strict, put(strict, "welcome", VICTIM, cause=str(number)))
    member, other = strict.member(), strict.member()
    alert(strict, member, VICTIM)
    request_email_change(strict.ctx, authenticate(strict.ctx, other.session), current=other.account.email, new=VICTIM)
    strict.deliver()
    assert len(strict.fake_aws.mails_to(VICTIM)) == 10
    with pytest.raises(TooManyRequests):
        invite_user(strict.ctx, authenticate(strict.ctx, member.session), Invitation(VICTIM))
    send(strict, put(strict, "budget_reached", "own@example.com", VICTIM, cause="one more"))
    assert len(strict.fake_aws.mails_to(VICTIM)) == 10


def test_a_refused_stranger_does_not_stop_the_mail_to_the_account(strict: App) -> None:
    for number in range(10):
        send(strict, put(strict, "welcome", VICTIM, cause=str(number)))
    member = strict.member("ada@example.com")
    alert(strict, member, VICTIM, "cfo@example.com")
    strict.deliver()
    assert recipients_of_messages(strict, member) == [("ada@example.com", "cfo@example.com")] * 2


def test_a_retried_mail_is_counted_once(strict: App) -> None:
    item_id = put(strict, "welcome", VICTIM)
    strict.fake_aws.refusals += ["TooManyRequestsException"] * 3
    for _ in range(4):
        send(strict, item_id)
        strict.clock.advance(hours=2)
    (counter,) = [row for row in strict.stored("core") if row["pk"].startswith("ATTEMPTS#stranger#")]
    assert (len(strict.fake_aws.mails), counter["count"]) == (1, 1)
    assert "victim" not in counter["pk"]


def test_concurrent_mails_to_a_stranger_stop_at_the_limit(crowded_app: App) -> None:
    app = crowded_app
    app.reshape(limits=Limits(stranger=Limit(3, DAY)))
    ids = [put(app, "welcome", f"victim+{number}@example.net", cause=str(number)) for number in range(6)]
    outcomes = race(*[lambda id=each: deliver(app.ctx, app.fake_aws.channels(), id) for each in ids])
    assert outcomes == ["delivered"] * 6
    assert len(app.fake_aws.mails) == 3


def test_the_accounts_users_and_its_own_address_are_no_strangers(app: App) -> None:
    member = app.confirm(app.member("ada@example.com"))
    colleague, invited = app.colleague(member), app.invite(member)
    change_account(app.ctx, authenticate(app.ctx, member.session), {"display_name": "Node.js"})
    alert(app, member, colleague.user.email, invited.email, VICTIM, app.member("bob@example.com").user.email)
    app.deliver()
    texts = {mail.to: mail.text for mail in app.fake_aws.mails if mail.subject.startswith("Budget")}
    strangers = {to for to, text in texts.items() if REMOVED in text}
    assert strangers == {invited.email, VICTIM, "bob@example.com"}
    assert all('"Node.js"' in texts[to] for to in ("ada@example.com", colleague.user.email))


@pytest.mark.parametrize("template", ["budget_reached", "email_change_new", "invitation", "welcome"])
def test_no_template_shows_a_stranger_a_link_that_somebody_typed(
    app: App, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallybook.services.outbox import resolve_mail

    stored: Callable[..., Any] = resolve_mail.stored_context
    monkeypatch.setattr(resolve_mail, "RESOLVERS", {template: stored})
    typed = dict.fromkeys(set(TYPED) & set(TEMPLATES[template]), EVIL)
    assert typed
    sent = send(app, put(app, template, "own@example.com", VICTIM, account_id=app.member().account.id, **typed))
    shown = next(mail for mail in sent if mail.to == VICTIM)
    for text in (shown.subject, shown.text, shown.html):
        assert "evil" not in text
    assert REMOVED in shown.text
    assert "://" not in shown.text.replace(CONTEXT["link"], "").replace("https://api.example.com", "")


def test_an_invitation_names_the_inviter_by_their_email_but_no_other_address(app: App) -> None:
    member = app.member("ada@example.com")
    caller = authenticate(app.ctx, member.session)
    invite_user(app.ctx, caller, Invitation("one@example.net"))
    change_account(app.ctx, authenticate(app.ctx, member.session), {"display_name": "support@bank.test"})
    invite_user(app.ctx, authenticate(app.ctx, member.session), Invitation("two@example.net"))
    app.deliver()
    first, second = (app.fake_aws.mails_to(f"{name}@example.net")[0].text for name in ("one", "two"))
    assert 'ada@example.com invites you to join the account "ada@example.com"' in first
    assert f'ada@example.com invites you to join the account "{REMOVED}"' in second


def test_mail_to_the_account_takes_no_further_read_or_write(app: App) -> None:
    member = app.confirm(app.member())
    app.deliver()
    alert(app, member)
    (item_id,) = [row["id"] for row in app.stored("core", "OUTBOX") if "messages" in row["body"]]
    app.meter.clear()
    assert len(send(app, item_id)) == 1
    assert app.meter.operations == ["get", "update", "get_many", "transact"]


def test_an_item_stored_without_counted_strangers_is_delivered(app: App) -> None:
    item = stored_mail("welcome", account_id="a", user_id="u", email_change="c")
    assert "counted" not in item
    assert read_outbox_item(item).counted == ()
    app.ctx.tables.write(Put(keys.outbox(ITEM_ID), item))
    assert [mail.to for mail in send(app, ITEM_ID)] == BODIES["welcome"]["to"]
