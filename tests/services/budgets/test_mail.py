"""The messages of a budget tell to whom their mail really went."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tallybook.domain.outbox import MAX_ATTEMPTS
from tallybook.services.budgets.check import check_budget
from tallybook.services.outbox.deliver import deliver, retry
from tallybook.services.outbox.suppressions import note_bounce, suppress_addresses
from tests.support.budgets import budgeted, edit, mailed, messages, spend
from tests.support.faults import client_error
from tests.support.house import House, Member

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture
def ada(house: House) -> Member:
    """An account whose budget has alerted at 50 and at 80, of which nobody has been told yet."""
    member = budgeted(house, email=ADA, emails=(BOB, EVE))
    house.deliver()
    alert(house, member, "80")
    return member


def alert(house: House, member: Member, amount: str) -> None:
    spend(house, member, amount)
    assert check_budget(house.ctx, member.account.id)


def mail_of_it(house: House) -> str:
    """The outbox item of the only mail that waits."""
    (found,) = [item["id"] for item in house.stored("core", "OUTBOX") if "messages" in item["body"] and "due" in item]
    return found


def failing(house: House, error: BaseException, *, addresses: set[str]) -> None:
    """No mail goes to these until it is taken back."""

    def port(operation: str, call: Callable[[], Any]) -> Any:
        before = len(house.world.mails)
        answer = call()
        if operation == "send_email" and house.world.mails[-1].to in addresses:
            del house.world.mails[before:]
            raise error
        return answer

    house.world.port = port


def test_before_its_mail_goes_a_message_tells_nobody_and_then_each_address(house: House, ada: Member) -> None:
    assert mailed(house, ada) == [(), ()]
    house.deliver()
    assert mailed(house, ada) == [(ADA, BOB, EVE)] * 2
    assert [mail.to for mail in house.world.mails if "threshold" in mail.subject] == [ADA, BOB, EVE]


def test_each_address_is_told_once_its_marker_is_stored(house: House, ada: Member) -> None:
    seen: list[list[tuple[str, ...]]] = []

    def port(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "send_email":
            seen.append(mailed(house, ada))
        return call()

    house.world.port = port
    deliver(house.ctx, house.world.ways_out(), mail_of_it(house))
    assert seen == [[()] * 2, [(ADA,)] * 2, [(ADA, BOB)] * 2]


def test_of_a_mail_that_is_given_up_only_those_are_told_whom_it_reached(house: House, ada: Member) -> None:
    item = mail_of_it(house)
    failing(house, client_error("send_email", "BadRequestException"), addresses={BOB})
    assert deliver(house.ctx, house.world.ways_out(), item) == "parked"
    assert mailed(house, ada) == [(ADA, EVE)] * 2
    failing(house, client_error("send_email", "TooManyRequestsException"), addresses={BOB})
    retry(house.ctx, item)
    for _ in range(MAX_ATTEMPTS):
        deliver(house.ctx, house.world.ways_out(), item)
        house.clock.advance(days=1)
    assert mailed(house, ada) == [(ADA, EVE)] * 2


def test_a_mail_whose_answer_is_lost_is_told_when_it_is_known(house: House, ada: Member) -> None:
    item = mail_of_it(house)
    failing(house, ReadTimeoutError(endpoint_url="https://email"), addresses={ADA})
    assert deliver(house.ctx, house.world.ways_out(), item) == "postponed"
    assert mailed(house, ada) == [()] * 2
    failing(house, ReadTimeoutError(endpoint_url="https://email"), addresses=set())
    house.clock.advance(minutes=1)
    assert deliver(house.ctx, house.world.ways_out(), item) == "delivered"
    before = house.stored("core", "MESSAGE#")
    assert mailed(house, ada) == [(ADA, BOB, EVE)] * 2
    assert deliver(house.ctx, house.world.ways_out(), item) == "not_due"
    assert house.stored("core", "MESSAGE#") == before


def test_who_gets_no_mail_any_more_is_not_told(house: House, ada: Member) -> None:
    suppress_addresses(house.ctx, [BOB], reason="complaint")
    house.deliver()
    assert mailed(house, ada) == [(ADA, EVE)] * 2
    suppress_addresses(house.ctx, [ADA, EVE], reason="bounce")
    alert(house, ada, "20")
    house.deliver()
    assert mailed(house, ada) == [(ADA, EVE), (ADA, EVE), ()]


def test_a_mail_tells_the_messages_of_its_own_notification_and_no_other(house: House, ada: Member) -> None:
    house.deliver()
    edit(house, ada, emails=())
    alert(house, ada, "20")
    first, second, third = messages(house, ada)
    assert first.notification_id == second.notification_id != third.notification_id
    note_bounce(house.ctx, mail_of_it(house), [ADA])
    house.deliver()
    assert mailed(house, ada) == [(ADA, BOB, EVE), (ADA, BOB, EVE), ()]


def test_a_bounce_takes_its_address_out_until_nobody_is_left(house: House, ada: Member) -> None:
    item = mail_of_it(house)
    house.deliver()
    steps = [([BOB], (ADA, EVE)), ([BOB], (ADA, EVE)), ([" Eve@Example.com"], (ADA,)), ([ADA, EVE], ())]
    for addresses, left in steps:
        note_bounce(house.ctx, item, addresses)
        assert mailed(house, ada) == [left] * 2


def test_a_bounce_that_overtakes_the_marker_counts_all_the_same(house: House, ada: Member) -> None:
    item = mail_of_it(house)

    def bounced_at_once(operation: str, call: Callable[[], Any]) -> Any:
        answer = call()
        note_bounce(house.ctx, item, [house.world.mails[-1].to])
        return answer

    house.world.port = bounced_at_once
    assert deliver(house.ctx, house.world.ways_out(), item) == "delivered"
    assert mailed(house, ada) == [(), ()]


def test_a_bounce_of_what_no_message_stands_for_changes_nothing(house: House, ada: Member) -> None:
    item = mail_of_it(house)
    house.deliver()
    (welcome,) = [one["id"] for one in house.stored("core", "OUTBOX") if one["body"].get("letter") == "welcome"]
    before = house.stored("core")
    note_bounce(house.ctx, item, ["stranger@example.com"])
    note_bounce(house.ctx, item, [])
    note_bounce(house.ctx, welcome, [ADA])
    note_bounce(house.ctx, "unknown", [ADA])
    for events in [one["id"] for one in before if one["sk"] == "OUTBOX" and one["kind"] == "events"]:
        note_bounce(house.ctx, events, [ADA])
    assert house.stored("core") == before
