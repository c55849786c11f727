"""A budget's messages record which addresses their mail reached."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tallybook.domain.outbox import MAX_ATTEMPTS
from tallybook.mail_hooks import HOOKS
from tallybook.services.budgets.check import check_budget
from tallybook.services.outbox.deliver import deliver, retry
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses
from tests.support.app import App, Member
from tests.support.budgets import edit_budget, member_with_budget, messages_of, recipients_of_messages, spend
from tests.support.faults import client_error

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture
def ada(app: App) -> Member:
    """An account whose budget has alerted at 50 and 80; the mail is not delivered yet."""
    member = member_with_budget(app, email=ADA, emails=(BOB, EVE))
    app.deliver()
    alert(app, member, "80")
    return member


def alert(app: App, member: Member, amount: str) -> None:
    spend(app, member, amount)
    assert check_budget(app.ctx, member.account.id)


def waiting_mail(app: App) -> str:
    """The id of the only waiting mail about messages."""
    (found,) = [item["id"] for item in app.stored("core", "OUTBOX") if "messages" in item["body"] and "due" in item]
    return found


def fail_addresses(app: App, error: BaseException, *, addresses: set[str]) -> None:
    """Let mails to these addresses fail until the next call."""

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        before = len(app.fake_aws.mails)
        answer = call()
        if operation == "send_email" and app.fake_aws.mails[-1].to in addresses:
            del app.fake_aws.mails[before:]
            raise error
        return answer

    app.fake_aws.interceptor = interceptor


def test_a_message_has_its_recipients_once_its_mail_is_sent(app: App, ada: Member) -> None:
    assert recipients_of_messages(app, ada) == [(), ()]
    app.deliver()
    assert recipients_of_messages(app, ada) == [(ADA, BOB, EVE)] * 2
    assert [mail.to for mail in app.fake_aws.mails if "threshold" in mail.subject] == [ADA, BOB, EVE]


def test_each_recipient_is_recorded_as_its_marker_is_stored(app: App, ada: Member) -> None:
    seen: list[list[tuple[str, ...]]] = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "send_email":
            seen.append(recipients_of_messages(app, ada))
        return call()

    app.fake_aws.interceptor = interceptor
    deliver(app.ctx, app.fake_aws.channels(), waiting_mail(app))
    assert seen == [[()] * 2, [(ADA,)] * 2, [(ADA, BOB)] * 2]


def test_a_parked_mail_has_only_the_recipients_it_reached(app: App, ada: Member) -> None:
    item = waiting_mail(app)
    fail_addresses(app, client_error("send_email", "BadRequestException"), addresses={BOB})
    assert deliver(app.ctx, app.fake_aws.channels(), item) == "parked"
    assert recipients_of_messages(app, ada) == [(ADA, EVE)] * 2
    fail_addresses(app, client_error("send_email", "TooManyRequestsException"), addresses={BOB})
    retry(app.ctx, item)
    for _ in range(MAX_ATTEMPTS):
        deliver(app.ctx, app.fake_aws.channels(), item)
        app.clock.advance(days=1)
    assert recipients_of_messages(app, ada) == [(ADA, EVE)] * 2


def test_a_mail_with_a_lost_answer_has_recipients_after_the_retry(app: App, ada: Member) -> None:
    item = waiting_mail(app)
    fail_addresses(app, ReadTimeoutError(endpoint_url="https://email"), addresses={ADA})
    assert deliver(app.ctx, app.fake_aws.channels(), item) == "postponed"
    assert recipients_of_messages(app, ada) == [()] * 2
    fail_addresses(app, ReadTimeoutError(endpoint_url="https://email"), addresses=set())
    app.clock.advance(minutes=1)
    assert deliver(app.ctx, app.fake_aws.channels(), item) == "delivered"
    before = app.stored("core", "MESSAGE#")
    assert recipients_of_messages(app, ada) == [(ADA, BOB, EVE)] * 2
    assert deliver(app.ctx, app.fake_aws.channels(), item) == "not_due"
    assert app.stored("core", "MESSAGE#") == before


def test_a_suppressed_address_is_not_a_recipient(app: App, ada: Member) -> None:
    suppress_addresses(app.ctx, [BOB], reason="complaint")
    app.deliver()
    assert recipients_of_messages(app, ada) == [(ADA, EVE)] * 2
    suppress_addresses(app.ctx, [ADA, EVE], reason="bounce")
    alert(app, ada, "20")
    app.deliver()
    assert recipients_of_messages(app, ada) == [(ADA, EVE), (ADA, EVE), ()]


def test_a_bounce_changes_only_the_messages_of_its_notification(app: App, ada: Member) -> None:
    app.deliver()
    edit_budget(app, ada, emails=())
    alert(app, ada, "20")
    first, second, third = messages_of(app, ada)
    assert first.notification_id == second.notification_id != third.notification_id
    note_bounce(app.ctx, HOOKS, waiting_mail(app), [ADA])
    app.deliver()
    assert recipients_of_messages(app, ada) == [(ADA, BOB, EVE), (ADA, BOB, EVE), ()]


def test_each_bounce_removes_its_address_from_the_recipients(app: App, ada: Member) -> None:
    item = waiting_mail(app)
    app.deliver()
    steps = [([BOB], (ADA, EVE)), ([BOB], (ADA, EVE)), ([" Eve@Example.com"], (ADA,)), ([ADA, EVE], ())]
    for addresses, left in steps:
        note_bounce(app.ctx, HOOKS, item, addresses)
        assert recipients_of_messages(app, ada) == [left] * 2


def test_a_bounce_before_the_marker_is_stored_counts(app: App, ada: Member) -> None:
    item = waiting_mail(app)

    def bounce_at_once(operation: str, call: Callable[[], Any]) -> Any:
        answer = call()
        note_bounce(app.ctx, HOOKS, item, [app.fake_aws.mails[-1].to])
        return answer

    app.fake_aws.interceptor = bounce_at_once
    assert deliver(app.ctx, app.fake_aws.channels(), item) == "delivered"
    assert recipients_of_messages(app, ada) == [(), ()]


def test_a_bounce_without_a_message_changes_nothing(app: App, ada: Member) -> None:
    item = waiting_mail(app)
    app.deliver()
    (welcome,) = [one["id"] for one in app.stored("core", "OUTBOX") if one["body"].get("letter") == "welcome"]
    before = app.stored("core")
    note_bounce(app.ctx, HOOKS, item, ["stranger@example.com"])
    note_bounce(app.ctx, HOOKS, item, [])
    note_bounce(app.ctx, HOOKS, welcome, [ADA])
    note_bounce(app.ctx, HOOKS, "unknown", [ADA])
    for events in [one["id"] for one in before if one["sk"] == "OUTBOX" and one["kind"] == "events"]:
        note_bounce(app.ctx, HOOKS, events, [ADA])
    assert app.stored("core") == before
