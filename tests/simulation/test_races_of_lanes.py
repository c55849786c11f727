"""Sweeps and batches of the stream at the same time deliver each item of both lanes once, in spite of conflicts."""

from collections import Counter

from tallybook.domain.outbox import LEASE, Lane
from tallybook.services.outbox.batch import deliver_batch
from tallybook.services.outbox.sweep import sweep
from tests.support.app import App
from tests.support.race import race
from tests.support.waiting_mails import as_of_an_earlier_release, put_many

FOREVER = 1e9
EACH = 6


def test_sweeps_and_batches_of_both_lanes_deliver_each_item_once(crowded_app: App) -> None:
    app = crowded_app
    lanes: dict[Lane, list[str]] = {"fast": put_many(app, "fast", EACH), "slow": put_many(app, "slow", EACH)}
    for item_id in lanes["slow"][:2]:
        as_of_an_earlier_release(app, item_id)

    def sweep_once() -> Counter[str]:
        return Counter(dict(sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)))

    def stream() -> Counter[str]:
        return Counter(dict(deliver_batch(app.ctx, app.fake_aws.channels(), lanes, deadline=FOREVER)))

    outcomes = [outcome for outcome in race(sweep_once, stream, sweep_once, stream) if isinstance(outcome, Counter)]
    assert len(outcomes) == 4
    app.clock.advance(seconds=LEASE.total_seconds())  # of an attempt whose claim lost its answer
    sweep_once()
    assert app.waiting() == []
    assert Counter(mail.to for mail in app.fake_aws.mails) == Counter(
        f"{lane}{number}@example.com" for lane in lanes for number in range(EACH)
    )


def test_items_that_arrive_in_a_sweep_are_delivered_once(crowded_app: App) -> None:
    app = crowded_app
    put_many(app, "slow", EACH)
    callers = [lambda: sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER) for _ in range(2)]
    arrivals = [lambda: put_many(app, "fast", EACH)]
    race(*callers, *arrivals)
    app.clock.advance(seconds=LEASE.total_seconds())
    sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)
    assert app.waiting() == []
    assert len(app.fake_aws.mails) == len({mail.to for mail in app.fake_aws.mails}) == 2 * EACH
