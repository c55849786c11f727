"""`tallybook doctor` on an emulated cloud: what it finds when all is well, and each thing that can be wrong."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.whole_stack import create_whole_stack
from tests.support.faults import client_error

WELL = {
    "clock": "ok",
    "table core": "ok",
    "table usage": "ok",
    "format": "ok",
    "catalog": "ok",
    "archive": "not checked",
    "functions": "ok",
    "concurrency": "ok",
    "queues and streams": "ok",
    "schedule Outbox": "ok",
    "job invoicing": "ok",
    "job usage_check": "ok",
    "outbox": "ok",
    "dead messages": "ok",
    "mail account": "ok",
    "mail domain example.com": "failed",  # the emulated cloud never finds DKIM records
    "mail set set": "ok",
    "alarm subscription": "ok",
    "alarms": "ok",
}


@pytest.fixture
def site(operator_app, cloud):
    """A stack in which all is well, as far as the emulated cloud can be."""
    stack = create_whole_stack(cloud)
    stack.subscribe("email", "ops@example.com")
    stack.note_call()
    return stack


@pytest.fixture
def found(tallybook):
    """What doctor finds, by check."""

    def examine():
        run = tallybook("doctor", "--json")
        result = json.loads(run.out)
        assert "healthy" in result, run.err
        assert (run.code, run.err) == (0 if result["healthy"] else 1, "")
        return {finding["check"]: finding for finding in result["checks"]}

    return examine


@pytest.fixture
def answer(monkeypatch):
    """Let an operation answer something else than the emulated cloud: answer("sesv2", "get_account", function)."""
    from tallybook.cli import doctor

    def replace(service, operation, respond):
        real = doctor.client

        def client(name):
            made = real(name)
            if name == service:
                setattr(made, operation, respond)
            return made

        monkeypatch.setattr(doctor, "client", client)

    return replace


def test_all_is_well_and_nothing_is_changed(site, operator_app, found):
    before = operator_app.stored("core"), operator_app.stored("usage")
    assert {check: finding["status"] for check, finding in found().items()} == WELL
    assert (operator_app.stored("core"), operator_app.stored("usage")) == before


def test_each_finding_is_a_line_with_what_to_do(site, tallybook):
    run = tallybook("doctor")
    head, *lines = run.out.splitlines()
    assert (run.code, head, len(lines)) == (1, "status\tcheck\tfound\tto_do", len(WELL))
    assert "failed\tmail domain example.com\tDKIM is NOT_STARTED\tput the DKIM records of the stack" in run.out


def test_what_is_wrong_in_aws_is_found_at_once(site, found):
    site.recover("TablesCore", enabled=False)
    dynamodb, usage = site.client("dynamodb"), site.named("TablesUsage")
    dynamodb.update_table(TableName=usage, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=usage)
    alarm = site.named("AlarmsOutboxErrors")
    site.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    sns = site.client("sns")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=site.named("AlarmsTopic"))["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    site.client("events").disable_rule(Name=site.named("OutboxScheduleRule"))
    site.client("sqs").send_message(QueueUrl=site.named("UsageMessagesDead"), MessageBody="{}")
    site.client("sesv2").delete_configuration_set_event_destination(
        ConfigurationSetName="set", EventDestinationName="feedback"
    )
    findings = found()
    assert {
        check: finding["found"]
        for check, finding in findings.items()
        if finding["status"] == "failed" and WELL.get(check) != "failed"
    } == {
        "table core": "point-in-time recovery is off",
        "table usage": f"there is no table {usage}",
        "schedule Outbox": "it is DISABLED",
        "dead messages": "1 dead messages in usage",
        "mail set set": "BOUNCE and COMPLAINT are not reported, so that dead addresses get mail",
        "alarm subscription": "nobody gets alarms",
        "alarm": "outbox failed",
    }
    assert findings["dead messages"]["to_do"] == "tallybook queues show usage, then redrive it"


def test_what_is_wrong_in_the_tables_is_found_at_once(site, operator_app, found):
    from tallybook.gateways.clock import Clock
    from tallybook.store import keys, outbox
    from tallybook.store.commands import Delete
    from tallybook.store.outbox import read_outbox_item

    operator_app.member()
    items = [read_outbox_item(item) for item in operator_app.stored("core") if item["pk"].startswith("OUTBOX#")]
    now, tables = operator_app.clock.now(), operator_app.ctx.tables
    tables.write(outbox.park(items[0], at=now, error="Rejected"))
    tables.write(outbox.postpone(items[1], until=now + timedelta(minutes=5), error="Throttled"))
    tables.write(Delete(keys.catalog_current()))
    Clock(Path(os.environ["TALLYBOOK_CLOCK_FILE"])).move_to(now + timedelta(days=32))
    findings = found()
    failed = "1 items are not retried; 1 waiting items failed, the longest due with Throttled"
    assert (findings["outbox"]["status"], findings["outbox"]["found"]) == ("failed", failed)
    assert findings["catalog"]["to_do"] == "tallybook catalog apply infra/catalog.toml"
    assert findings["job invoicing"]["found"].startswith("work is due since 2026-05-")
    assert (findings["job usage_check"]["status"], findings["clock"]["status"]) == ("ok", "ok")


def test_the_schedule_of_a_new_stack_is_no_failure_before_its_first_call(site, answer, found):
    answer("cloudwatch", "get_metric_statistics", lambda **_: {"Datapoints": []})
    schedule = found()["schedule Outbox"]
    assert schedule["status"] == "not checked"
    assert schedule["found"].endswith("the stack is too new to have been called")


def test_the_states_that_only_aws_has_are_found(site, answer, found, monkeypatch):
    """An unconfirmed subscription, the sandbox, a stopped function's schedule, and a small account."""
    topic = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "ops@example.com"}
    answer("sns", "list_subscriptions_by_topic", lambda **_: {"Subscriptions": [topic]})
    account = {"SendingEnabled": False, "ProductionAccessEnabled": False}
    quota = {"Max24HourSend": 200.0, "SentLast24Hours": 160.0}
    answer("sesv2", "get_account", lambda: {**account, "SendQuota": quota})
    answer("cloudwatch", "get_metric_statistics", lambda **_: {"Datapoints": []})
    long_ago = {"CreationTime": datetime(2020, 1, 1, tzinfo=UTC)}
    monkeypatch.setattr("tallybook.cli.checks.functions.stack_description", lambda: long_ago)
    limit = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    answer("lambda", "get_account_settings", lambda: {"AccountLimit": limit})
    findings = found()
    pending = "ops@example.com has not confirmed, and gets no alarm"
    assert (findings["alarm subscription"]["status"], findings["alarm subscription"]["found"]) == ("failed", pending)
    assert findings["mail account"]["found"].split("; ") == [
        "AWS stopped the account's sending",
        "SES is in its sandbox: only verified addresses get mail",
        "160 of 200 mails of 24 hours are sent",
    ]
    assert findings["schedule Outbox"]["found"] == "no call in the last 20 minutes"
    assert findings["concurrency"]["status"] == "warning"


def test_what_may_not_be_read_is_a_warning_and_the_rest_is_checked(site, answer, found):
    def denied():
        raise client_error("get_account", "AccessDeniedException")

    answer("sesv2", "get_account", denied)
    findings = found()
    assert (findings["sending"]["status"], findings["sending"]["found"]) == ("warning", "not allowed: GetAccount")
    assert findings["alarms"]["status"] == "ok"


def test_a_format_that_this_code_can_not_read_fails(site, operator_app, found):
    from tallybook.domain.formats import Formats
    from tallybook.store.formats import put_formats

    operator_app.ctx.tables.write(replace(put_formats(Formats((99,))), condition=None))
    assert found()["format"]["status"] == "failed"


def test_an_archive_that_is_late_or_has_not_begun_is_found(operator_app, monkeypatch):
    from tallybook.cli.checks import Site, data
    from tallybook.domain.archive import Archive
    from tallybook.store.archives import set_archive

    monkeypatch.setattr(data, "find_output", lambda _: "bucket")
    monkeypatch.setattr(data, "stack_output", lambda output: output)
    site = Site(operator_app.ctx, client=None, keeps=True, emulated=False)
    assert [finding.status for finding in data.check_archive(site)] == ["warning", "warning"]
    archived = Archive(operator_app.clock.now() - timedelta(hours=36))
    operator_app.ctx.tables.write(set_archive("CoreTable", Archive(), archived))
    late = Archive(operator_app.clock.now() - timedelta(days=3))
    operator_app.ctx.tables.write(set_archive("UsageTable", Archive(), late))
    core, usage = data.check_archive(site)
    assert (core.status, usage.status) == ("ok", "failed")
    assert usage.found == "nothing since 2026-04-17T12:34:56.000Z"


@pytest.mark.parametrize(("seconds", "status"), [(29, "ok"), (60, "warning"), (360, "failed")])
def test_a_clock_that_differs_from_that_of_aws_is_found(monkeypatch, seconds, status):
    from tallybook.cli.checks import Site, work
    from tallybook.gateways.clock import Clock
    from tests.support.clock import StillClock

    monkeypatch.setattr(work, "date_of_aws", lambda: Clock().now() - timedelta(seconds=seconds))
    ctx = SimpleNamespace(clock=StillClock(Clock().now()))
    [finding] = work.check_clock(Site(ctx, client=None, keeps=True, emulated=False))
    assert finding.status == status
