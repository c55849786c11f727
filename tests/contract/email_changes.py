"""Email change tests: the four calls, and short forms of their answers."""

from typing import Any

from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call

PATH = "/v1/user-management/account"
OWNER, BILLING = "owner@example.com", "billing@example.com"
COMPLETED = {"status": "completed"}


def request_change(text: str, new: Any = BILLING, current: Any = OWNER) -> Answer:
    body = {"current_email": current, "new_email": new}
    return call("POST", f"{PATH}/email-change-request", bearer=text, body=body)


def status(text: str) -> dict[str, Any]:
    answer = call("GET", f"{PATH}/email-change-status", bearer=text)
    pending = answer.json["data"]["has_pending_request"]
    data: dict[str, Any] = expect(answer, 200, "email_change_requested" if pending else "email_change_status")["data"]
    return data


def clear(text: str) -> Answer:
    return call("POST", f"{PATH}/clear-email-change-requests", bearer=text)


def confirm(token: Any, **how: Any) -> Answer:
    return call("POST", f"{PATH}/confirm-email-change", body={"token": token}, **how)


def expect_confirmed(token: str) -> dict[str, Any]:
    data: dict[str, Any] = expect(confirm(token), 200, "email_change_confirmed")["data"]
    return data


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def request_links(app: App, member: Member, new: str = BILLING, current: str = OWNER) -> tuple[str, str]:
    """Request a change; return the tokens mailed to the current and the new address."""
    app.deliver()
    expect(request_change(member.api_key, new, current), 201, "email_change_requested")
    app.deliver()
    old, other = app.fake_aws.mails_to(current)[-1], app.fake_aws.mails_to(new)[-1]
    return old.token, other.token


def account_email(member: Member) -> str:
    """The account's email, as one of its users sees it."""
    email: str = call("GET", "/v1/user-management/users/me", key=member.api_key).json["data"]["user"]["email"]
    return email
