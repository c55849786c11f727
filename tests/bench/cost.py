"""What a million of something costs by AWS's list prices, from the round trips and units that it was measured to take.

The time of a function is no measured figure, because times of this computer say nothing about Lambda: ASSUMED_SECONDS.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from infra.groups import GROUPS
from infra.queues import BATCH
from tallybook.store.capacity import item_size
from tests.bench.figures import Figure, figures, measure
from tests.bench.invoice_figures import invoice_figures
from tests.infra.prices import MILLION, PRICES, Unit
from tests.support.app import App

type Amounts = Mapping[Unit, Decimal]

ASSUMED_SECONDS = {"billing": Decimal("0.05"), "metering": Decimal("0.15"), "usage_queue": Decimal("0.1")} | {
    "invoicing": Decimal("0.1"),
    "outbox": Decimal("0.3"),
}
"""How long a warm function works on one request, or on one message or item of a batch."""

EVENTS_OF_A_REQUEST = 85
MARKER_DAYS = 36
_DAYS_OF_A_MONTH = Decimal("30.44")
_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item. Source: DynamoDB, "Item sizes and formats"."""


class Cost(NamedTuple):
    """USD for a million, by service."""

    what: str
    parts: Mapping[str, Decimal]

    @property
    def usd(self) -> Decimal:
        return sum(self.parts.values(), Decimal(0))


def costs(app: App) -> Iterator[Cost]:
    """On empty tables with a catalog; without what is free for an account."""
    known = {figure.name: figure for figure in (*figures(app), *invoice_figures(app))}
    batch, one = known[f"{EVENTS_OF_A_REQUEST} events on 4 counters"], _one_event(app)
    share = Decimal(1) / EVENTS_OF_A_REQUEST
    yield _cost(f"usage events, {EVENTS_OF_A_REQUEST} in a request", _request(batch, "metering", share))
    yield _cost("usage events, one in a request", _request(one, "metering"))
    yield _cost("usage events, one in a message of the queue", _message(one, "usage_queue"))
    yield _cost("usage events, kept for 36 days", {"DynamoDB GB-month": _marker_gigabytes(app)})
    yield _cost("reads of the current bill", _request(known["GET /v1/billing/current"], "billing"))
    sessions = [_request(known[f"{step} a session"], "metering") for step in ("start", "end")]
    yield _cost("sessions, started and ended", *sessions)
    closing = _message(known["close a period, paid from the balance"], "invoicing")
    yield _cost("accounts, one invoice each: closing the period", closing)
    leaving = known["its mail and its events leave (5 and 3)"]
    yield _cost("accounts, one invoice each: its mail and events", _delivery(leaving))


def _one_event(app: App) -> Figure:
    """Of an account, a user, a session and a day, like the events of the batch."""
    member = app.member()
    app.record(app.event(member, session_id="one"))
    return measure(app, "one event", lambda: app.record(app.event(member, session_id="one")), most_calls=3)


def _marker_gigabytes(app: App) -> Decimal:
    sizes = [item_size(item) for item in app.stored("usage", "EVENT")]
    average = Decimal(sum(sizes)) / len(sizes) + _OVERHEAD
    return average / 10**9 * MARKER_DAYS / _DAYS_OF_A_MONTH


def _request(figure: Figure, function: str, share: Decimal = Decimal(1)) -> Amounts:
    amounts = _tables(figure) | _function(function) | {"API request": Decimal(1)}
    return {unit: amount * share for unit, amount in amounts.items()}


def _message(figure: Figure, function: str) -> Amounts:
    """Sent by itself; received and deleted in batches, each of which calls the function once."""
    batch = Decimal(1) / BATCH
    return _tables(figure) | _function(function, calls=batch) | {"SQS request": 1 + 2 * batch}


def _delivery(figure: Figure) -> Amounts:
    """A mail, and one call of the bus with the events of the change."""
    return _tables(figure) | _function("outbox") | {"mail": Decimal(1), "bus event": Decimal(3)}


def _tables(figure: Figure) -> dict[Unit, Decimal]:
    return {
        "DynamoDB read unit": Decimal(str(figure.read_units)),
        "DynamoDB write unit": Decimal(str(figure.write_units)),
    }


def _function(name: str, *, calls: Decimal = Decimal(1)) -> dict[Unit, Decimal]:
    (group,) = [group for group in GROUPS if group.name == name]
    return {"Lambda call": calls, "Lambda GB-second": ASSUMED_SECONDS[name] * group.memory / 1024}


def _cost(what: str, *amounts: Amounts) -> Cost:
    parts: dict[str, Decimal] = {}
    for one in amounts:
        for unit, amount in one.items():
            service = unit.partition(" ")[0]
            parts[service] = parts.get(service, Decimal(0)) + amount * MILLION * PRICES[unit].usd
    return Cost(what, parts)
