"""Who bounced for good or complained gets no more mail; whoever's mailbox was only full still does."""

import copy
from collections.abc import Callable

import pytest

from tallybook.services.budgets.check import check_budget
from tests.functions.lambda_events import bounce, complaint, notify
from tests.support.app import App, Member
from tests.support.budgets import member_with_budget, recipients_of_messages, spend
from tests.support.call import call


def suppressed(app: App) -> dict[str, str]:
    items = [item for item in app.stored("core") if item["sk"] == "SUPPRESSED"]
    return {item["pk"].removeprefix("EMAIL#"): item["reason"] for item in items}


def test_a_bounce_for_good_suppresses_each_of_its_addresses(app: App) -> None:
    assert notify(bounce("ada@example.com", "joan@example.com")) == {"suppressed": 2}
    assert suppressed(app) == {"ada@example.com": "bounce", "joan@example.com": "bounce"}


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_bounce_that_may_pass_suppresses_nobody(app: App, kind: str) -> None:
    assert notify(bounce("ada@example.com", kind=kind)) == {"suppressed": 0}
    assert suppressed(app) == {}


def test_a_complaint_suppresses(app: App) -> None:
    assert notify(complaint("ada@example.com")) == {"suppressed": 1}
    assert suppressed(app) == {"ada@example.com": "complaint"}


def test_a_reader_who_says_that_it_was_no_spam_goes_on_getting_mail(app: App) -> None:
    told = complaint("ada@example.com")
    told["complaint"]["complaintFeedbackType"] = "not-spam"
    assert notify(told) == {"suppressed": 0}


def test_an_address_is_one_however_it_is_written(app: App) -> None:
    assert notify(bounce("Ada@Example.com ", "ada@example.com")) == {"suppressed": 1}
    assert suppressed(app) == {"ada@example.com": "bounce"}


def test_the_same_again_changes_nothing_and_several_come_in_one_call(app: App) -> None:
    told = [bounce("ada@example.com"), complaint("joan@example.com"), bounce("max@example.com", kind="Transient")]
    assert notify(*told) == {"suppressed": 2}
    before = app.stored("core")
    assert notify(*told) == {"suppressed": 2}
    assert app.stored("core") == before


def test_a_notification_of_ses_itself_reads_the_same(app: App) -> None:
    """SES's feedback notifications say `notificationType` where its event publishing says `eventType`."""
    told = bounce("ada@example.com")
    told["notificationType"] = told.pop("eventType")
    assert notify(told) == {"suppressed": 1}


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "DeliveryDelay", "Rendering Failure", "Reject"])
def test_events_of_other_kinds_are_let_pass(app: App, kind: str) -> None:
    assert notify({"eventType": kind, "mail": {"destination": ["ada@example.com"]}}) == {"suppressed": 0}
    assert suppressed(app) == {}


def test_the_log_says_how_many_and_not_who(app: App, logged: Callable[[], str]) -> None:
    notify(bounce("ada@example.com"))
    assert '"suppressed":1' in logged()
    assert "ada@example.com" not in logged()


def test_what_ses_says_on_subscribing_is_no_event_and_does_no_harm(app: App) -> None:
    hello = "Successfully validated SNS topic for Amazon SES event publishing."
    for odd in (hello, "", "[]", "null", "5"):
        assert notify(odd, bounce("ada@example.com")) == {"suppressed": 1}


ADA, CFO = "ada@example.com", "cfo@example.com"


def alerted(app: App) -> tuple[Member, str]:
    """An account whose budget has alerted, and the outbox item of the mail that told the account and one other."""
    member = member_with_budget(app, email=ADA, emails=(CFO,))
    spend(app, member, "50")
    check_budget(app.ctx, member.account.id)
    return member, next(mail.item for mail in app.deliver().mails if "threshold" in mail.subject)


def told(member: Member) -> tuple[bool, str]:
    """What the account reads of its only budget message."""
    (message,) = call("GET", "/v1/budgets/messages", key=member.api_key).json["data"]["messages"]
    return message["email_sent"], message["email_recipients"]


@pytest.mark.parametrize(("kind", "count"), [("Permanent", 1), ("Transient", 0), ("Undetermined", 0)])
def test_a_bounce_of_a_budgets_mail_is_told_where_the_account_reads_of_it(app: App, kind: str, count: int) -> None:
    member, item = alerted(app)
    assert told(member) == (True, f"{ADA}, {CFO}")
    assert notify(bounce(CFO, kind=kind, item=item)) == {"suppressed": count}
    assert told(member) == (True, ADA)
    notify(bounce(CFO, kind=kind, item=item), bounce("Ada@Example.com", kind=kind, item=item))
    assert told(member) == (False, "")


def test_an_automatic_reply_is_no_bounce_and_the_report_of_a_mail_server_is_one(app: App) -> None:
    """SES tells both as a general bounce that may pass."""
    member, item = alerted(app)
    general = bounce(CFO, kind="Transient", item=item)
    general["bounce"]["bounceSubType"] = "General"
    reply = copy.deepcopy(general)
    reply["bounce"]["bouncedRecipients"] = [{"emailAddress": CFO}]
    notify(reply)
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
    notify(general)
    assert recipients_of_messages(app, member) == [(ADA,)]


def test_a_bounce_of_an_unknown_or_untagged_mail_changes_nothing(app: App) -> None:
    member, item = alerted(app)
    untagged, odd = bounce(CFO), bounce(CFO, item=item)
    del untagged["mail"]["tags"]
    odd["mail"]["tags"]["item"] = []
    welcome = next(mail.item for mail in app.fake_aws.mails_to(ADA) if mail.item != item)
    others = [bounce(ADA, item=welcome), bounce(ADA, item="unknown"), bounce(CFO), untagged, odd]
    assert notify(*others) == {"suppressed": 5}
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
    notify(bounce("stranger@example.com", item=item))
    assert recipients_of_messages(app, member) == [(ADA, CFO)]


def test_a_complaint_has_been_read_and_is_no_bounce(app: App) -> None:
    member, item = alerted(app)
    assert notify(complaint(CFO, item=item)) == {"suppressed": 1}
    assert recipients_of_messages(app, member) == [(ADA, CFO)]
