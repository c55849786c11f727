"""Users are written to at 80 and at 100 percent of their share, once a period for each."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.errors import Failed
from tallybook.domain.quotas import GAUGE_METER
from tallybook.services.jobs.due_tasks import Task
from tallybook.services.jobs.usage_check import check_usage, run_task
from tallybook.services.metering.sessions import start_session
from tallybook.services.outbox.deliver import show_outbox_item
from tallybook.services.outbox.suppressions import suppress_addresses
from tests.services.checks import GRACE, change, check, marked, percents, share, told, use
from tests.support.app import App, Member
from tests.support.budgets import alerted_percents as budget_percents
from tests.support.budgets import set_up_budget
from tests.support.cloud import make_context
from tests.support.sessions import session_request


@pytest.fixture
def owner(app: App) -> Member:
    return app.member("ada@example.com")


@pytest.fixture
def grace(app: App, owner: Member) -> User:
    return app.invite(owner, GRACE)


def test_a_user_is_told_at_80_and_at_100_percent_once_each(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    steps = [("79.9", []), ("0.1", [80]), ("19.9", [80]), ("0.1", [80, 100]), ("50", [80, 100])]
    for quantity, so_far in steps:
        use(app, owner, grace, quantity)
        check(app)
        assert percents(app) == so_far


def test_the_letter_and_the_events_say_what_is_reached(app: App, owner: Member, grace: User) -> None:
    allocation = share(app, owner, grace, cpu_seconds_monthly=1000, traffic_gb_seconds=2, ram_gb_seconds=9)
    use(app, owner, grace, "1234.567")
    use(app, owner, grace, "1.6", meter="traffic_gb_seconds")
    assert check(app) == ["written to"]
    (mail,) = told(app)
    assert "  - CPU seconds a month: 100 % reached (1,234.56 of 1,000)\n" in mail.text
    assert "  - GB seconds of traffic a month: 80 % reached (1.6 of 2)\n" in mail.text
    assert "20 April 2026 to 19 May 2026" in mail.text
    assert "until the next billing period begins on 20 May 2026" in mail.text
    assert "memory" not in mail.text
    assert "storage" not in mail.text
    events = [detail["data"] for detail in app.fake_aws.events_named("QuotaReached")]
    assert [(event["quota"], event["percent"], event["used"], event["limit"]) for event in events] == [
        ("cpu_seconds_monthly", 100, "1234.567", 1000),
        ("traffic_gb_seconds", 80, "1.6", 2),
    ]
    assert {event["allocation_id"] for event in events} == {f"qal-{allocation.id}"}


def test_a_field_that_is_reached_later_is_told_alone(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100, traffic_gb_seconds=100)
    for quantity in ("80", "1"):
        for meter in ("cpu_seconds", "traffic_gb_seconds"):
            use(app, owner, grace, quantity, meter=meter)
            check(app)
    assert percents(app) == [80, 80]
    assert not [mail for mail in told(app) if "CPU" in mail.text and "traffic" in mail.text]


def test_where_both_are_passed_at_once_one_letter_names_100(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    use(app, owner, grace, "100")
    check(app)
    use(app, owner, grace, "1")
    check(app)
    assert percents(app) == [100]


def test_in_the_next_period_it_is_told_again(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    for quantity in ("80", "79"):
        use(app, owner, grace, quantity)
        check(app)
        app.clock.advance(days=31)
    assert percents(app) == [80]
    for quantity in ("80", "20"):
        use(app, owner, grace, quantity)
        check(app)
    assert sorted(percents(app)) == [80, 80, 100]


def test_after_a_share_is_raised_the_same_percentage_is_not_told_again(app: App, owner: Member, grace: User) -> None:
    allocation = share(app, owner, grace, cpu_seconds_monthly=100)
    use(app, owner, grace, "80")
    check(app)
    change(app, owner, allocation, cpu_seconds_monthly=200)
    use(app, owner, grace, "80")
    assert check(app) == []
    use(app, owner, grace, "40")
    check(app)
    assert sorted(percents(app)) == [80, 100]


def test_a_share_that_is_lowered_to_what_is_used_is_told_without_more_usage(
    app: App, owner: Member, grace: User
) -> None:
    allocation = share(app, owner, grace, cpu_seconds_monthly=200)
    use(app, owner, grace, "80")
    assert check(app) == []
    change(app, owner, allocation, cpu_seconds_monthly=100)
    assert check(app) == ["written to"]


def test_each_user_is_told_of_their_own_use(app: App, owner: Member, grace: User) -> None:
    joan = app.invite(owner, "joan@example.com")
    for user in (grace, joan, owner.user):
        share(app, owner, user, cpu_seconds_monthly=100)
    use(app, owner, grace, "80")
    use(app, owner, joan, "100")
    use(app, owner, None, "500")
    assert check(app) == ["written to"] * 2
    assert [percents(app, address) for address in (GRACE, "joan@example.com", "ada@example.com")] == [[80], [100], []]
    assert not marked(app)


def test_more_users_than_a_transaction_holds_are_all_told(app: App, owner: Member) -> None:
    users = [app.invite(owner) for _ in range(21)]
    for user in users:
        share(app, owner, user, cpu_seconds_monthly=1)
        use(app, owner, user, "1")
    assert check(app) == ["written to"] * 21
    assert [percents(app, user.email) for user in users] == [[100]] * 21


@pytest.mark.parametrize("fields", [{"concurrent_sandboxes": 1}, {"concurrent_sandboxes": 1, "cpu_seconds_monthly": 9}])
def test_nobody_is_written_to_about_what_runs_at_once(app: App, fields: dict[str, int]) -> None:
    member = app.member()
    share(app, member, member.user, **fields)
    start_session(app.ctx, app.platform(), session_request(member))
    use(app, member, member.user, "1")
    assert check(app) == []


def test_a_share_of_nothing_is_told_once_something_is_used(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=0, template_storage_gb=0)
    assert check(app) == []
    use(app, owner, grace, "0.5")
    check(app)
    assert percents(app) == [100]
    assert "template" not in told(app)[0].text


def test_stored_templates_are_told_of_once_a_period_however_they_come_and_go(
    app: App, owner: Member, grace: User
) -> None:
    share(app, owner, grace, template_storage_gb=10)
    for gigabytes in ("8", "1", "8"):
        use(app, owner, grace, gigabytes, meter=GAUGE_METER)
        check(app)
        app.clock.advance(hours=1)
    (mail,) = told(app)
    assert "  - GB of template storage: 80 % reached (8 of 10)\n" in mail.text
    assert "until some of them are deleted" in mail.text
    assert "next billing period" not in mail.text


def test_whoever_gets_no_mail_is_passed_over(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    suppress_addresses(app.ctx, [GRACE], reason="bounce")
    app.deliver()
    use(app, owner, grace, "100")
    check(app)
    (waiting,) = [item["id"] for item in app.stored("core", "OUTBOX") if item["body"].get("letter") == "quota_reached"]
    assert told(app) == []
    item = show_outbox_item(app.ctx, waiting)
    assert (item.state, item.skipped) == ("delivered", (GRACE,))


def test_a_plain_account_costs_three_reads_and_a_write_once(app: App, owner: Member) -> None:
    calls: list[str] = []

    def interceptor(called: str, call: Callable[[], Any]) -> Any:
        calls.append(called)
        return call()

    use(app, owner, owner.user, "100")
    ctx = make_context(app.client, interceptor=interceptor, clock=app.clock)
    assert check_usage(ctx, owner.account.id) == []
    assert calls == ["get_item", "batch_get_item", "update_item"]
    assert not marked(app)
    assert check_usage(ctx, owner.account.id) == []
    assert calls[3:] == ["get_item"], "a task that comes twice"


def test_one_look_tells_of_the_budget_and_of_shares(app: App, owner: Member, grace: User) -> None:
    set_up_budget(app, owner, amount=2)
    share(app, owner, grace, cpu_seconds_monthly=100_000)
    use(app, owner, grace, "100000")
    assert check(app) == ["alerted", "written to"]
    assert (percents(app), budget_percents(app, owner)) == ([100], [50])
    assert not marked(app)


def test_nobody_in_a_deleted_account_is_written_to(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    use(app, owner, grace, "100")
    app.change_account(owner, status="deleted")
    assert check(app) == []
    assert not marked(app)


def test_a_task_of_another_job_is_refused(app: App) -> None:
    with pytest.raises(Failed):
        run_task(app.ctx, Task("close", "anybody"))
