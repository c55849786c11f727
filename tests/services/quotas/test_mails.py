"""The mails about quota requests: to the account when filed, to the user when decided."""

import re
from typing import get_args

import pytest

from tallybook.domain.quotas import FIELDS, Decision
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import allocate
from tallybook.services.quotas.mails import NAMES
from tallybook.services.quotas.requests import file_request
from tallybook.services.quotas.reviews import review_request
from tests.support.app import App, Member
from tests.support.fake_aws import SentMail

ADA, GRACE = "ada@example.com", "grace@example.com"


@pytest.fixture
def ada(app: App) -> Member:
    member = app.member(ADA)
    app.change_account(member, display_name="Engines & Sons")
    return member


@pytest.fixture
def grace(app: App, ada: Member) -> Member:
    """A user with an allocation of 200,000 CPU seconds."""
    grace = app.colleague(ada, GRACE)
    allocate(app.ctx, authenticate(app.ctx, ada.session), grace.user.id, {"cpu_seconds_monthly": 200_000})
    return grace


def quota_mail(app: App, address: str) -> SentMail:
    """The only mail to this address about a quota."""
    (found,) = [mail for mail in app.deliver().mails_to(address) if "quota" in mail.subject]
    return found


def test_a_filed_request_is_mailed_to_the_account_with_its_numbers(app: App, ada: Member, grace: Member) -> None:
    app.change_user(grace, name="Grace <b>Hopper</b>")
    quota = {"template_storage_gb": 10, "cpu_seconds_monthly": 1_500_000}
    filed = file_request(app.ctx, authenticate(app.ctx, grace.session), quota, reason="Load tests & more")
    mail = quota_mail(app, ADA)
    assert 'Grace <b>Hopper</b> (grace@example.com) asks for another quota in the account "Engines' in mail.text
    assert (
        "  - CPU seconds a month: 1,500,000 (now 200,000)\n"
        "  - GB of template storage: 10 (not limited now)\n"
        "\n"
        "The reason given: Load tests & more\n"
    ) in mail.text
    assert f"The request has the id qrq-{filed.id}." in mail.text
    assert "Grace &lt;b&gt;Hopper&lt;/b&gt;" in mail.html
    assert "Load tests &amp; more" in mail.html


@pytest.mark.parametrize("decision", get_args(Decision.__value__))
@pytest.mark.parametrize("notes", ["Until <May>", None])
def test_a_decision_is_mailed_to_the_requesting_user(
    app: App, ada: Member, grace: Member, decision: Decision, notes: str | None
) -> None:
    filed = file_request(app.ctx, authenticate(app.ctx, grace.session), {"traffic_gb_seconds": 1000}, reason="x")
    review_request(app.ctx, authenticate(app.ctx, ada.session), filed.id, decision, notes=notes)
    mail = quota_mail(app, GRACE)
    assert {"approve": "approved", "deny": "denied"}[decision] in mail.subject
    assert "  - GB seconds of traffic a month: 1,000\n" in mail.text
    assert "CPU" not in mail.text
    assert ("What was said about it: Until <May>" in mail.text) == bool(notes)
    assert ("Until &lt;May&gt;" in mail.html) == bool(notes)


def test_text_from_users_is_put_in_one_line(app: App, ada: Member, grace: Member) -> None:
    principal = authenticate(app.ctx, grace.session)
    filed = file_request(app.ctx, principal, {"cpu_seconds_monthly": 1}, reason="For CI.\n\n-- \nTallybook: pay here")
    assert "The reason given: For CI. -- Tallybook: pay here\n" in quota_mail(app, ADA).text
    app.fake_aws.mails.clear()
    review_request(app.ctx, authenticate(app.ctx, ada.session), filed.id, "deny", notes="No.\n\tSorry.")
    assert "What was said about it: No. Sorry.\n" in quota_mail(app, GRACE).text


def test_each_field_has_a_readable_name() -> None:
    assert tuple(NAMES) == FIELDS
    assert len(set(NAMES.values())) == len(FIELDS)
    assert not [name for name in NAMES.values() if re.search("_|[^A-Za-z ]", name)]
