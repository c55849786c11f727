"""The cost of an account's usage in a range of days, and of each session. Source: ScaleBox billing, "Get Billing
History"; docs/decisions.md, "Billing".

The costs of closed periods are stored by day, so a year of them is one query; a period that is not closed is one more.
The newest 100 sessions that started in the range are listed: one query, and one read for each 100 of their counters.
So the whole history takes about four round trips, for a range of any length.
"""

from collections.abc import Sequence
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import PeriodCosts
from tallybook.domain.history import MAX_SESSIONS, History, Range, SessionCost, history, session_costs
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import period_of
from tallybook.domain.sessions import Session
from tallybook.services.billing.open_costs import read_open_costs
from tallybook.services.context import Context
from tallybook.store.costs import costs_range, read_costs
from tallybook.store.keys import Key
from tallybook.store.sessions import read_session, runs_range
from tallybook.store.usage_counters import quantities_of, session_counters


def read_history(ctx: Context, account: Account, requested: Range) -> History:
    now = ctx.clock.now()
    periods = _read_periods(ctx, account, requested, now=now)
    pk, first, last = runs_range(account.id, requested.first_instant, requested.last_instant)
    rows = ctx.tables.query("core", pk, start=first, end=last, limit=MAX_SESSIONS, newest_first=True)
    sessions = [read_session(row) for row in rows]
    costs = _read_session_costs(ctx, account, sessions, periods, now=now)
    return history(requested, periods, [SessionCost(session, costs[session.id]) for session in sessions])


def _read_periods(ctx: Context, account: Account, requested: Range, *, now: datetime) -> list[PeriodCosts]:
    """The costs of each period in the range: closed periods, ended but unclosed periods, and the current one.

    A period that was closed after the account was read is among the closed ones, and is not read twice.
    """
    pk, first, last = costs_range(account.id, requested.first_instant, requested.last_instant)
    found = [read_costs(item) for item in ctx.tables.query("core", pk, start=first, end=last)]
    closed = {costs.period.start for costs in found}
    period = account.closing_cursor.period
    while period.start <= min(now, requested.last_instant):
        if period.end > requested.first_instant and period.start not in closed:
            found.append(read_open_costs(ctx, account, period, now=now).costs)
        period = period_of(account.schedule, period.end)
    return found


def _read_session_costs(
    ctx: Context, account: Account, sessions: Sequence[Session], periods: Sequence[PeriodCosts], *, now: datetime
) -> dict[str, int]:
    """What each session cost in these periods, in micros, by the session's id."""
    counters_of: dict[tuple[str, int], list[Key]] = {}
    for session in sessions:
        for index, costs in enumerate(periods):
            if costs.period.start <= (session.ended_at or now) and session.started_at < costs.period.end:
                counters = session_counters(account.id, costs.period, session.id, shards=costs.shards)
                counters_of[session.id, index] = counters
    all_counters = (key for counters in counters_of.values() for key in counters)
    found = ctx.tables.get_many(all_counters, consistent=False)
    totals = dict.fromkeys((session.id for session in sessions), 0)
    unit = minor_unit(ctx.catalogs.current().currency)
    for index, costs in enumerate(periods):
        used = {
            session_id: quantities_of(found[key] for key in counters if key in found)
            for (session_id, period_index), counters in counters_of.items()
            if period_index == index
        }
        for session_id, cost in session_costs(costs, used, unit=unit).items():
            totals[session_id] += cost
    return totals
