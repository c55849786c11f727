"""A crash at any external call of a budget's mail: nobody is told to have it who has not, and in the end all are."""

from collections import Counter

from tallybook.domain.outbox import LEASE
from tallybook.services.budgets.check import check_budget
from tallybook.services.outbox.deliver import deliver
from tallybook.store.budgets import read_message
from tests.simulation.conftest import Sweep
from tests.support.budgets import budgeted, spend
from tests.support.house import House, Member

ADA, BOB = "ada@example.com", "bob@example.com"


def got(house: House) -> Counter[str]:
    """How often the mail came to each address."""
    return Counter(mail.to for mail in house.world.mails if "threshold" in mail.subject)


def stored_recipients(house: House, member: Member) -> list[tuple[str, ...]]:
    """Whom each message tells, past the store, whose calls are counted."""
    rows = [row for row in house.stored("core", "MESSAGE#") if row["account_id"] == member.account.id]
    return [read_message(row).recipients for row in rows]


def prepare(house: House) -> tuple[Member, str]:
    """A mail about two thresholds waits to go to two addresses."""
    member = budgeted(house, email=ADA, emails=(BOB,))
    spend(house, member, "80")
    house.deliver()
    check_budget(house.ctx, member.account.id)
    (item,) = [one["id"] for one in house.stored("core", "OUTBOX") if "messages" in one["body"]]
    return member, item


def test_a_mail_to_two_addresses(sweep: Sweep) -> None:
    def act(house: House, prepared: tuple[Member, str]) -> None:
        member, item = prepared
        house.clock.advance(seconds=LEASE.total_seconds())
        for recipients in stored_recipients(house, member):
            assert set(recipients) <= got(house).keys()
        deliver(house.ctx, house.world.ways_out(), item)

    def told(house: House, prepared: tuple[Member, str], _: object) -> None:
        assert stored_recipients(house, prepared[0]) == [(ADA, BOB)] * 2
        assert got(house).keys() == {ADA, BOB}
        assert got(house).total() <= 3, "only what the crash cut off from its marker went twice"

    assert sweep(prepare, act, told) == 7
