"""The outbox function sends mail of the fast lane first, and reports what failed in its own metrics."""

import json
from typing import Any

import pytest

from tallybook.domain.outbox import LEASE
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.store import keys
from tests.support.app import HERE, App
from tests.support.broken_items import break_item
from tests.support.fake_aws import FakeAws
from tests.support.faults import client_error
from tests.support.waiting_mails import put_many, put_waiting, run_stream

MANY = 300


@pytest.fixture
def broken_ses(fake_aws: FakeAws) -> FakeAws:
    """SES refuses each mail until the interceptor is replaced, as with a sender that is not verified."""

    def refuse(operation: str, call: Any) -> Any:
        if operation == "send_email":
            raise client_error(operation, "MailFromDomainNotVerifiedException")
        return call()

    fake_aws.interceptor = refuse
    return fake_aws


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics that the last call emitted, if any did since they were read before."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    names = {
        metric["Name"]: metric["Unit"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert all(unit == ("Seconds" if name.endswith("Seconds") else "Count") for name, unit in names.items())
    return {name: lines[-1][name][0] for name in names}


def test_the_stream_sends_a_reset_before_300_items_that_came_before(app: App, fake_aws: FakeAws) -> None:
    app.member("ada@example.com")
    fake_aws.sweep()
    fake_aws.mails.clear()
    ahead = put_many(app, "slow", MANY)
    ask_for_reset(app.ctx, email="ada@example.com", address=HERE)
    (reset,) = set(app.waiting()) - set(ahead)
    answers = run_stream(app, [*ahead, reset])
    assert answers == [{"left": 100}] * 3 + [{"delivered": 1}]
    assert [mail.to for mail in fake_aws.mails] == ["ada@example.com"]
    assert fake_aws.sweep() == {"delivered": MANY}


def test_an_idle_or_healthy_sweep_emits_no_metric(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_aws.sweep()
    put_many(app, "slow", 3)
    app.clock.advance(minutes=4)
    fake_aws.sweep()
    assert emitted(capsys) == {}


def test_a_broken_ses_shows_in_the_first_sweep_and_until_it_is_mended(
    app: App, broken_ses: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    run_stream(app, [put_waiting(app, "fast", "invoice")])
    app.clock.advance(minutes=5)
    broken_ses.sweep()
    assert emitted(capsys) == {"OutboxPostponed": 1, "OutboxOldestSeconds": 300}
    put_waiting(app, "slow", "welcome")
    app.clock.advance(minutes=5)
    broken_ses.sweep()
    assert emitted(capsys) == {"OutboxPostponed": 2, "OutboxOldestSeconds": 600}
    app.clock.advance(hours=1)
    broken_ses.interceptor = lambda _, call: call()
    capsys.readouterr()
    broken_ses.sweep()
    assert emitted(capsys) == {}


def test_items_whose_next_attempt_is_hours_away_still_count(
    app: App, broken_ses: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    put_many(app, "fast", 3)
    for minutes in (0, 1, 5, 30, 120):
        app.clock.advance(minutes=minutes)
        broken_ses.sweep()
    app.clock.advance(minutes=5)
    capsys.readouterr()
    assert broken_ses.sweep() == {}, "nothing is due"
    assert emitted(capsys) == {"OutboxPostponed": 3, "OutboxOldestSeconds": (156 + 5) * 60}


def test_a_delivery_in_progress_is_not_counted_as_failed(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    put_waiting(app, "fast", "invoice")

    def sweep_meanwhile(operation: str, call: Any) -> Any:
        fake_aws.interceptor = lambda _, call: call()
        app.clock.advance(seconds=LEASE.total_seconds() / 2)
        assert fake_aws.sweep() == {}
        return call()

    fake_aws.interceptor = sweep_meanwhile
    assert fake_aws.sweep() == {"delivered": 1}
    assert emitted(capsys) == {}


@pytest.mark.parametrize("change", [lambda item: item.pop("created_at"), lambda item: item.update(created_at="soon")])
def test_an_item_without_a_readable_time_does_not_hide_the_age_of_others(
    app: App, broken_ses: FakeAws, capsys: pytest.CaptureFixture[str], change: Any
) -> None:
    broken, _ = put_many(app, "fast", 2)
    for minutes in (0, 1):
        app.clock.advance(minutes=minutes)
        broken_ses.sweep()
    break_item(app, keys.outbox(broken), change)
    app.clock.advance(minutes=1)
    capsys.readouterr()
    assert broken_ses.sweep() == {}, "nothing is due"
    assert emitted(capsys) == {"OutboxPostponed": 2, "OutboxOldestSeconds": 120}
