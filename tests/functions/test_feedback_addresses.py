"""The address that a mail was written to is suppressed, however a mail server writes or forwards it."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.services.budgets.check import check_budget
from tests.functions.lambda_events import bounce, complaint, notify
from tests.support.app import App
from tests.support.budgets import member_with_budget, recipients_of_messages, spend

ADA = "ada@example.com"
FORMS = [
    "Ada@Example.COM",
    "<ada@example.com>",
    "Ada Lovelace <Ada@example.com>",
    '"Lovelace, Ada" <ada@example.com>',
    "'ada@example.com'",
    '"ada"@example.com',
    "rfc822; ada@example.com",
]
BOTH = pytest.mark.parametrize("report", [bounce, complaint])


def suppressed(app: App) -> list[str]:
    return sorted(item["pk"].removeprefix("EMAIL#") for item in app.stored("core", "SUPPRESSED"))


@BOTH
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("to", [("Ada <ADA@example.com>",), (ADA, "joan@example.com"), ()])
def test_a_report_suppresses_its_address_in_every_form(
    app: App, report: Callable[..., Any], form: str, to: tuple[str, ...]
) -> None:
    assert notify(report(form, to=to)) == {"suppressed": 1}
    assert suppressed(app) == [ADA]


@BOTH
@pytest.mark.parametrize("reported", ["ada.l@forwarded.example", "Postmaster <postmaster@mx.example>", "", "<>"])
def test_a_forwarded_mail_suppresses_the_address_that_was_written_to(
    app: App, report: Callable[..., Any], reported: str
) -> None:
    assert notify(report(reported, to=(ADA,))) == {"suppressed": 1}
    assert suppressed(app) == [ADA]


@BOTH
def test_a_report_without_recipients_suppresses_the_only_address(app: App, report: Callable[..., Any]) -> None:
    assert notify(report(to=(ADA,))) == {"suppressed": 1}
    assert suppressed(app) == [ADA]


@BOTH
def test_a_report_without_the_written_addresses_suppresses_the_reported_ones(
    app: App, report: Callable[..., Any]
) -> None:
    event = report("Ada <ada@example.com>")
    del event["mail"]["destination"]
    assert notify(event) == {"suppressed": 1}
    assert suppressed(app) == [ADA]


@BOTH
def test_of_several_written_addresses_only_the_reported_ones_are_suppressed(
    app: App, report: Callable[..., Any]
) -> None:
    several = ("ada@example.com", "joan@example.com", "max@example.com")
    assert notify(report("<Joan@example.com>", to=several)) == {"suppressed": 1}
    assert suppressed(app) == ["joan@example.com"]


@BOTH
def test_an_international_address_is_suppressed_in_one_form(app: App, report: Callable[..., Any]) -> None:
    app.member("user@müller.de")
    app.deliver()
    assert notify(report("User@Müller.de", to=("user@xn--mller-kva.de",))) == {"suppressed": 1}
    assert suppressed(app) == ["user@xn--mller-kva.de"]


@pytest.mark.parametrize("reported", ["CFO <cfo@example.com>", "someone@forwarded.example"])
def test_a_forwarded_bounce_removes_the_recipient_of_the_budget_message(app: App, reported: str) -> None:
    cfo = "cfo@example.com"
    member = member_with_budget(app, email=ADA, emails=(cfo,))
    spend(app, member, "50")
    check_budget(app.ctx, member.account.id)
    item = next(mail.item for mail in app.deliver().mails_to(cfo))
    notify(bounce(reported, kind="Transient", item=item, to=(cfo,)))
    assert recipients_of_messages(app, member) == [(ADA,)]
