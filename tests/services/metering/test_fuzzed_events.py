"""Whatever one event of a request holds, the events beside it are accepted, once, and the answer can be sent."""

import json
from random import Random
from typing import Any

import pytest

from tallybook.domain.usage import Event, Result
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.wire.requests.cloudevents import read_events
from tallybook.wire.scalebox import envelope
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json

ENVELOPE = ("specversion", "id", "source", "type", "time", "subject", "data")
DATA = ("meter", "quantity", "user_id", "session_id", "app_id", "sku", "comment")
DEEP = "[" * 9**5 + "]" * 9**5
TEXTS = ["NaN", "Infinity", "1e999", "1e-999", "1e999999999999999999999", "9" * 5000, "null", "true", "[]", "{}", DEEP]
TEXTS += [r'"\ud800"', r'"\udc00x"', '""', '"x"', '"#"', '":"', json.dumps("é" * 256), json.dumps("\0" * 64), "0"]
TEXTS += ["1e15", "1e-9", '"1e15"', '"1E+0000000015"', '"999999999999999.999999999"', '"0.0000000001"', '"credits"']
TEXTS += ['"container_minutes"', '"template_storage_gb_hours"', '"S"', '"acc-nobody"', '"usr-nobody"', '"acc-"']
TEXTS += ['"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', "-0"]
TEXTS += ['"2026-04-20T12:34:60Z"', '"2026-03-20T00:00:00.999999999Z"', '"٢٠٢٦-04-20T12:34:56Z"', "1e125", "1" * 40]


def mutate(event: dict[str, Any], random: Random) -> str:
    """The event as JSON, with one to three fields replaced, removed or repeated."""
    mutant = json.loads(json.dumps(event))
    texts = {}
    for number in range(random.randint(1, 3)):
        name = random.choice((*ENVELOPE, *DATA))
        fields = mutant if name in ENVELOPE or not isinstance(mutant.get("data"), dict) else mutant["data"]
        if random.random() < 0.15:
            fields.pop(name, None)
        else:
            fields[name] = f"HERE{number}"
            texts[f'"HERE{number}"'] = random.choice(TEXTS)
    text = json.dumps(mutant)
    for place, value in texts.items():
        text = text.replace(place, value)
    return text[:-1] + f', "id": {random.choice(TEXTS)}}}' if random.random() < 0.1 else text


def submit(app: App, body: str) -> list[Result]:
    submitted: list[Event | Result] = read_events(body)
    return record_usage(app.ctx, submitted, app.ctx.tables.get_many(account_keys(submitted)))


@pytest.mark.parametrize("seed", range(8))
def test_the_other_events_of_a_request_are_accepted_once(app: App, seed: int) -> None:
    random = Random(seed)
    app.clock.advance(days=-40)
    members: list[Member] = [app.member(), app.member()]
    app.clock.advance(days=40)
    for _ in range(12):
        good = [app.event(random.choice(members), quantity=1) for _ in range(3)]
        texts = [as_json(event).decode() for event in good]
        mutants = [mutate(app.event(members[0], user_id=members[0].user_id), random) for _ in range(2)]
        body = f"[{texts[0]}, {mutants[0]}, {texts[1]}, {mutants[1]}, {texts[2]}]"
        for expected in ("accepted", "duplicate"):
            results = submit(app, body)
            assert [result.status for result in results[::2]] == [expected] * 3, mutants
            assert [result.id for result in results[::2]] == [event["id"] for event in good]
            assert "retry" not in {result.reason for result in results}, mutants
            json.dumps(envelope.results(results), ensure_ascii=False, allow_nan=False).encode()
    check_invariants(app)
