"""Where an event of an account counts, and at what price.

It counts in the period that holds its time. Where that has been closed it is late: it counts beside it, under the fence
of the oldest period still open, whose invoice will hold it. So it is on the invoice, or a correction on the next.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Meter, Price
from tallybook.domain.periods import Period, period_of
from tallybook.domain.usage import Event
from tallybook.services.billing.open_period import open_period
from tallybook.services.context import Context
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period


class EventPeriods:
    """The account's periods as they were read; one that nobody has opened is opened by the first event of it."""

    def __init__(self, ctx: Context, account: Account, opened: Mapping[Key, BillingPeriod]) -> None:
        self._ctx = ctx
        self._account = account
        self._opened = dict(opened)

    def period_of(self, event: Event) -> Period:
        return period_of(self._account.schedule, event.instant)

    def opened_of(self, event: Event) -> BillingPeriod:
        period = self.period_of(event)
        key = period_key(self._account.id, period)
        if key not in self._opened:
            self._opened[key] = open_period(self._ctx, self._account, period)
        return self._opened[key]

    def late_for(self, event: Event) -> datetime | None:
        """The start of the period whose invoice holds an event that came late; None for one that did not."""
        return None if self.opened_of(event).is_open else self._account.closing_cursor.period.start

    def meter_of(self, event: Event) -> Meter:
        return self._meters(event)[event.meter]

    def price_of(self, event: Event) -> Price:
        price = self.meter_of(event).price(plan=self.opened_of(event).plan, sku=event.sku)
        if price is None:
            raise LookupError(event.meter)
        return price

    def refusal(self, event: Event) -> str | None:
        """Why the catalog that the event's period pinned has no price for it, if so."""
        meter = self._meters(event).get(event.meter)
        if meter is None:
            return "unknown_meter"
        if meter.price(plan=self.opened_of(event).plan, sku=event.sku) is None:
            return "unknown_sku"
        if meter.settles == "wallet" and event.quantity != event.quantity.to_integral_value():
            return "quantity must be a whole number"
        return None

    def _meters(self, event: Event) -> Mapping[str, Meter]:
        return self._ctx.catalogs.version(self.opened_of(event).catalog_version).meters


def read_places(ctx: Context, account: Account, events: Iterable[Event]) -> EventPeriods:
    """With the periods of these events as they stand now."""
    fences = {period_key(account.id, period_of(account.schedule, event.instant)) for event in events}
    return EventPeriods(
        ctx, account, {key: read_billing_period(item) for key, item in ctx.tables.get_many(fences).items()}
    )
