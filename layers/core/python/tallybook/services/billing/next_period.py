"""The period that begins when one is closed: what it pins, and what a change of plan carries into it.

Source: docs/money.md, "Periods" and "Plan changes".
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from tallybook.domain.accounts import Account, FeeTerms
from tallybook.domain.billing_period import BillingPeriod, FormerPin
from tallybook.domain.catalog import Catalog
from tallybook.domain.fees import fee_year_from
from tallybook.domain.monthly_use import monthly_use, use_ahead
from tallybook.domain.periods import Period
from tallybook.domain.quotas import MONTHLY
from tallybook.services.billing.bill_period import PeriodBill
from tallybook.services.billing.fee_terms import read_year
from tallybook.services.billing.open_period import new_billing_period
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context
from tallybook.store.accounts import set_fee_year
from tallybook.store.commands import Command, Item
from tallybook.store.periods import open_period, read_billing_period, repin
from tallybook.store.usage_counters import quantities_of


class NextPeriod(NamedTuple):
    """The next period as it is open after the commands, and the account's `fee_year` in it.

    `carries`: the quota fields of which it counts what was used ahead of time in the period that ends.
    """

    opened: BillingPeriod
    fee_year: FeeTerms | None
    carries: frozenset[str]
    commands: tuple[Command, ...]


def prepare_next(
    ctx: Context,
    account: Account,
    bill: PeriodBill,
    *,
    after: Account,
    period: Period,
    catalog: Catalog,
    stored: Item | None,
) -> NextPeriod:
    """The period after the billed one, not written. `after` is the account in it; a new period pins its plan and
    `catalog`. `stored` is its period key if it is open.

    If the plan changes at the instant at which that period starts, it may be open with the old plan: pin the new one,
    and keep what it had pinned, because the new catalog may lack what was counted in it.
    """
    plan_changes = after.plan != account.plan
    opened = new_billing_period(ctx, after, period, catalog=catalog)
    carries: frozenset[str] = frozenset()
    if plan_changes:
        carries, ahead = _carry(ctx, bill, opened)
        opened = replace(opened, ahead=ahead)
    if stored is None:
        commands: tuple[Command, ...] = open_period(after, opened)
    else:
        known = read_billing_period(stored)
        commands = ()
        if plan_changes:
            former = known.former or FormerPin(known.plan, known.catalog_version)
            opened = replace(opened, shards=known.shards, completed_sessions=known.completed_sessions, former=former)
            commands = (repin(account.id, opened),)
        else:
            opened = known
    plan = pinned_plan(ctx, opened)
    fee_year = fee_year_from(after, plan, opened)
    if fee_year is None and plan.billing_interval == "year":  # the account was stored without its year
        fee_year = read_year(ctx, after, plan, opened)
    if fee_year != account.fee_year:
        commands = (*commands, set_fee_year(account, fee_year))
    return NextPeriod(opened, fee_year, carries, commands)


def _carry(ctx: Context, bill: PeriodBill, opened: BillingPeriod) -> tuple[frozenset[str], Mapping[str, Decimal]]:
    """The quota fields that the ending period carries, and how much was used ahead of time.

    The transaction checks that nothing was counted since the bill's `key_items` were read.
    """
    ended = bill.billing_period
    old, new = (pinned_plan(ctx, one).quotas for one in (ended, opened))
    used = monthly_use(quantities_of(bill.key_items))
    return frozenset(MONTHLY.keys() & old), use_ahead(used, ended.carried_use, old=old, new=new, part=ended.part)
