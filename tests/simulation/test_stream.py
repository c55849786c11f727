"""With a stream that duplicates, reorders and loses records, and stops for a day, every item is delivered once."""

import random
from collections import Counter

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.identity.change_password import ask_for_reset
from tallybook.services.outbox.deliver import deliver
from tallybook.services.outbox.sweep import sweep
from tests.support.app import HERE, App, Member
from tests.support.invariants import check_invariants

FOREVER = 1e9


def change_something(app: App, member: Member, chance: random.Random) -> None:
    status = chance.choice(("suspended", "active"))
    if chance.random() < 0.3:
        ask_for_reset(app.ctx, email=member.user.email, address=HERE)
    set_account_status(app.ctx, member.account.id, status, reason="as drawn", actor=OPERATOR)


def run_stream(app: App, records: list[str], chance: random.Random) -> None:
    """Deliver each record never, once or twice, in any order."""
    copies = [record for record in records for _ in range(chance.choice((0, 1, 1, 2)))]
    chance.shuffle(copies)
    for record in copies:
        deliver(app.ctx, app.fake_aws.channels(), record)


@pytest.mark.parametrize("seed", range(2))
def test_every_item_is_delivered_exactly_once(app: App, seed: int) -> None:
    chance = random.Random(seed)
    members = [app.member() for _ in range(3)]
    records: list[str] = []
    for step in range(12):
        change_something(app, chance.choice(members), chance)
        fresh = [each for each in app.waiting() if each not in records]
        records += fresh
        if not 3 <= step < 9:  # for a day neither the stream nor the schedule runs
            run_stream(app, records if step == 9 else fresh, chance)
            sweep(app.ctx, app.fake_aws.channels(), deadline=FOREVER)
        app.clock.advance(hours=4)
    run_stream(app, records, chance)
    assert app.waiting() == []
    stored = [item for item in app.stored("core") if item["sk"] == "OUTBOX"]
    assert {item["state"] for item in stored} == {"delivered"}
    mails = Counter(mail.item for mail in app.fake_aws.mails)
    assert mails == Counter({item["id"]: 1 for item in stored if item["kind"] == "mail"})
    events = Counter(detail["id"] for detail in app.fake_aws.details)
    assert events == Counter({row["id"]: 1 for item in stored for row in item["body"].get("events", ())})
    check_invariants(app)
