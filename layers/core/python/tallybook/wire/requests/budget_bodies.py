"""Request bodies of a budget. Source: ScaleBox budgets; docs/decisions.md, "Budgets"."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, FailFast

from tallybook.domain.budget_terms import check_threshold_count
from tallybook.domain.budgets import DEFAULT_THRESHOLDS, Threshold
from tallybook.wire.requests.bodies import RequestBody, sent_fields

_DOMAIN_NAMES: Mapping[str, str] = {
    "budget_amount": "amount",
    "alert_thresholds": "thresholds",
    "notification_emails": "emails",
}


def _few_thresholds(value: Any) -> Any:
    """Counted before any of them is read."""
    if isinstance(value, list):
        check_threshold_count(len(value))
    return value


def _threshold(value: Any) -> Any:
    """A bare number is an enabled threshold."""
    if isinstance(value, dict):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be an object with a percent, or a number")
    return {"percent": value}


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")
    return Decimal(value)


Number = Annotated[Decimal, BeforeValidator(_number)]


class ThresholdFields(RequestBody):
    percent: Number
    enabled: bool = True


class BudgetRequest(RequestBody):
    """A list is validated up to its first wrong element. Null means what a budget has without the field."""

    budget_amount: Number
    alert_thresholds: (
        Annotated[
            list[Annotated[ThresholdFields, BeforeValidator(_threshold)]], FailFast(), BeforeValidator(_few_thresholds)
        ]
        | None
    ) = None
    limit_type: Literal["soft", "hard"] = "soft"
    notification_emails: Annotated[list[str], FailFast()] | None = None


class BudgetChangeRequest(BudgetRequest):
    """An omitted field keeps its value."""

    budget_amount: Number = Decimal(0)
    is_active: bool = True


def budget_terms(body: BudgetRequest) -> dict[str, Any]:
    """The fields that were sent, by the domain's names."""
    sent = {_DOMAIN_NAMES.get(name, name): value for name, value in sent_fields(body).items()}
    if "thresholds" in sent:
        thresholds = body.alert_thresholds
        sent["thresholds"] = (
            DEFAULT_THRESHOLDS if thresholds is None else [Threshold(one.percent, one.enabled) for one in thresholds]
        )
    if "emails" in sent:
        sent["emails"] = sent["emails"] or ()
    return sent
