"""What ScaleBox's billing page shows. Source: ScaleBox billing, "Get Current Billing Snapshot"."""

from tallybook.domain.bill import CurrentBilling
from tallybook.domain.fees import Fee
from tallybook.wire.answer import amount, number, seconds


def current(billing: CurrentBilling) -> dict[str, object]:
    bill = billing.bill
    return {
        "current_period": {"start": seconds(bill.period.start), "end": seconds(bill.period.shown_end)},
        "current_cost": amount(bill.cost),
        "projected_cost": amount(bill.projected_cost),
        "active_sessions": billing.active_sessions,
        "completed_sessions": billing.completed_sessions,
        "subscription_fee": {"plan_name": billing.plan.display_name, **fee(billing.fee)},
        "cost_breakdown": [
            {
                "resource_type": share.resource_type,
                "cost": amount(share.cost),
                "percentage": number(share.percentage),
            }
            for share in bill.breakdown
        ],
        "daily_trend": [{"date": f"{day}T00:00:00Z", "cost": amount(cost)} for day, cost in bill.daily_trend],
    }


def fee(fee: Fee) -> dict[str, object]:
    """What the plan costs, what is taken off it for whatever reason, and what remains."""
    return {"standard": amount(fee.standard), "credit": amount(fee.credit), "final": amount(fee.final)}
