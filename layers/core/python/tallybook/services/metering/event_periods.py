"""Finds the period in which an event counts, and its price in that period.

An event counts in the period that contains its time. If that period is closed, the event is late: its quantity is
stored beside the period's other quantities, and billed with the oldest open period. Source: docs/money.md, "Usage".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Meter, Price
from tallybook.domain.periods import Period, period_of
from tallybook.domain.usage import Event
from tallybook.services.billing.open_period import open_period
from tallybook.services.billing.pinned import pinned_prices
from tallybook.services.context import Context
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period


@dataclass(frozen=True, slots=True)
class ResolvedEvent:
    """An event with its period, and its meter and price in the catalog version which that period pinned.

    `late_for` is the start of the period whose invoice bills a late event, None for an event that is in time.
    """

    event: Event
    period: Period
    opened: BillingPeriod
    late_for: datetime | None
    meter: Meter
    price: Price


class Unpriced(NamedTuple):
    """The reason why an event has no price."""

    reason: str


class EventPeriods:
    """An account's periods, as read from the table; a missing period is opened by the first event in it."""

    def __init__(self, ctx: Context, account: Account, opened: Mapping[Key, BillingPeriod]) -> None:
        self._ctx = ctx
        self._account = account
        self._opened = dict(opened)

    def resolve(self, event: Event) -> ResolvedEvent | Unpriced:
        """Unpriced for an unknown meter or sku, and for a fraction of a unit if the wallet pays whole units.

        Unavailable if the account changed while the period was opened.
        """
        period = period_of(self._account.schedule, event.instant)
        opened = self._open(period)
        prices = pinned_prices(self._ctx, opened)
        found = prices.find(event.meter, event.sku)
        if found is None:
            return Unpriced("unknown_sku" if prices.sells(event.meter) else "unknown_meter")
        meter, price = found
        if meter.settles == "wallet" and event.quantity != event.quantity.to_integral_value():
            return Unpriced("quantity must be a whole number")
        late_for = None if opened.is_open else self._account.closing_cursor.period.start
        return ResolvedEvent(event, period, opened, late_for, meter, price)

    def _open(self, period: Period) -> BillingPeriod:
        key = period_key(self._account.id, period)
        if key not in self._opened:
            self._opened[key] = open_period(self._ctx, self._account, period)
        return self._opened[key]


def read_event_periods(ctx: Context, account: Account, events: Iterable[Event]) -> EventPeriods:
    """The periods of these events, in one round trip."""
    period_keys = {period_key(account.id, period_of(account.schedule, event.instant)) for event in events}
    return EventPeriods(
        ctx, account, {key: read_billing_period(item) for key, item in ctx.tables.get_many(period_keys).items()}
    )
