"""A crash at any external call of a budget mail: only real recipients are noted, and in the end all of them."""

from collections import Counter

from tallybook.domain.outbox import LEASE
from tallybook.services.budgets.check import check_budget
from tallybook.services.outbox.deliver import deliver
from tallybook.store.budgets import read_message
from tests.simulation.conftest import Sweep
from tests.support.app import App, Member
from tests.support.budgets import member_with_budget, spend

ADA, BOB = "ada@example.com", "bob@example.com"


def got(app: App) -> Counter[str]:
    """How often each address got the mail."""
    return Counter(mail.to for mail in app.fake_aws.mails if "threshold" in mail.subject)


def stored_recipients(app: App, member: Member) -> list[tuple[str, ...]]:
    """The recipients of each message, read without the store, whose calls are counted."""
    rows = [row for row in app.stored("core", "MESSAGE#") if row["account_id"] == member.account.id]
    return [read_message(row).recipients for row in rows]


def prepare(app: App) -> tuple[Member, str]:
    """Leave an undelivered mail about two thresholds to two addresses."""
    member = member_with_budget(app, email=ADA, emails=(BOB,))
    spend(app, member, "80")
    app.deliver()
    check_budget(app.ctx, member.account.id)
    (item,) = [one["id"] for one in app.stored("core", "OUTBOX") if "messages" in one["body"]]
    return member, item


def test_a_mail_to_two_addresses(sweep: Sweep) -> None:
    def act(app: App, prepared: tuple[Member, str]) -> None:
        member, item = prepared
        app.clock.advance(seconds=LEASE.total_seconds())
        for recipients in stored_recipients(app, member):
            assert set(recipients) <= got(app).keys()
        deliver(app.ctx, app.fake_aws.channels(), item)

    def check(app: App, prepared: tuple[Member, str], _: object) -> None:
        assert stored_recipients(app, prepared[0]) == [(ADA, BOB)] * 2
        assert got(app).keys() == {ADA, BOB}
        assert got(app).total() <= 3, "only the mail at the crash may be sent twice"

    assert sweep(prepare, act, check) == 10
