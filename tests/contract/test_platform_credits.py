"""Credits given or taken by the platform. Source: decisions, "What the documents presume"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key()


def move(key: str, member: Member, **changes: Any) -> Answer:
    body = {"account_id": member.subject, "amount": 5_000_000, "kind": "grant", "reference": "ticket 7", **changes}
    return call("POST", "/v1/platform/credits", key=key, body=body)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def entries(app: App) -> list[dict[str, Any]]:
    return [item for item in app.stored("core") if item["sk"].startswith("ENTRY#") and item["kind"] != "welcome"]


def test_credits_are_given_once_for_each_reference(app: App, key: str, member: Member) -> None:
    first = expect(move(key, member, note="an apology"), 201, "platform_credits")["data"]
    assert (first["amount"], first["kind"], first["balance"], first["note"]) == (
        5_000_000,
        "grant",
        6_000_000,
        "an apology",
    )
    assert expect(move(key, member, note="an apology"), 201, "platform_credits")["data"] == first
    expect(move(key, member, reference="ticket 8"), 201, "platform_credits")
    assert [entry["cause"] for entry in entries(app)] == ["ticket 7", "ticket 8"]
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == 11_000_000


def test_an_adjustment_may_take_the_balance_below_zero(app: App, key: str, member: Member) -> None:
    data = expect(move(key, member, kind="adjustment", amount=-3_000_000), 201, "platform_credits")["data"]
    assert data["balance"] == -2_000_000


@pytest.mark.parametrize("changes", [{"amount": 1}, {"kind": "adjustment"}])
def test_a_reference_belongs_to_one_move(app: App, key: str, member: Member, changes: dict[str, Any]) -> None:
    move(key, member)
    assert refusal(move(key, member, **changes)) == (409, "reference_reused")
    assert len(entries(app)) == 1


def test_two_accounts_may_share_a_reference(app: App, key: str, member: Member) -> None:
    assert [move(key, one).status for one in (member, app.member())] == [201, 201]
    assert len(entries(app)) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": "5"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": 10**15 + 1}, "amount"),
        ({"amount": -(10**15) - 1, "kind": "adjustment"}, "amount"),
        ({"kind": "purchase"}, "kind"),
        ({"kind": None}, "kind"),
        ({"reference": ""}, "reference"),
        ({"reference": "x" * 257}, "reference"),
        ({"note": "x" * 1001}, "note"),
        ({"account_id": "acc-"}, "account_id"),
        ({"account_id": 1}, "account_id"),
    ],
)
def test_a_move_that_cannot_be_made_names_the_field(
    app: App, key: str, member: Member, changes: dict[str, Any], field: str
) -> None:
    before = app.stored("core")
    answer = move(key, member, **changes)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith(field)
    assert app.stored("core") == before


def test_a_suspended_account_gets_credits_a_deleted_one_does_not(app: App, key: str, member: Member) -> None:
    app.change_account(member, status="suspended")
    assert move(key, member).status == 201
    app.change_account(member, status="deleted")
    assert refusal(move(key, member, reference="another")) == (404, "not_found")
    assert refusal(move(key, member, account_id="acc-unknown")) == (404, "not_found")


def test_a_repeated_move_answers_as_before_even_after_the_account_is_deleted(
    app: App, key: str, member: Member
) -> None:
    first = move(key, member).json["data"]
    app.change_account(member, status="deleted")
    assert move(key, member).json["data"] == first
