"""The account's budget, its status, forecast and messages; for its root users. Source: docs/money.md, "Budgets"."""

from functools import partial

from tallybook.domain.accounts import require_root
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budget_status import BudgetStatus, Forecast, forecast
from tallybook.domain.credentials import Principal
from tallybook.domain.periods import period_of
from tallybook.services.budgets.spending import read_spending
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.budgets import read_budget, read_message


def budget_status(ctx: Context, principal: Principal) -> BudgetStatus | None:
    """One round trip; None without a budget."""
    require_root(principal.user)
    key, account = keys.budget(principal.account.id), principal.account
    spending, items = read_spending(ctx, account, [period_of(account.schedule, ctx.clock.now())], also=[key])
    return BudgetStatus(read_budget(items[key]), spending[0]) if key in items else None


def budget_forecast(ctx: Context, status: BudgetStatus) -> Forecast:
    return forecast(status, currency=ctx.catalogs.current().currency, now=ctx.clock.now())


def list_messages(ctx: Context, principal: Principal, *, offset: int, limit: int) -> tuple[list[BudgetMessage], int]:
    """The current budget's messages, newest first, without the newest `offset` and at most `limit`; and their total."""
    require_root(principal.user)
    account, counts = principal.account, principal.account.counts
    key_of = partial(keys.budget_message, account.id)
    items = ctx.tables.query_numbered(
        key_of, newest=counts.message_count - offset, limit=limit, after=counts.archived_message_count
    )
    return [read_message(item) for item in items], counts.message_count - counts.archived_message_count
