"""Mails to users who have used 80 or 100 percent of an allocation. Source: docs/money.md, "Quotas".

A user gets one mail in a period for each percentage of an allocation; where a check sees several at once, the mail is
about the highest. Only the current period is checked: a limit of an ended one restricts nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from tallybook.domain.accounts import Account
from tallybook.domain.audit import QUOTAS
from tallybook.domain.events.quotas import quota_reached
from tallybook.domain.ids import ALLOCATION, USER
from tallybook.domain.periods import Period
from tallybook.domain.quotas import GAUGE, MONTHLY, Allocation, Use, newly_reached
from tallybook.domain.times import stamp
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.services.quotas.allocations import all_allocations
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.services.quotas.mails import reached_mail
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.quotas import read_allocation, set_notified

_USERS_A_READ = 30
_MAILS_A_TRANSACTION = 20


@dataclass(frozen=True, slots=True)
class QuotaAlert:
    """An allocation before and after its user is notified, the percentages by field, and the use of those fields."""

    before: Allocation
    after: Allocation
    period: Period
    percents: Mapping[str, int]
    uses: tuple[Use, ...]


def alert_users(ctx: Context, account: Account) -> int:
    """Write the mails that are due to the account's users; returns how many users get one."""
    notified = 0
    active = [allocation for allocation in all_allocations(ctx, account.id) if allocation.status == "active"]
    for allocations in batched(active, _USERS_A_READ, strict=False):
        for alerts in batched(_find_alerts(ctx, account, allocations), _MAILS_A_TRANSACTION, strict=False):
            notified += _notify(ctx, account, alerts)
    return notified


def _find_alerts(ctx: Context, account: Account, allocations: Sequence[Allocation]) -> list[QuotaAlert]:
    quotas = {allocation.user_id: allocation.quota for allocation in allocations}
    use = read_quota_use(ctx, account, quotas, now=ctx.clock.now())
    return [alert for allocation in allocations if (alert := _alert_of(allocation, use))]


def _alert_of(allocation: Allocation, use: QuotaUse) -> QuotaAlert | None:
    start, used = stamp(use.period.start), use.users[allocation.user_id]
    uses = [Use(name, used[name], allocation.quota.get(name)) for name in (*MONTHLY, GAUGE)]
    notified = allocation.notified.get(start, {})
    percents = newly_reached(uses, notified)
    if not percents:
        return None
    after = replace(allocation, notified={start: {**notified, **percents}})
    return QuotaAlert(allocation, after, use.period, percents, tuple(one for one in uses if one.field in percents))


def _notify(ctx: Context, account: Account, alerts: Sequence[QuotaAlert]) -> int:
    """Write the alerts in one transaction; after a conflict, check all of their allocations again."""
    allocation_keys = [keys.allocation(account.id, alert.before.id) for alert in alerts]
    user_keys = [keys.user(account.id, alert.before.user_id) for alert in alerts]

    def reload() -> tuple[Account, list[QuotaAlert]]:
        account_now = find_account(ctx, account.id)
        allocations = [read_allocation(item) for item in ctx.tables.get_many(allocation_keys).values()]
        return account_now, _find_alerts(ctx, account_now, [one for one in allocations if one.status == "active"])

    def write(state: tuple[Account, Sequence[QuotaAlert]]) -> int:
        account, alerts = state
        if not alerts:
            return 0
        users = ctx.tables.get_many(user_keys)
        changes = [_change(account, alert, users[keys.user(account.id, alert.before.user_id)]) for alert in alerts]
        updates = [set_notified(alert.before, alert.after) for alert in alerts]
        ctx.tables.transact([*updates, *record(account, *changes, at=ctx.clock.now())])
        return len(alerts)

    return retry_on_conflict(ctx, write, (account, alerts), reload=reload)


def _change(account: Account, alert: QuotaAlert, user: Item) -> Change:
    return Change(
        QUOTAS,
        "quota_allocation.reached",
        ALLOCATION + alert.before.id,
        after={"user_id": USER + alert.before.user_id, **alert.percents},
        mails=(reached_mail(account, user["email"], alert.uses, alert.period),),
        events=tuple(quota_reached(alert.before, use, period_start=alert.period.start) for use in alert.uses),
    )
