"""Credits given or taken by the platform. Source: decisions, "What the documents presume"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.call import Answer, call
from tests.support.house import House, Member


@pytest.fixture
def member(house: House) -> Member:
    return house.member()


@pytest.fixture
def key(house: House) -> str:
    return house.platform_key()


def move(key: str, member: Member, **changes: Any) -> Answer:
    body = {"account_id": member.subject, "amount": 5_000_000, "kind": "grant", "reference": "ticket 7", **changes}
    return call("POST", "/v1/platform/credits", key=key, body=body)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def entries(house: House) -> list[dict[str, Any]]:
    return [item for item in house.stored("core") if item["sk"].startswith("ENTRY#") and item["kind"] != "welcome"]


def test_credits_are_given_once_for_each_reference(house: House, key: str, member: Member) -> None:
    first = expect(move(key, member, note="an apology"), 201, "platform_credits")["data"]
    assert (first["amount"], first["kind"], first["balance"], first["note"]) == (
        5_000_000,
        "grant",
        6_000_000,
        "an apology",
    )
    assert expect(move(key, member, note="an apology"), 201, "platform_credits")["data"] == first
    expect(move(key, member, reference="ticket 8"), 201, "platform_credits")
    assert [entry["cause"] for entry in entries(house)] == ["ticket 7", "ticket 8"]
    assert call("GET", "/auth/me", bearer=member.session).json["user"]["balance"] == 11_000_000


def test_an_adjustment_may_take_the_balance_below_zero(house: House, key: str, member: Member) -> None:
    data = expect(move(key, member, kind="adjustment", amount=-3_000_000), 201, "platform_credits")["data"]
    assert data["balance"] == -2_000_000


@pytest.mark.parametrize("changes", [{"amount": 1}, {"kind": "adjustment"}])
def test_a_reference_stands_for_one_move(house: House, key: str, member: Member, changes: dict[str, Any]) -> None:
    move(key, member)
    assert refusal(move(key, member, **changes)) == (409, "reference_reused")
    assert len(entries(house)) == 1


def test_two_accounts_may_share_a_reference(house: House, key: str, member: Member) -> None:
    assert [move(key, one).status for one in (member, house.member())] == [201, 201]
    assert len(entries(house)) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.0}, "amount"),
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
    house: House, key: str, member: Member, changes: dict[str, Any], field: str
) -> None:
    before = house.stored("core")
    answer = move(key, member, **changes)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith(field)
    assert house.stored("core") == before


def test_credits_go_to_a_suspended_account_and_to_no_deleted_or_unknown_one(
    house: House, key: str, member: Member
) -> None:
    house.change_account(member, status="suspended")
    assert move(key, member).status == 201
    house.change_account(member, status="deleted")
    assert refusal(move(key, member, reference="another")) == (404, "not_found")
    assert refusal(move(key, member, account_id="acc-unknown")) == (404, "not_found")


def test_a_repeated_move_answers_as_before_even_after_the_account_is_deleted(
    house: House, key: str, member: Member
) -> None:
    first = move(key, member).json["data"]
    house.change_account(member, status="deleted")
    assert move(key, member).json["data"] == first
