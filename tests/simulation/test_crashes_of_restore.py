"""A restore that dies while it settles the outbox and is repeated sends nothing again, and forgets nothing."""

from types import SimpleNamespace
from typing import Any

from tallybook.domain.jobs import partition
from tallybook.domain.times import stamp
from tallybook.services.outbox.settle import settle_outbox
from tallybook.store.commands import Item
from tallybook.store.keys import Key, outbox
from tallybook.store.outbox import PARKED
from tests.simulation.conftest import Sweep
from tests.support.app import App


def prepare(app: App) -> dict[Key, Item]:
    """Three waiting items; what became of them in the table before: one is delivered, one parked, one is unknown."""
    app.member()
    delivered, parked, _ = sorted(waiting(app))[:3]
    items = app.ctx.tables.get_many([outbox(delivered), outbox(parked)])
    now = app.clock.now()
    for key, item in items.items():
        tries = {"attempts": 1, "claims": item["claims"] + 1, "expires": 1_900_000_000}
        if key == outbox(parked):
            item |= {**tries, "state": "parked", "work": partition(PARKED, item["id"]), "due": stamp(now)}
        else:
            item |= {**tries, "state": "delivered", "delivered_at": stamp(now)}
            del item["work"], item["due"]
    return items


def waiting(app: App) -> list[str]:
    return [
        item["id"] for item in app.stored("core") if item["pk"].startswith("OUTBOX#") and item["state"] == "waiting"
    ]


def settle(app: App, known: dict[Key, Item]) -> int:
    before: Any = SimpleNamespace(
        get_many=lambda keys: {key: known[key] for key in keys if key in known}  # the tables before the restore
    )
    return sum(settle_outbox(app.ctx, before))


def test_what_was_delivered_is_settled_once_and_the_rest_still_waits(sweep: Sweep) -> None:
    def check(app: App, known: dict[Key, Item], _: int) -> None:
        found = app.ctx.tables.get_many(list(known))
        assert {key: item["state"] for key, item in found.items()} == {
            key: item["state"] for key, item in known.items()
        }
        assert set(waiting(app)).isdisjoint(key.pk.partition("#")[2] for key in known)
        assert waiting(app)
        assert settle(app, known) == 0

    assert sweep(prepare, settle, check) > 4
