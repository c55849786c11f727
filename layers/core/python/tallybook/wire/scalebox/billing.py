"""ScaleBox's billing page: the current period, the list of periods, and the history of costs.

Source: ScaleBox billing; docs/decisions.md, "ScaleBox".
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tallybook.domain.bill import BillingOverview, CostShare, CurrentBilling
from tallybook.domain.fees import Fee
from tallybook.domain.history import History, SessionCost
from tallybook.domain.ids import INVOICE, USER
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period
from tallybook.wire.response import amount, number, seconds, seconds_or_none


def present_current_bill(billing: CurrentBilling) -> dict[str, object]:
    bill = billing.bill
    return {
        "current_period": {"start": seconds(bill.period.start), "end": seconds(bill.period.display_end)},
        "current_cost": amount(bill.cost),
        "projected_cost": amount(bill.projected_cost),
        "active_sessions": billing.active_sessions,
        "completed_sessions": billing.completed_sessions,
        "subscription_fee": {"plan_name": billing.plan.display_name, **present_fee(billing.fee)},
        "cost_breakdown": _breakdown(bill.breakdown),
        "daily_trend": _days(bill.daily_trend),
    }


def present_periods(billing: BillingOverview) -> dict[str, object]:
    """The current period, then the invoiced ones, newest first."""
    return {"periods": [_live(billing.current, billing.draft), *map(_invoiced, billing.invoices)]}


def present_history(history: History, *, at: datetime) -> dict[str, object]:
    """`at` is now; the duration of a running session ends there."""
    return {
        "period": {"start": seconds(history.range.start), "end": seconds(history.range.end)},
        "total_cost": amount(history.total),
        "sessions": [_session(one, at=at) for one in history.sessions],
        "breakdown": _breakdown(history.breakdown),
        "daily_costs": _days(history.daily_costs),
    }


def _live(billing: CurrentBilling, draft: Invoice | None) -> dict[str, object]:
    """`total` is the fee plus the usage so far, without tax and carried credit, which only the draft includes."""
    bill, fee = billing.bill, billing.fee
    return {
        "period_id": "current",
        **_dates(bill.period),
        "plan": billing.plan.display_name,
        "is_current": True,
        "type": "current_period",
        "subscription_fee": present_fee(fee),
        "usage_cost": {"accumulated": amount(bill.cost), "projected": amount(bill.projected_cost)},
        "total": amount(fee.final + bill.cost),
        "status": "pending",
        "invoice_generated": draft is not None,
        "invoice_id": INVOICE + draft.id if draft else None,
    }


def _invoiced(invoice: Invoice) -> dict[str, object]:
    """`usage_cost` is the period's usage only; `total` also has fees, credits and tax."""
    used = amount(invoice.sum_of("usage"))
    return {
        "period_id": INVOICE + invoice.id,
        **_dates(invoice.period),
        "plan": invoice.plan_name,
        "is_current": False,
        "type": "invoice",
        "subscription_fee": present_fee(invoice.fee),
        "usage_cost": {"accumulated": used, "projected": used},
        "total": amount(invoice.total),
        "status": invoice.status,
        "invoice_generated": True,
        "invoice_id": INVOICE + invoice.id,
    }


def _session(cost: SessionCost, *, at: datetime) -> dict[str, object]:
    session = cost.session
    return {
        "session_id": session.id,
        "user_id": USER + session.user_id,
        "started_at": seconds(session.started_at),
        "ended_at": seconds_or_none(session.ended_at),
        "duration_seconds": ((session.ended_at or at) - session.started_at) // timedelta(seconds=1),
        "cost": amount(cost.cost),
        "status": session.status,
    }


def _dates(period: Period) -> dict[str, object]:
    """Dates in the account's time zone; the end is the last day."""
    return {"period_start": period.first_day.isoformat(), "period_end": period.last_day.isoformat()}


def present_fee(fee: Fee) -> dict[str, object]:
    """The plan's price, the sum of all reductions, and what remains to pay."""
    return {"standard": amount(fee.standard), "credit": amount(fee.credit), "final": amount(fee.final)}


def _breakdown(shares: Iterable[CostShare]) -> list[dict[str, object]]:
    return [
        {"resource_type": share.resource_type, "cost": amount(share.cost), "percentage": number(share.percentage)}
        for share in shares
    ]


def _days(costs: Iterable[tuple[str, int]]) -> list[dict[str, object]]:
    return [{"date": f"{day}T00:00:00Z", "cost": amount(cost)} for day, cost in costs]
