"""Finds the period in which an event counts, and its price in that period.

An event counts in the period that contains its time. If that period is closed, the event is late: its quantity is
stored beside the period's other quantities, and billed with the oldest open period. Source: docs/money.md, "Usage".
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Meter, Price
from tallybook.domain.errors import Unavailable
from tallybook.domain.periods import Period, period_of
from tallybook.domain.price_list import PriceList
from tallybook.domain.usage import Event
from tallybook.domain.wallet import MAX_MOVE, debit
from tallybook.services.billing.open_period import open_period
from tallybook.services.billing.pinned import pinned_prices
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period


class ResolvedEvent(NamedTuple):
    """An event with its period, and its meter and price in the catalog version which that period pinned.

    `late_for` is the start of the period whose invoice bills a late event, None for an event that is in time.
    """

    event: Event
    period: Period
    opened: BillingPeriod
    late_for: datetime | None
    meter: Meter
    price: Price
    currency: str


class Unpriced(NamedTuple):
    """The reason why an event has no price."""

    reason: str


class _Terms(NamedTuple):
    opened: BillingPeriod
    prices: PriceList


class EventPeriods:
    """An account's periods, as read from the table; a missing period is opened by the first event in it.

    The account's other periods still resolve if the item or the catalog of one can't be read.
    """

    def __init__(self, ctx: Context, account: Account, stored: Mapping[Key, Item]) -> None:
        self._ctx = ctx
        self._account = account
        self._stored = stored
        self._terms: dict[Key, _Terms | Exception] = {}

    def resolve(self, event: Event) -> ResolvedEvent | Unpriced:
        """Unpriced for an unknown meter or sku. If the wallet pays, also for a fraction of a unit, and for more than
        one ledger entry may move.

        Unavailable if the account changed while the period was opened. Any other error is a defect of stored data.
        """
        period = period_of(self._account.schedule, event.instant)
        opened, prices = self._find_terms(period)
        found = prices.find(event.meter, event.sku)
        if found is None:
            return Unpriced("unknown_sku" if prices.sells(event.meter) else "unknown_meter")
        meter, price = found
        if meter.settles == "wallet" and event.quantity != event.quantity.to_integral_value():
            return Unpriced("data.quantity must be a whole number")
        if meter.settles == "wallet" and debit(price, event.quantity) > MAX_MOVE:
            return Unpriced("data.quantity costs more than 10^15 credits")
        late_for = None if opened.is_open else self._account.closing_cursor.period.start
        return ResolvedEvent(event, period, opened, late_for, meter, price, prices.currency)

    def _find_terms(self, period: Period) -> _Terms:
        """What the period pinned. An error is remembered, so that a thousand events cause it once."""
        key = period_key(self._account.id, period)
        if key not in self._terms:
            try:
                self._terms[key] = self._read_terms(period, self._stored.get(key))
            except Unavailable:
                raise
            except Exception as error:
                self._terms[key] = error
        terms = self._terms[key]
        if isinstance(terms, Exception):
            raise terms
        return terms

    def _read_terms(self, period: Period, item: Item | None) -> _Terms:
        opened = open_period(self._ctx, self._account, period) if item is None else read_billing_period(item)
        return _Terms(opened, pinned_prices(self._ctx, opened))


def period_keys(account: Account, events: Iterable[Event]) -> list[Key]:
    """The keys of the periods of these events, without those that can't be found, which `resolve` reports."""
    found: dict[Key, None] = {}
    for event in events:
        with suppress(Exception):
            found[period_key(account.id, period_of(account.schedule, event.instant))] = None
    return list(found)


def read_event_periods(ctx: Context, account: Account, events: Iterable[Event]) -> EventPeriods:
    """The periods of these events, in one round trip."""
    return EventPeriods(ctx, account, ctx.tables.get_many(period_keys(account, events)))
