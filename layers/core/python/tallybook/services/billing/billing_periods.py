"""An account's billing periods: the current one, and those with an invoice. Source: ScaleBox billing, "Get Unified
Billing Periods".
"""

from tallybook.domain.accounts import Account
from tallybook.domain.bill import BillingOverview
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.invoices import read_invoices
from tallybook.services.context import Context

MAX_INVOICES = 120
"""Ten years of months. Older invoices are in the list of invoices, which has pages."""


def read_billing_periods(ctx: Context, account: Account) -> BillingOverview:
    current = read_current_bill(ctx, account)
    invoices = read_invoices(ctx, account, offset=0, limit=MAX_INVOICES)
    drafts = [one for one in invoices if one.status == "draft" and one.period.start == current.bill.period.start]
    issued = [one for one in invoices if one.status not in ("draft", "void")]
    newest_first = sorted(issued, key=lambda invoice: invoice.period.start, reverse=True)
    return BillingOverview(current, drafts[0] if drafts else None, tuple(newest_first))
