"""A user gets a mail at 80 and at 100 percent of each quota, once a period."""

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
from tests.services.jobs.usage_checks import (
    GRACE,
    allocate_quota,
    change_quota,
    is_dirty,
    percents,
    quota_mails,
    record_usage,
    run_checks,
)
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


def test_a_user_gets_one_mail_at_80_and_one_at_100_percent(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    steps = [("79.9", []), ("0.1", [80]), ("19.9", [80]), ("0.1", [80, 100]), ("50", [80, 100])]
    for quantity, so_far in steps:
        record_usage(app, owner, grace, quantity)
        run_checks(app)
        assert percents(app) == so_far


def test_the_mail_and_the_events_name_the_reached_fields(app: App, owner: Member, grace: User) -> None:
    allocation = allocate_quota(app, owner, grace, cpu_seconds_monthly=1000, traffic_gb_seconds=2, ram_gb_seconds=9)
    record_usage(app, owner, grace, "1234.567")
    record_usage(app, owner, grace, "1.6", meter="traffic_gb_seconds")
    assert run_checks(app) == ["written to"]
    (mail,) = quota_mails(app)
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


def test_a_field_reached_later_has_a_mail_of_its_own(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100, traffic_gb_seconds=100)
    for quantity in ("80", "1"):
        for meter in ("cpu_seconds", "traffic_gb_seconds"):
            record_usage(app, owner, grace, quantity, meter=meter)
            run_checks(app)
    assert percents(app) == [80, 80]
    assert not [mail for mail in quota_mails(app) if "CPU" in mail.text and "traffic" in mail.text]


def test_passing_80_and_100_at_once_makes_one_mail_for_100(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "100")
    run_checks(app)
    record_usage(app, owner, grace, "1")
    run_checks(app)
    assert percents(app) == [100]


def test_the_next_period_notifies_again(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    for quantity in ("80", "79"):
        record_usage(app, owner, grace, quantity)
        run_checks(app)
        app.clock.advance(days=31)
    assert percents(app) == [80]
    for quantity in ("80", "20"):
        record_usage(app, owner, grace, quantity)
        run_checks(app)
    assert sorted(percents(app)) == [80, 80, 100]


def test_a_raised_allocation_does_not_repeat_a_percentage(app: App, owner: Member, grace: User) -> None:
    allocation = allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "80")
    run_checks(app)
    change_quota(app, owner, allocation, cpu_seconds_monthly=200)
    record_usage(app, owner, grace, "80")
    assert run_checks(app) == []
    record_usage(app, owner, grace, "40")
    run_checks(app)
    assert sorted(percents(app)) == [80, 100]


def test_an_allocation_lowered_to_its_use_notifies_without_new_usage(app: App, owner: Member, grace: User) -> None:
    allocation = allocate_quota(app, owner, grace, cpu_seconds_monthly=200)
    record_usage(app, owner, grace, "80")
    assert run_checks(app) == []
    change_quota(app, owner, allocation, cpu_seconds_monthly=100)
    assert run_checks(app) == ["written to"]


def test_each_user_is_notified_of_their_own_use(app: App, owner: Member, grace: User) -> None:
    joan = app.invite(owner, "joan@example.com")
    for user in (grace, joan, owner.user):
        allocate_quota(app, owner, user, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "80")
    record_usage(app, owner, joan, "100")
    record_usage(app, owner, None, "500")
    assert run_checks(app) == ["written to"] * 2
    assert [percents(app, address) for address in (GRACE, "joan@example.com", "ada@example.com")] == [[80], [100], []]
    assert not is_dirty(app)


def test_more_users_than_a_transaction_holds_are_all_notified(app: App, owner: Member) -> None:
    users = [app.invite(owner) for _ in range(21)]
    for user in users:
        allocate_quota(app, owner, user, cpu_seconds_monthly=1)
        record_usage(app, owner, user, "1")
    assert run_checks(app) == ["written to"] * 21
    assert [percents(app, user.email) for user in users] == [[100]] * 21


@pytest.mark.parametrize("fields", [{"concurrent_sandboxes": 1}, {"concurrent_sandboxes": 1, "cpu_seconds_monthly": 9}])
def test_running_sessions_send_no_quota_mail(app: App, fields: dict[str, int]) -> None:
    member = app.member()
    allocate_quota(app, member, member.user, **fields)
    start_session(app.ctx, app.platform(), session_request(member))
    record_usage(app, member, member.user, "1")
    assert run_checks(app) == []


def test_an_allocation_of_zero_notifies_once_something_is_used(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=0, template_storage_gb=0)
    assert run_checks(app) == []
    record_usage(app, owner, grace, "0.5")
    run_checks(app)
    assert percents(app) == [100]
    assert "template" not in quota_mails(app)[0].text


def test_template_storage_notifies_once_a_period(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, template_storage_gb=10)
    for gigabytes in ("8", "1", "8"):
        record_usage(app, owner, grace, gigabytes, meter=GAUGE_METER)
        run_checks(app)
        app.clock.advance(hours=1)
    (mail,) = quota_mails(app)
    assert "  - GB of template storage: 80 % reached (8 of 10)\n" in mail.text
    assert "until some of them are deleted" in mail.text
    assert "next billing period" not in mail.text


def test_a_suppressed_address_gets_no_quota_mail(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    suppress_addresses(app.ctx, [GRACE], reason="bounce")
    app.deliver()
    record_usage(app, owner, grace, "100")
    run_checks(app)
    (waiting,) = [item["id"] for item in app.stored("core", "OUTBOX") if item["body"].get("letter") == "quota_reached"]
    assert quota_mails(app) == []
    item = show_outbox_item(app.ctx, waiting)
    assert (item.state, item.skipped) == ("delivered", (GRACE,))


def test_a_check_without_quotas_costs_three_reads_and_one_write(app: App, owner: Member) -> None:
    calls: list[str] = []

    def interceptor(called: str, call: Callable[[], Any]) -> Any:
        calls.append(called)
        return call()

    record_usage(app, owner, owner.user, "100")
    ctx = make_context(app.client, interceptor=interceptor, clock=app.clock)
    assert check_usage(ctx, owner.account.id) == []
    assert calls == ["get_item", "batch_get_item", "update_item"]
    assert not is_dirty(app)
    assert check_usage(ctx, owner.account.id) == []
    assert calls[3:] == ["get_item"], "a repeated task writes nothing"


def test_one_check_covers_the_budget_and_the_allocations(app: App, owner: Member, grace: User) -> None:
    set_up_budget(app, owner, amount=2)
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100_000)
    record_usage(app, owner, grace, "100000")
    assert run_checks(app) == ["alerted", "written to"]
    assert (percents(app), budget_percents(app, owner)) == ([100], [50])
    assert not is_dirty(app)


def test_a_deleted_accounts_users_get_no_mail(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "100")
    app.change_account(owner, status="deleted")
    assert run_checks(app) == []
    assert not is_dirty(app)


def test_a_task_of_another_job_is_refused(app: App) -> None:
    with pytest.raises(Failed):
        run_task(app.ctx, Task("close", "anybody"))
