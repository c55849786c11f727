"""The mails about quota requests: to the account when one is filed, to its user when it is decided."""

import re
from typing import get_args

import pytest

from tallybook.domain.quotas import FIELDS, Decision
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import allocate
from tallybook.services.quotas.mails import NAMES
from tallybook.services.quotas.requests import file_request
from tallybook.services.quotas.reviews import review_request
from tests.support.house import House, Member
from tests.support.outside import Sent

ADA, GRACE = "ada@example.com", "grace@example.com"


@pytest.fixture
def ada(house: House) -> Member:
    member = house.member(ADA)
    house.change_account(member, display_name="Engines & Sons")
    return member


@pytest.fixture
def grace(house: House, ada: Member) -> Member:
    """A user with a share of 200,000 CPU seconds."""
    grace = house.colleague(ada, GRACE)
    allocate(house.ctx, authenticate(house.ctx, ada.session), grace.user.id, {"cpu_seconds_monthly": 200_000})
    return grace


def letter(house: House, address: str) -> Sent:
    """The only one about a quota."""
    (found,) = [mail for mail in house.deliver().to(address) if "quota" in mail.subject]
    return found


def test_whoever_runs_the_account_reads_who_asks_for_what_and_how_to_decide(
    house: House, ada: Member, grace: Member
) -> None:
    house.change_user(grace, name="Grace <b>Hopper</b>")
    quota = {"template_storage_gb": 10, "cpu_seconds_monthly": 1_500_000}
    filed = file_request(house.ctx, authenticate(house.ctx, grace.session), quota, reason="Load tests & more")
    mail = letter(house, ADA)
    assert (
        'Grace <b>Hopper</b> (grace@example.com) asks for another share of the plan of the account "Engines'
        in mail.text
    )
    assert (
        "  - CPU seconds a month: 1,500,000 (now 200,000)\n"
        "  - GB of template storage: 10 (not limited now)\n"
        "\n"
        "The reason given: Load tests & more\n"
    ) in mail.text
    assert f"POST /v1/user-management/quota-requests/qrq-{filed.id}/review" in mail.text
    assert "Grace &lt;b&gt;Hopper&lt;/b&gt;" in mail.html
    assert "Load tests &amp; more" in mail.html


@pytest.mark.parametrize("decision", get_args(Decision.__value__))
@pytest.mark.parametrize("notes", ["Until <May>", None])
def test_whoever_asked_reads_what_became_of_it(
    house: House, ada: Member, grace: Member, decision: Decision, notes: str | None
) -> None:
    filed = file_request(house.ctx, authenticate(house.ctx, grace.session), {"traffic_gb_seconds": 1000}, reason="x")
    review_request(house.ctx, authenticate(house.ctx, ada.session), filed.id, decision, notes=notes)
    mail = letter(house, GRACE)
    assert {"approve": "approved", "deny": "denied"}[decision] in mail.subject
    assert "  - GB seconds of traffic a month: 1,000\n" in mail.text
    assert "CPU" not in mail.text
    assert ("What was said about it: Until <May>" in mail.text) == bool(notes)
    assert ("Until &lt;May&gt;" in mail.html) == bool(notes)


def test_what_users_write_stands_in_one_line(house: House, ada: Member, grace: Member) -> None:
    principal = authenticate(house.ctx, grace.session)
    filed = file_request(house.ctx, principal, {"cpu_seconds_monthly": 1}, reason="For CI.\n\n-- \nTallybook: pay here")
    assert "The reason given: For CI. -- Tallybook: pay here\n" in letter(house, ADA).text
    house.world.mails.clear()
    review_request(house.ctx, authenticate(house.ctx, ada.session), filed.id, "deny", notes="No.\n\tSorry.")
    assert "What was said about it: No. Sorry.\n" in letter(house, GRACE).text


def test_each_field_has_a_name_that_a_reader_understands() -> None:
    assert tuple(NAMES) == FIELDS
    assert len(set(NAMES.values())) == len(FIELDS)
    assert not [name for name in NAMES.values() if re.search("_|[^A-Za-z ]", name)]
