"""What an account's usage cost in a range of days, and what its sessions did. Source: ScaleBox billing, "Get Billing
History"; decisions, "ScaleBox".

Closed periods have their costs day by day, so that a year of them is one query; a period that is not closed yet is one
more. Of the sessions that started in the range the newest 100 are told, each with what it cost in those periods: one
query, and one read for each 100 of their counters. So it takes four round trips or a few more, however long the range.
"""

from collections.abc import Sequence
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import PeriodCosts
from tallybook.domain.history import MAX_SESSIONS, History, Range, SessionCost, history, session_costs
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import period_of
from tallybook.domain.sessions import Session
from tallybook.services.billing.current_bill import read_open_costs
from tallybook.services.context import Context
from tallybook.store.costs import costs_range, read_costs
from tallybook.store.keys import Key
from tallybook.store.sessions import read_session, runs_range
from tallybook.store.usage_counters import quantities_of, session_counters


def read_history(ctx: Context, account: Account, wanted: Range) -> History:
    now = ctx.clock.now()
    periods = _periods(ctx, account, wanted, now=now)
    pk, first, last = runs_range(account.id, wanted.opens, wanted.closes)
    rows = ctx.tables.query("core", pk, start=first, end=last, limit=MAX_SESSIONS, newest_first=True)
    sessions = [read_session(row) for row in rows]
    costs = _costs(ctx, account, sessions, periods, now=now)
    return history(wanted, periods, [SessionCost(session, costs[session.id]) for session in sessions])


def _periods(ctx: Context, account: Account, wanted: Range, *, now: datetime) -> list[PeriodCosts]:
    """Those of the range, each once: the closed ones, the present one, and any that ended a moment ago.

    One may have been closed since the account was read; it is then among the closed ones already.
    """
    pk, first, last = costs_range(account.id, wanted.opens, wanted.closes)
    found = [read_costs(item) for item in ctx.tables.query("core", pk, start=first, end=last)]
    closed = {costs.period.start for costs in found}
    period = account.closing_cursor.period
    while period.start <= min(now, wanted.closes):
        if period.end > wanted.opens and period.start not in closed:
            found.append(read_open_costs(ctx, account, period, now=now).costs)
        period = period_of(account.schedule, period.end)
    return found


def _costs(
    ctx: Context, account: Account, sessions: Sequence[Session], periods: Sequence[PeriodCosts], *, now: datetime
) -> dict[str, int]:
    """What each session cost in these periods, by its id."""
    keys_of: dict[tuple[str, int], list[Key]] = {}
    for session in sessions:
        for index, costs in enumerate(periods):
            if costs.period.start <= (session.ended_at or now) and session.started_at < costs.period.end:
                counters = session_counters(account.id, costs.period, session.id, shards=costs.shards)
                keys_of[session.id, index] = counters
    counters_of_all = (key for counters in keys_of.values() for key in counters)
    found = ctx.tables.get_many(counters_of_all, consistent=False)
    totals = dict.fromkeys((session.id for session in sessions), 0)
    unit = minor_unit(ctx.catalogs.current().currency)
    for index, costs in enumerate(periods):
        used = {
            session_id: quantities_of(found[key] for key in counters if key in found)
            for (session_id, of), counters in keys_of.items()
            if of == index
        }
        for session_id, cost in session_costs(costs, used, unit=unit).items():
            totals[session_id] += cost
    return totals
