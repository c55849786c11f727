"""Billing tests: accounts on a plan with a price, usage of known cost, and calls of the billing endpoints."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.accounts.operator import create_account
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import set_password
from tallybook.services.identity.sign_in import login
from tallybook.services.wallet.credits import Move, give_credits
from tests.contract.examples import expect
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.call import Answer, call

APRIL, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 5, 6))
INVOICES, GENERATE = "/v1/billing/invoices", "/v1/billing/invoice/generate"
PERIODS, HISTORY = "/v1/billing/periods", "/v1/billing/history"
UNKNOWN = "inv-019d0000-0000-7000-8000-000000000000"


def create_pro_member(app: App, *, since: datetime = APRIL) -> Member:
    """An account whose plan costs 20 a month, on its first day; its balance is the welcome credit of 1.00."""
    app.apply_catalog(free_plan="pro")
    app.clock.moment = since
    return app.member()


def create_member_in_zone(app: App, zone: str, *, since: datetime) -> Member:
    """The same in another time zone."""
    app.apply_catalog(free_plan="pro")
    app.clock.moment = since
    account, root = create_account(app.ctx, email="far@example.com", time_zone=zone)
    set_password(app.ctx, token=app.password_token(root), password=PASSWORD, address=HERE)
    signed_in = login(app.ctx, email=root.email, password=PASSWORD, address=HERE)
    key = create_api_key(app.ctx, authenticate(app.ctx, signed_in.text), name="test")
    return Member(account, signed_in.user, signed_in.text, key.text)


LESS_THAN_A_CENT = 5_000
"""Micros: a balance above zero that pays no invoice."""


def grant_credits(app: App, member: Member, units: int) -> None:
    move = Move(member.account.id, units * 1_000_000, "grant", f"grant {units}")
    give_credits(app.ctx, app.platform("accounts:admin"), move)


def use(app: App, member: Member, cost: str, *, time: datetime, **changes: Any) -> None:
    """Record CPU seconds that cost this many currency units; the clock moves forward to `time`."""
    app.clock.moment = max(app.clock.moment, time)
    seconds = (Decimal(cost) / Decimal("0.000014")).quantize(Decimal("1e-9"))
    results = app.record(app.event(member, quantity=str(seconds), time=time, **changes))
    assert [result.status for result in results] == ["accepted"]


def change_terms(app: App, member: Member, **changes: Any) -> None:
    set_terms(app.ctx, member.account.id, changes, actor=OPERATOR)


def close_periods(app: App, *, at: datetime) -> None:
    """Move the clock and run the hourly invoicing."""
    app.clock.moment = at
    app.invoice_due()


def get(member: Member, path: str) -> Answer:
    return call("GET", path, key=member.api_key)


def invoices(member: Member, query: str = "") -> list[dict[str, Any]]:
    data = expect(get(member, INVOICES + query), 200, "billing_invoices")["data"]
    listed: list[dict[str, Any]] = data["invoices"]
    return listed


def newest_invoice(member: Member) -> dict[str, Any]:
    return invoices(member)[0]


def invoice_by_id(member: Member, invoice_id: str) -> dict[str, Any]:
    data: dict[str, Any] = expect(get(member, f"{INVOICES}/{invoice_id}"), 200, "billing_invoice")["data"]
    return data


def create_draft(member: Member) -> dict[str, Any]:
    data: dict[str, Any] = expect(call("POST", GENERATE, key=member.api_key), 200, "billing_invoice")["data"]
    return data


def lines(invoice: dict[str, Any]) -> list[tuple[str, float]]:
    return [(line["type"], line["amount"]) for line in invoice["line_items"]]


def history(member: Member, **query: str) -> dict[str, Any]:
    """The answer's data, compared with the example unless it has empty lists; its sums are checked."""
    answer = get(member, f"{HISTORY}?" + "&".join(f"{name}={quote(value)}" for name, value in query.items()))
    assert answer.status == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    if data["sessions"] and data["breakdown"]:
        expect(answer, 200, "billing_history")
    assert sum(exact(row["cost"]) for row in data["daily_costs"]) == exact(data["total_cost"])
    assert sum(exact(row["cost"]) for row in data["breakdown"]) == exact(data["total_cost"])
    return data


def days(data: dict[str, Any]) -> list[str]:
    return [row["date"] for row in data["daily_costs"]]


def costs_by_day(data: dict[str, Any]) -> dict[str, float]:
    """Date -> cost of the days that have a cost."""
    return {row["date"][:10]: row["cost"] for row in data["daily_costs"] if row["cost"]}


def exact(value: float) -> Decimal:
    """A JSON number with the decimals that it was written with."""
    return Decimal(str(value))


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]
