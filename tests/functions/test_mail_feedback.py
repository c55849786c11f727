"""After a permanent bounce or a complaint an address gets no more mail; after a transient bounce it does."""

import copy
from collections.abc import Callable

import pytest

from tallybook.services.budgets.check import check_budget
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.functions.lambda_events import bounce, complaint, notify
from tests.support.app import App, Member
from tests.support.budgets import member_with_budget, recipients_of_messages, spend
from tests.support.call import call


def suppressed_addresses(app: App) -> dict[str, str]:
    items = [item for item in app.stored("core") if item["sk"] == "SUPPRESSED"]
    return {item["pk"].removeprefix("EMAIL#"): item["reason"] for item in items}


def test_a_permanent_bounce_suppresses_all_its_addresses(app: App) -> None:
    assert notify(bounce("ada@example.com", "joan@example.com")) == {"suppressed": 2}
    assert suppressed_addresses(app) == {"ada@example.com": "bounce", "joan@example.com": "bounce"}


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_transient_bounce_suppresses_nobody(app: App, kind: str) -> None:
    assert notify(bounce("ada@example.com", kind=kind)) == {"suppressed": 0}
    assert suppressed_addresses(app) == {}


def test_a_complaint_suppresses(app: App) -> None:
    assert notify(complaint("ada@example.com")) == {"suppressed": 1}
    assert suppressed_addresses(app) == {"ada@example.com": "complaint"}


def test_a_not_spam_report_suppresses_nobody(app: App) -> None:
    event = complaint("ada@example.com")
    event["complaint"]["complaintFeedbackType"] = "not-spam"
    assert notify(event) == {"suppressed": 0}


def test_an_address_is_suppressed_once_in_any_spelling(app: App) -> None:
    assert notify(bounce("Ada@Example.com ", "ada@example.com")) == {"suppressed": 1}
    assert suppressed_addresses(app) == {"ada@example.com": "bounce"}


def test_notifications_may_be_repeated_and_share_a_call(app: App) -> None:
    events = [bounce("ada@example.com"), complaint("joan@example.com"), bounce("max@example.com", kind="Transient")]
    assert notify(*events) == {"suppressed": 2}
    before = app.stored("core")
    assert notify(*events) == {"suppressed": 2}
    assert app.stored("core") == before


def test_a_feedback_notification_of_ses_is_read_like_an_event(app: App) -> None:
    """SES's feedback notifications have `notificationType` where its published events have `eventType`."""
    event = bounce("ada@example.com")
    event["notificationType"] = event.pop("eventType")
    assert notify(event) == {"suppressed": 1}


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "DeliveryDelay", "Rendering Failure", "Reject"])
def test_other_kinds_of_events_are_ignored(app: App, kind: str) -> None:
    assert notify({"eventType": kind, "mail": {"destination": ["ada@example.com"]}}) == {"suppressed": 0}
    assert suppressed_addresses(app) == {}


def test_the_log_has_the_count_and_no_address(app: App, logged: Callable[[], str]) -> None:
    notify(bounce("ada@example.com"))
    assert '"suppressed":1' in logged()
    assert "ada@example.com" not in logged()


def test_messages_that_are_no_events_are_ignored(app: App) -> None:
    hello = "Successfully validated SNS topic for Amazon SES event publishing."
    for odd in (hello, "", "[]", "null", "5"):
        assert notify(odd, bounce("ada@example.com")) == {"suppressed": 1}


ADA, CFO = "ada@example.com", "cfo@example.com"


def send_alert(app: App) -> tuple[Member, str]:
    """An account whose budget has alerted, and the outbox item of the mail to the account and one other address."""
    member = member_with_budget(app, email=ADA, emails=(CFO,))
    spend(app, member, "50")
    check_budget(app.ctx, member.account.id)
    return member, next(mail.item for mail in app.deliver().mails if "threshold" in mail.subject)


def read_recipients(member: Member) -> tuple[bool, str]:
    """`email_sent` and `email_recipients` of the account's only budget message."""
    (message,) = call("GET", "/v1/budgets/messages", key=member.api_key).json["data"]["messages"]
    return message["email_sent"], message["email_recipients"]


@pytest.mark.parametrize(("kind", "count"), [("Permanent", 1), ("Transient", 0), ("Undetermined", 0)])
def test_a_bounce_removes_the_recipient_from_the_budget_message(app: App, kind: str, count: int) -> None:
    member, item = send_alert(app)
    assert read_recipients(member) == (True, f"{ADA}, {CFO}")
    assert notify(bounce(CFO, kind=kind, item=item)) == {"suppressed": count}
    assert read_recipients(member) == (True, ADA)
    notify(bounce(CFO, kind=kind, item=item), bounce("Ada@Example.com", kind=kind, item=item))
    assert read_recipients(member) == (False, "")


def test_a_mail_servers_report_is_a_bounce_an_automatic_reply_is_not(app: App) -> None:
    """SES reports both as a transient, general bounce."""
    member, item = send_alert(app)
    general = bounce(CFO, kind="Transient", item=item)
    general["bounce"]["bounceSubType"] = "General"
    reply = copy.deepcopy(general)
    reply["bounce"]["bouncedRecipients"] = [{"emailAddress": CFO}]
    notify(reply)
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
    notify(general)
    assert recipients_of_messages(app, member) == [(ADA,)]


def test_a_bounce_of_an_unknown_or_untagged_mail_changes_nothing(app: App) -> None:
    member, item = send_alert(app)
    untagged, odd = bounce(CFO), bounce(CFO, item=item)
    del untagged["mail"]["tags"]
    odd["mail"]["tags"]["item"] = []
    welcome = next(mail.item for mail in app.fake_aws.mails_to(ADA) if mail.item != item)
    others = [bounce(ADA, item=welcome), bounce(ADA, item="unknown"), bounce(CFO), untagged, odd]
    assert notify(*others) == {"suppressed": 5}
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
    notify(bounce("other@example.com", item=item))
    assert recipients_of_messages(app, member) == [(ADA, CFO)]


def test_a_bounce_of_a_mail_of_a_newer_release_suppresses_the_address(app: App) -> None:
    _, item = send_alert(app)
    app.ctx.tables.write(Update(keys.outbox(item), set={"body": {"parcel": 7}}))
    assert notify(bounce(CFO, item=item)) == {"suppressed": 1}


def test_a_complaint_keeps_the_recipient_in_the_budget_message(app: App) -> None:
    member, item = send_alert(app)
    assert notify(complaint(CFO, item=item)) == {"suppressed": 1}
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
