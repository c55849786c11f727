"""The commands that print and move the local bundle's time."""

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.jobs import JOBS
from tallybook.gateways.clock import Clock
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.jobs import usage_check as check_usage
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.services.outbox.sweep import sweep
from tests.support.clock import StillClock
from tests.support.invariants import check_invariants
from tests.support.list_channels import list_channels


@pytest.fixture
def mails():
    """The address and template of each delivered mail."""
    return []


@pytest.fixture
def bundle(operator_app, stack, mails, tmp_path):
    """The stack's jobs, run with the clock of the file; queued invoicing tasks are done a little later."""
    clock, workers = Clock(tmp_path / "clock"), []

    def run_later(tasks):
        time.sleep(0.2)
        for task in tasks:
            (check_usage.run_task if task.kind in ("check", "expire") else run_task)(operator_app.ctx, task)

    def job(payload):
        operator_app.reshape(clock=StillClock(clock.now()))
        if payload == {"job": "outbox"}:
            return sweep(operator_app.ctx, list_channels(mails), deadline=operator_app.ctx.elapsed() + 60)
        (called,) = [job for job in JOBS if payload == {"job": job.name}]
        tasks = list(due_tasks(operator_app.ctx, called))
        workers.append(threading.Thread(target=run_later, args=(tasks,)))
        workers[-1].start()
        return Counter(task.kind for task in tasks)

    stack.job = job
    yield stack
    for worker in workers:
        worker.join()


def now(tmp_path):
    return Clock(tmp_path / "clock").now()


def is_near(text, instant):
    """Up to a minute later, as the clock runs during the command."""
    return timedelta() <= datetime.fromisoformat(text) - instant < timedelta(minutes=1)


NOON = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)


def test_show_prints_the_time(operator_app, tallybook):
    printed = json.loads(tallybook("clock", "show", "--json").out)
    assert is_near(printed["now"], NOON)
    assert printed["ahead_seconds"] < 0
    head, ahead = tallybook("clock", "show").out.splitlines()
    assert head.startswith("now\t2026-04-20T12:3")
    assert ahead.startswith("ahead_seconds\t-")


def test_an_idle_month_passes_without_a_call(bundle, tallybook, tmp_path):
    run = tallybook("clock", "advance", "31d")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("It is 2026-05-21T12:3")
    assert run.out.endswith("; nothing was due\n")
    assert is_near(now(tmp_path).isoformat(), NOON + timedelta(days=31))
    assert "the-outbox" not in bundle.requested


def test_work_due_in_between_is_done_at_its_time(operator_app, bundle, mails, tallybook):
    member = operator_app.member()
    printed = json.loads(tallybook("clock", "set", "2026-05-01T00:00:00Z", "--json").out)
    assert is_near(printed["from"], NOON)
    assert is_near(printed["now"], datetime(2026, 5, 1, tzinfo=UTC))
    [call] = printed["calls"]
    assert (call["job"], call["at"], call["answer"]) == ("outbox", "2026-04-20T12:35:00.000Z", {"delivered": 3})
    assert mails == [("owner1@example.com", "welcome")]
    assert bundle.requested.count("the-outbox") == 1
    again = tallybook("clock", "advance", "1h").out
    assert again.endswith("; nothing was due\n")
    assert member.subject in tallybook("accounts", "list").out


def test_moving_past_a_months_end_issues_its_invoice(operator_app, bundle, tallybook):
    member = operator_app.member()
    operator_app.record(operator_app.event(member, quantity=10_000_000))
    printed = json.loads(tallybook("clock", "set", "2026-05-20T02:00:00Z", "--json").out)
    [call] = [call for call in printed["calls"] if call["job"] == "invoicing"]
    assert (call["at"], call["answer"]) == ("2026-05-20T01:00:00.000Z", {"close": 1})
    [invoice] = list_invoices(operator_app.ctx, operator_app.account_of(member), offset=0, limit=10)
    assert invoice.total == 140_000_000
    check_invariants(operator_app)


def test_stuck_queued_work_is_reported_and_stops_the_clock(operator_app, bundle, tallybook, tmp_path, monkeypatch):
    monkeypatch.setattr("tallybook.cli.clock._STUCK_AFTER_SECONDS", 0.2)
    operator_app.member()
    bundle.job = lambda _: {}
    run = tallybook("clock", "advance", "31d")
    reason = "The job invoicing does not finish 1 tasks: tallybook invoices run prints the reason"
    assert (run.code, run.out, run.err) == (
        1,
        "",
        f"tallybook: {reason}; the clock stopped where the job was called\n",
    )
    assert is_near(now(tmp_path).isoformat(), datetime(2026, 5, 20, 1, tzinfo=UTC))


def test_the_number_of_calls_of_each_job_is_printed(operator_app, bundle, tallybook):
    operator_app.member()
    assert tallybook("clock", "advance", "90s").out.endswith("; calls of outbox: 1\n")


def test_on_a_terminal_each_call_is_printed(operator_app, bundle, in_terminal):
    operator_app.member()
    shown = in_terminal(100, "clock", "advance", "15m")
    assert "2026-04-20T12:35:00.000Z  outbox: delivered 3" in shown


def test_the_clock_does_not_move_back(bundle, tallybook, tmp_path):
    run = tallybook("clock", "set", "2026-04-20T12:00:00Z", "--json")
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert "the clock only moves forward, so that nothing stored lies in the future" in run.err
    assert is_near(now(tmp_path).isoformat(), NOON)


def test_a_failed_job_is_reported_and_stops_the_clock(operator_app, bundle, tallybook, tmp_path):
    operator_app.member()
    bundle.failure = {"errorType": "KeyError", "errorMessage": "'MAIL_FROM'\nmissing", "stackTrace": []}
    run = tallybook("clock", "advance", "31d")
    message = (
        "tallybook: The job outbox failed: KeyError: 'MAIL_FROM' missing; the clock stopped where the job was called\n"
    )
    assert (run.code, run.result, run.err) == (1, "", message)
    assert is_near(now(tmp_path).isoformat(), datetime(2026, 4, 20, 12, 35, tzinfo=UTC))


@pytest.mark.parametrize("command", [("show",), ("advance", "1d"), ("set", "2027-01-01T00:00:00Z")])
def test_a_deployed_stacks_clock_can_not_be_moved(operator_app, stack, tallybook, monkeypatch, command):
    monkeypatch.delenv("TALLYBOOK_CLOCK_FILE")
    run = tallybook("clock", *command, "--json")
    assert (run.code, run.result) == (1, "")
    assert run.err == "tallybook: Only the clock of the local bundle can be moved (source .local/env)\n"


@pytest.mark.parametrize("duration", ["31", "0d", "-1d", "1w", "d", "1.5h", "31 d", "99999999999d", "9999999999d"])
def test_an_invalid_duration_exits_with_2(bundle, tallybook, tmp_path, duration):
    assert tallybook("clock", "advance", "--", duration).code == 2
    assert is_near(now(tmp_path).isoformat(), NOON)


@pytest.mark.parametrize("time", ["2026-05-01", "tomorrow", "2026-05-01T00:00:00", "2026-13-01T00:00:00Z"])
def test_an_invalid_time_exits_with_2(bundle, tallybook, time):
    assert tallybook("clock", "set", time).code == 2


@pytest.mark.parametrize("duration", ["36526d", "3000000d"])
def test_a_move_over_a_century_is_refused(bundle, tallybook, tmp_path, duration):
    run = tallybook("clock", "advance", duration)
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert is_near(now(tmp_path).isoformat(), NOON)


def test_an_invalid_clock_file_is_reported_in_one_line(operator_app, tallybook, tmp_path):
    (tmp_path / "clock").write_text("soon")
    run = tallybook("clock", "show")
    assert (run.code, run.err.count("\n")) == (1, 1)
    assert run.err.startswith(f"tallybook: {tmp_path / 'clock'}: ")
