"""Budget tests: the calls, with each answer compared with its example, and budget checks."""

from typing import Any

from tallybook.services.budgets.check import check_budget
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call

BUDGETS = "/v1/budgets"
STATUS, MESSAGES = f"{BUDGETS}/status", f"{BUDGETS}/messages"
EMPTY_PAGE = {"page": 1, "limit": 20, "total": 0, "total_pages": 0, "offset": 0}
DEFAULT_THRESHOLDS = [{"percent": percent, "enabled": True} for percent in (50, 80, 100)]


def post(member: Member, body: Any) -> Answer:
    return call("POST", BUDGETS, key=member.api_key, body=body)


def put(member: Member, body: Any = None, *, raw: bytes | None = None) -> Answer:
    return call("PUT", BUDGETS, key=member.api_key, body=body, raw=raw)


def delete(member: Member) -> Answer:
    return call("DELETE", BUDGETS, key=member.api_key)


def create_budget(member: Member, amount: float = 100, **terms: Any) -> dict[str, Any]:
    return expect_budget(post(member, {"budget_amount": amount, **terms}), 201)


def update_budget(member: Member, **terms: Any) -> dict[str, Any]:
    return expect_budget(put(member, terms))


def expect_budget(answer: Answer, status: int = 200) -> dict[str, Any]:
    data: dict[str, Any] = expect(answer, status, "budget")["data"]
    return data


def budget(member: Member) -> dict[str, Any]:
    return expect_budget(call("GET", BUDGETS, key=member.api_key))


def status(member: Member) -> dict[str, Any]:
    data: dict[str, Any] = expect(call("GET", STATUS, key=member.api_key), 200, "budget_status")["data"]
    return data


def page(member: Member, query: str = "") -> dict[str, Any]:
    data: dict[str, Any] = expect(call("GET", MESSAGES + query, key=member.api_key), 200, "budget_messages")["data"]
    return data


def messages(member: Member, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = page(member, query)["messages"]
    return rows


def check(app: App, member: Member) -> int:
    """Check the budget as the stream and the sweep do; return how many thresholds alert."""
    return check_budget(app.ctx, member.account.id)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]
