"""Invariants of every account's periods: they don't overlap, and each event belongs to one of them."""

from datetime import UTC, datetime, timedelta

from tallybook.domain.periods import LONGEST, period_of
from tallybook.domain.times import parse_instant
from tallybook.domain.usage import MAX_AGE
from tests.support.billing_records import BillingRecords, Item, read_billing_records

_CLOCKS_APART = timedelta(milliseconds=100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_periods(core: list[Item], usage: list[Item], *, now: datetime) -> None:
    for records in read_billing_records(core, usage):
        _periods_are_the_schedules(records, now=now)
        _each_event_belongs_to_one_period(records)


def _periods_are_the_schedules(records: BillingRecords, *, now: datetime) -> None:
    """The schedule still has each opened period that an event sent now may belong to, and each that is not closed."""
    account = records.account
    needed = min(now - MAX_AGE, account.closing_cursor.period.start)
    for start, opened in records.periods.items():
        assert timedelta(0) < opened.period.end - start <= LONGEST
        if opened.period.end > needed:
            assert period_of(account.schedule, max(start, needed)) == opened.period


def _each_event_belongs_to_one_period(records: BillingRecords) -> None:
    """Its marker names the period that contains its time, or its arrival if that is earlier.

    The clocks of two functions may differ a little: an event that was just counted stays in a period that a plan change
    then cuts by a slower clock.
    """
    for marker in records.markers:
        if "t" not in marker:
            continue  # markers of earlier releases have no time
        counted_at = _EPOCH + timedelta(milliseconds=int(min(marker["t"], marker["a"])))
        (owner,) = [opened for opened in records.periods.values() if opened.period.contains(counted_at)]
        named = records.periods[parse_instant(marker["period"])]
        just_cut = named.cut_from is not None and timedelta(0) <= counted_at - named.period.end < _CLOCKS_APART
        assert owner == named or just_cut
