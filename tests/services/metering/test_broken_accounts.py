"""An account that can't be read costs its own events only: they are to be sent again, and the defect is logged."""

import logging
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.periods import period_of
from tallybook.store import keys
from tallybook.store.periods import period_key
from tests.support.app import App, Member
from tests.support.broken_items import BREAKAGES, break_account, break_item


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def record(app: App, *events: dict[str, Any]) -> list[str]:
    return [f"{result.status} {result.reason or ''}".strip() for result in app.record(*events)]


def counted(app: App, member: Member) -> Decimal:
    markers = [item for item in app.stored("usage", "EVENT") if item["account_id"] == member.account.id]
    return sum((Decimal(marker["quantity"]) for marker in markers), Decimal(0))


@pytest.mark.parametrize("breakage", BREAKAGES)
@pytest.mark.parametrize("workers", [1, 8])
def test_events_of_other_accounts_count(
    app: App, member: Member, breakage: str, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    app.reshape(workers=workers)
    others = [app.member() for _ in range(2)]
    break_account(app, member, breakage)
    batch = [app.event(one, quantity=1) for _ in range(30) for one in (others[0], member, others[1])]
    with caplog.at_level(logging.ERROR):
        assert record(app, *batch) == ["accepted", "rejected retry", "accepted"] * 30
    assert [counted(app, one) for one in (*others, member)] == [30, 30, 0]
    assert [(line.exc_info is not None, member.account.id in line.getMessage()) for line in caplog.records] == [
        (True, True)
    ]


def test_events_count_once_the_account_is_repaired(app: App, member: Member) -> None:
    events = [app.event(member), app.event(app.member())]
    zone: dict[str, Any] = {}
    break_item(app, keys.account(member.account.id), lambda item: zone.update(calendar=item.pop("calendar")))
    assert record(app, *events) == ["rejected retry", "accepted"]
    break_item(app, keys.account(member.account.id), lambda item: item.update(zone))
    assert record(app, *events, events[0]) == ["accepted", "duplicate", "duplicate"]


@pytest.mark.parametrize("zone", ["localtime", "Mars/Olympus"])
def test_an_account_in_a_zone_that_the_package_lacks_counts_in_utc(app: App, member: Member, zone: str) -> None:
    """Some computers know `localtime`, and an account could have it."""
    break_item(app, keys.account(member.account.id), lambda item: item["calendar"][0].update(zone=zone))
    assert record(app, app.event(member, quantity=1), app.event(app.member())) == ["accepted"] * 2
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    assert len(app.invoice_due()) == 2


@pytest.mark.parametrize("breakage", ["no plan", "no catalog", "no number"])
def test_events_of_the_accounts_other_periods_count(
    app: App, member: Member, breakage: str, caplog: pytest.LogCaptureFixture
) -> None:
    record(app, app.event(member))
    old = member.account.closing_cursor.period
    app.clock.moment = old.end + GRACE
    app.invoice_due()
    app.reshape()  # without the catalogs that were read before
    changes: dict[str, Any] = {
        "no plan": lambda item: item.pop("plan"),
        "no catalog": lambda item: item.update(catalog_version=99),
        "no number": lambda item: item.update(shards="many"),
    }
    break_item(app, period_key(member.account.id, old), changes[breakage])
    app.meter.clear()
    late = [app.event(member, time=old.start, quantity=1) for _ in range(50)]
    now = [app.event(member, quantity=2) for _ in range(50)]
    batch = [event for pair in zip(late, now, strict=True) for event in pair]
    with caplog.at_level(logging.ERROR):
        assert record(app, *batch) == ["rejected retry", "accepted"] * 50
    assert len(caplog.records) == 1
    assert app.meter.calls <= 6


def test_the_events_before_a_defect_stay_accepted(app: App, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    import tallybook.services.metering.ingest_account as module

    build, built = module.build_chunk, iter(range(10))

    def fail_at_the_second(*arguments: Any, **named: Any) -> Any:
        if next(built):
            raise KeyError("a defect")
        return build(*arguments, **named)

    monkeypatch.setattr(module, "build_chunk", fail_at_the_second)
    events = [app.event(member, quantity=1) for _ in range(150)]
    answers = record(app, *events)
    monkeypatch.undo()
    assert set(answers[:90]) == {"accepted"}
    assert set(answers[100:]) == {"rejected retry"}
    assert record(app, *events) == ["duplicate" if one == "accepted" else "accepted" for one in answers]


def test_an_event_of_the_broken_account_twice_in_a_request_is_retried_twice(app: App, member: Member) -> None:
    event = app.event(member)
    break_account(app, member, "without a schedule")
    assert record(app, event, event) == ["rejected retry", "rejected retry"]


def test_a_period_that_is_not_open_yet_opens_beside_a_broken_one(app: App, member: Member) -> None:
    record(app, app.event(member))
    old = period_of(member.account.schedule, app.clock.now())
    break_item(app, period_key(member.account.id, old), lambda item: item.pop("zone"))
    app.clock.moment = old.end
    batch = [app.event(member, time=old.start), app.event(member, time=old.end)]
    assert record(app, *batch) == ["rejected retry", "accepted"]
