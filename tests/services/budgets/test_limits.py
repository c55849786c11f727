"""An account gets a limited number of budget mails a day; further alerts are only messages."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budget_terms import MOST_REMEMBERED
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, Limits
from tests.support.app import App, Member
from tests.support.budgets import (
    LIFTS,
    alerted_percents,
    budget_of,
    edit_budget,
    end_of_period,
    messages_of,
    recipients_of_messages,
    remove_budget_of,
    run_usage_check,
    set_up_budget,
    spend,
    thresholds,
)
from tests.support.invariants import check_invariants
from tests.support.race import race

ADA = "ada@example.com"


def limit_mails(app: App, most: int) -> None:
    app.reshape(limits=Limits(budget_mail=Limit(most, timedelta(days=1))))


def count_mails(app: App) -> int:
    """The number of budget mails delivered."""
    return len([mail for mail in app.deliver().mails_to(ADA) if mail.subject.startswith("Budget")])


def test_an_unedited_budget_stays_within_the_daily_limit(app: App, owner: Member) -> None:
    app.confirm(owner)
    app.reshape(limits=Limits())
    set_up_budget(app, owner, thresholds=thresholds(*range(5, 101, 5)))
    app.clock.moment = end_of_period(app, owner) - timedelta(hours=12)
    for _ in range(2):
        for _ in range(20):
            spend(app, owner, 5)
            assert run_usage_check(app) == ["alerted"]
        app.clock.advance(hours=12)
    app.deliver()
    assert recipients_of_messages(app, owner) == [(ADA,)] * 40


def test_beyond_the_limit_a_change_alerts_without_a_mail(app: App, owner: Member) -> None:
    limit_mails(app, 3)
    spend(app, owner, 50)
    set_up_budget(app, owner, thresholds=())
    for percent in range(1, 6):
        edit_budget(app, owner, thresholds=thresholds(percent))
    assert count_mails(app) == 3
    assert alerted_percents(app, owner) == [1, 2, 3, 4, 5]
    assert recipients_of_messages(app, owner) == [(ADA,)] * 3 + [()] * 2
    assert len(app.fake_aws.events_named("BudgetThresholdReached")) == 5
    check_invariants(app)


def test_beyond_the_limit_a_check_alerts_without_a_mail(app: App, owner: Member) -> None:
    limit_mails(app, 3)
    set_up_budget(app, owner, thresholds=())
    for number in range(1, 6):
        edit_budget(app, owner, thresholds=thresholds(number))
        spend(app, owner, 1)
        assert run_usage_check(app) == ["alerted"]
    remove_budget_of(app, owner)
    set_up_budget(app, owner)
    spend(app, owner, 50)
    assert run_usage_check(app) == ["alerted"]
    assert (count_mails(app), len(messages_of(app, owner))) == (3, 6)
    check_invariants(app)


def test_the_limit_counts_recipients(app: App, owner: Member) -> None:
    limit_mails(app, 7)
    others = [f"cfo{number}@example.com" for number in range(2)]
    spend(app, owner, 50)
    set_up_budget(app, owner, thresholds=(), emails=others)
    for percent in range(1, 5):
        edit_budget(app, owner, thresholds=thresholds(percent))
    app.deliver()
    assert recipients_of_messages(app, owner) == [(ADA, *others), (ADA, *others), (ADA,), ()]
    check_invariants(app)


def test_concurrent_alerts_count_their_recipients_up_to_the_limit(crowded_app: App) -> None:
    app, member = crowded_app, crowded_app.member(ADA)
    limit_mails(app, 5)
    spend(app, member, 50)
    set_up_budget(app, member, thresholds=(), emails=["cfo@example.com"])
    answers = race(*[lambda p=percent: edit_budget(app, member, thresholds=thresholds(p)) for percent in range(1, 5)])
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    app.deliver()
    app.clock.advance(minutes=10)
    app.deliver()  # a mail whose first attempt met a busy table
    assert [len(recipients) for recipients in recipients_of_messages(app, member)] == [2, 2, 1, 0]
    (counted,) = [row for row in app.stored("core") if row["pk"].startswith("ATTEMPTS#budget_mail#")]
    assert counted["count"] == 5
    check_invariants(app)


def test_the_usual_limit_lets_twenty_addresses_get_two_alerts_a_day(app: App, owner: Member) -> None:
    app.confirm(owner)
    app.reshape(limits=Limits())
    spend(app, owner, 50)
    set_up_budget(app, owner, thresholds=(), emails=[f"cfo{number}@example.com" for number in range(20)])
    for percent in range(1, 31):
        edit_budget(app, owner, thresholds=thresholds(percent))
    app.deliver()
    assert len(app.fake_aws.mails_to(ADA)) == 2 + 20, "a welcome, the reset, 2 alerts to all, 18 to the account"
    assert sum(map(len, recipients_of_messages(app, owner))) == 60


def test_the_limit_is_per_account_and_ends_with_its_day(app: App, owner: Member) -> None:
    limit_mails(app, 1)
    other = app.member("bob@example.com")
    for member in (owner, other):
        spend(app, member, 100)
        for _ in range(2):
            set_up_budget(app, member)
            remove_budget_of(app, member)
    app.deliver()
    assert recipients_of_messages(app, owner) == [(ADA,)] * 3 + [()] * 3
    assert recipients_of_messages(app, other) == [("bob@example.com",)] * 3 + [()] * 3
    app.clock.advance(days=1)
    set_up_budget(app, owner)
    app.deliver()
    assert recipients_of_messages(app, owner)[-1] == (ADA,)
    check_invariants(app)


def test_the_number_of_replaced_thresholds_a_day_is_limited(app: App, owner: Member) -> None:
    spend(app, owner, 50)
    set_up_budget(app, owner, thresholds=(), limit_type="hard")
    some = [thresholds(*(Decimal(20 * turn + number) / 100 for number in range(1, 21))) for turn in range(5)]
    for twenty in some[:4]:
        edit_budget(app, owner, thresholds=twenty)
    before = budget_of(app, owner)
    with pytest.raises(TooManyRequests) as refused:
        edit_budget(app, owner, thresholds=some[4])
    assert refused.value.retry_after == 24 * 3600
    assert budget_of(app, owner) == before
    assert before is not None
    assert len(before.alerts) == MOST_REMEMBERED
    spend(app, owner, 50)
    for change in LIFTS:
        assert edit_budget(app, owner, **change, thresholds=some[3][:7]).is_restricted is False
    assert edit_budget(app, owner, thresholds=()).budget.thresholds == ()
    app.clock.advance(days=1)
    edit_budget(app, owner, thresholds=some[4])
    check_invariants(app)
