"""Mail about money and access does not wait for what is in the slow lane, neither in the sweep nor in the stream."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tallybook.domain.jobs import OUTBOX
from tallybook.domain.outbox import LANES, STREAM_BATCH, Lane
from tallybook.gateways.templates import TEMPLATES
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.services.outbox.batch import SLOW_SECONDS, deliver_batch
from tallybook.services.outbox.deliver import retry
from tallybook.services.outbox.sweep import ROUND, sweep
from tallybook.store import keys
from tests.support.app import HERE, App
from tests.support.broken_items import break_item
from tests.support.faults import client_error
from tests.support.invariants import check_invariants
from tests.support.waiting_mails import as_of_an_earlier_release, put_many, put_waiting, stored_item

FOREVER = 1e9
MANY = 300


def sweep_all(app: App) -> dict[Any, int]:
    return dict(sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER))


def batch(app: App, deadline: float = FOREVER, **item_ids: list[str]) -> dict[Any, int]:
    lanes: dict[Lane, list[str]] = {"fast": item_ids.get("fast", []), "slow": item_ids.get("slow", [])}
    return dict(deliver_batch(app.ctx, app.fake_aws.channels(), lanes, deadline=deadline))


def refuse(operation: str, _: Any) -> Any:
    raise client_error(operation, "TooManyRequestsException")


def test_each_template_has_a_lane() -> None:
    assert LANES.keys() == TEMPLATES.keys()
    assert {template for template, lane in LANES.items() if lane == "slow"} == {
        "welcome",
        "quota_requested",
        "quota_reviewed",
        "quota_reached",
        "budget_reached",
    }


def test_events_are_in_the_slow_lane_and_a_reset_in_the_fast_one(app: App) -> None:
    app.member("ada@example.com")
    ask_for_reset(app.ctx, email="ada@example.com", address=HERE)
    found = {item["body"].get("letter", "events"): item["work"] for item in app.stored("core", "OUTBOX")}
    lanes = {name: work.partition("#")[0] for name, work in found.items()}
    assert lanes == {"events": "slow", "welcome": "slow", "password_reset": "outbox"}


def test_a_sweep_sends_a_reset_before_300_items_that_were_due_before(app: App) -> None:
    app.member("ada@example.com")
    app.deliver().mails.clear()
    put_many(app, "slow", MANY)
    app.clock.advance(minutes=1)
    ask_for_reset(app.ctx, email="ada@example.com", address=HERE)
    assert sweep_all(app) == {"delivered": MANY + 1}
    assert app.fake_aws.mails[0].to == "ada@example.com"
    assert "#pwt_" in app.fake_aws.mails[0].text


def test_mail_that_becomes_due_in_a_sweep_waits_for_few_slow_items(app: App) -> None:
    put_many(app, "slow", 3 * ROUND)

    def ask_meanwhile(operation: str, call: Any) -> Any:
        if len(app.fake_aws.mails) == 3:
            put_waiting(app, "fast", "reset")
        return call()

    app.fake_aws.interceptor = ask_meanwhile
    assert sweep_all(app) == {"delivered": 3 * ROUND + 1}
    assert [mail.to for mail in app.fake_aws.mails].index("reset@example.com") == ROUND


def test_a_fast_item_that_cannot_be_read_is_tried_once_in_a_sweep(app: App) -> None:
    broken = put_waiting(app, "fast", "broken")
    break_item(app, keys.outbox(broken), lambda item: item.pop("attempts"))
    put_many(app, "slow", 3 * ROUND)
    assert sweep_all(app) == {"left": 1, "delivered": 3 * ROUND}


def test_a_sweep_spends_three_quarters_of_its_time_on_the_fast_lane(app: App) -> None:
    put_many(app, "slow", 10)
    put_many(app, "fast", 10)
    ticks = iter(range(10**6))
    app.reshape(elapsed=lambda: next(ticks))
    assert dict(sweep(app.ctx, app.fake_aws.channels(), deadline=9)) == {"delivered": 8, "left": 2}
    assert [mail.to[:4] for mail in app.fake_aws.mails] == ["fast"] * 7 + ["slow"]


def test_fast_mail_of_many_sweeps_leaves_a_quarter_of_each_to_slow_items(app: App) -> None:
    put_many(app, "fast", 10 * ROUND)
    put_many(app, "slow", 5 * ROUND)
    app.clock.advance(minutes=1)
    ticks = iter(range(10**6))
    app.reshape(elapsed=lambda: next(ticks))
    sweep(app.ctx, app.fake_aws.channels(), deadline=8 * ROUND)
    assert [mail.to[:4] for mail in app.fake_aws.mails].count("slow") == 2 * ROUND - 1


def test_fast_mail_that_never_ends_leaves_every_second_round_to_slow_items(app: App) -> None:
    put_many(app, "slow", 3 * ROUND)

    def add_more(_: str, call: Any) -> Any:
        for number in range(3):
            put_waiting(app, "fast", f"more{len(app.fake_aws.mails)}-{number}")
        return call()

    ticks = iter(range(10**6))
    app.reshape(elapsed=lambda: next(ticks))
    app.fake_aws.interceptor = add_more
    sweep(app.ctx, app.fake_aws.channels(), deadline=5 * ROUND)
    assert [mail.to[:4] for mail in app.fake_aws.mails].count("slow") >= 2 * ROUND


def test_events_are_published_while_ses_hangs(app: App) -> None:
    app.member("ada@example.com")
    put_many(app, "fast", 50)
    seconds = [0.0]

    def hang(operation: str, call: Any) -> Any:
        if operation == "send_email":
            seconds[0] += 10
            raise ReadTimeoutError(endpoint_url="https://email")
        return call()

    app.reshape(elapsed=lambda: seconds[0])
    app.fake_aws.interceptor = hang
    outcomes = sweep(app.ctx, app.fake_aws.channels(), deadline=105)
    assert outcomes["delivered"] == len(app.fake_aws.entries) - 2 == 2, "one item has three events"


def test_a_fast_item_that_failed_is_first_again_when_it_is_due(app: App) -> None:
    put_waiting(app, "fast", "reset")
    app.fake_aws.interceptor = refuse
    assert sweep_all(app) == {"postponed": 1}
    app.fake_aws.interceptor = lambda _, call: call()
    put_many(app, "slow", 3)
    app.clock.advance(minutes=1)
    sweep_all(app)
    assert app.fake_aws.mails[0].to == "reset@example.com"


def test_a_batch_delivers_its_fast_items_first(app: App) -> None:
    slow, fast = put_many(app, "slow", 3), put_many(app, "fast", 2)
    assert batch(app, slow=slow, fast=fast) == {"delivered": 5}
    assert [mail.to[:4] for mail in app.fake_aws.mails] == ["fast"] * 2 + ["slow"] * 3


def test_a_full_batch_leaves_its_slow_items_to_the_sweep(app: App) -> None:
    slow, fast = put_many(app, "slow", STREAM_BATCH - 1), put_many(app, "fast", 1)
    assert batch(app, slow=slow, fast=fast) == {"delivered": 1, "left": STREAM_BATCH - 1}
    assert sweep_all(app) == {"delivered": STREAM_BATCH - 1}


def test_a_batch_spends_five_seconds_on_slow_items(app: App) -> None:
    ticks = iter(range(10**6))
    app.reshape(elapsed=lambda: next(ticks))
    delivered = int(SLOW_SECONDS) - 1  # each item looks at the clock, which moves by a second each time
    assert batch(app, slow=put_many(app, "slow", 9)) == {"delivered": delivered, "left": 9 - delivered}


def test_a_batch_leaves_the_slow_items_after_one_that_failed(app: App) -> None:
    slow, fast = put_many(app, "slow", 4), put_many(app, "fast", 2)
    app.fake_aws.interceptor = refuse
    assert batch(app, slow=slow, fast=fast) == {"postponed": 3, "left": 3}
    assert [stored_item(app, item_id)["attempts"] for item_id in slow] == [1, 0, 0, 0]


def test_an_item_of_a_release_without_lanes_is_delivered(app: App) -> None:
    item_id = put_waiting(app, "slow", "old")
    as_of_an_earlier_release(app, item_id)
    app.fake_aws.interceptor = refuse
    assert sweep_all(app) == {"postponed": 1}
    assert stored_item(app, item_id)["work"].startswith("slow#"), "its next attempt is in its lane"
    check_invariants(app)
    app.fake_aws.interceptor = lambda _, call: call()
    app.clock.advance(minutes=1)
    assert sweep_all(app) == {"delivered": 1}


def test_the_sweep_of_a_release_without_lanes_finds_fast_items(app: App) -> None:
    """Such a release queries these four partitions; slow items wait there for the stream or the next release."""
    fast, slow = put_waiting(app, "fast", "reset"), put_waiting(app, "slow", "welcome")
    former = [f"outbox#{digit}" for digit in "0123"]
    assert OUTBOX.partitions()[:4] == tuple(former)
    found = [due.key.pk for partition in former for due in app.ctx.tables.query_due(partition)]
    assert found == [f"OUTBOX#{fast}"]
    retry(app.ctx, slow)
    app.clock.advance(seconds=timedelta(days=1).total_seconds())
    assert sweep_all(app) == {"delivered": 2}


@pytest.mark.parametrize("lane", ["fast", "slow"])
def test_an_item_costs_as_many_write_units_as_without_lanes(app: App, lane: Lane) -> None:
    """Two for the insertion and the index's row, three for the claim, two for the end; four count a stranger."""
    app.meter.clear()
    put_waiting(app, lane, "ada")
    assert app.meter.write_units == 2
    sweep_all(app)
    assert app.meter.write_units == 11
