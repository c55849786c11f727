"""PUT /v1/platform/accounts/{id}: an account's tax rate and discount. Source: decisions, "ScaleBox"."""

from typing import Any

import pytest

from tests.contract.bills import UNKNOWN, refusal
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    return app.member("ada@example.com")


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key("accounts:admin")


def put(key: str, member: Member, body: Any = None, *, raw: bytes | None = None) -> Answer:
    return call("PUT", f"/v1/platform/accounts/{member.subject}", key=key, body=body, raw=raw)


def terms(answer: Answer) -> tuple[Any, Any]:
    data = expect(answer, 200, "platform_account")["data"]
    return data["tax_rate"], data["discount"]


def test_an_account_has_neither_until_they_are_set(key: str, member: Member) -> None:
    assert expect(put(key, member, {}), 200, "platform_account")["data"] == {
        "account_id": member.subject,
        "status": "active",
        "suspended_at": None,
        "suspension_reason": None,
        "tax_rate": None,
        "discount": 0,
    }


def test_an_unsent_term_stays_and_null_restores_the_catalogs_rate(app: App, key: str, member: Member) -> None:
    assert terms(put(key, member, {"tax_rate": 20})) == (20, 0)
    assert terms(put(key, member, {"discount": 12.5})) == (20, 12.5)
    assert terms(put(key, member, {"tax_rate": 0})) == (0, 12.5)
    assert terms(put(key, member, {"tax_rate": None, "discount": 0})) == (None, 0)
    assert terms(
        call(
            "POST",
            f"/v1/platform/accounts/{member.subject}/resume",
            key=app.platform_key(),
            body={"reason": "as it was"},
        )
    ) == (None, 0)
    check_invariants(app)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("19", "19"),
        ("19.0", "19"),
        ("7.7", "7.7"),
        ("0.0001", "0.0001"),
        ("33.3333", "33.3333"),
        ("1e1", "10"),
        ("0.30000000", "0.3"),
        ("100", "100"),
        ("-0", "0"),
        ("-0.0", "0"),
        ('"19"', "19"),
        ('"7.70"', "7.7"),
        ('"100.0000"', "100"),
        ('"0"', "0"),
    ],
)
def test_a_percentage_is_kept_exactly_as_number_or_text(
    app: App, key: str, member: Member, text: str, kept: str
) -> None:
    answer = put(key, member, raw=f'{{"tax_rate": {text}, "discount": {text}}}'.encode())
    assert terms(answer) == (float(kept), float(kept))
    account = app.account_of(member)
    assert (str(account.billing.tax_rate), str(account.billing.discount)) == (kept, kept)


BAD = [
    *("-1", "-0.0001", "100.0001", "101", "1e3", "1e999999", "0.00001", "33.33333", "1e-5", "true", "[]", "{}"),
    *('"-1"', '"101"', '"1e1"', '"+5"', '"5%"', '""', '" 5"', '"5 "', '"0.00001"', '"NaN"', '"Infinity"', '"1_0"'),
    *('"٥"', '".5"', '"5."', '"0x5"', '"five"'),
]


@pytest.mark.parametrize("field", ["tax_rate", "discount"])
@pytest.mark.parametrize("text", BAD)
def test_a_wrong_percentage_is_400_naming_its_field(app: App, key: str, member: Member, field: str, text: str) -> None:
    other = "discount" if field == "tax_rate" else "tax_rate"
    before = app.stored("core")
    answer = put(key, member, raw=f'{{"{field}": {text}, "{other}": 5}}'.encode())
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"] == f"{field}: must be a percentage from 0 to 100 with at most 4 decimals"
    assert app.stored("core") == before


def test_null_ends_a_discount_and_an_answer_never_shows_null(key: str, member: Member) -> None:
    assert terms(put(key, member, {"discount": 12.5})) == (None, 12.5)
    assert terms(put(key, member, {"discount": None})) == (None, 0)


def test_an_unknown_or_deleted_account_is_404_and_a_malformed_id_400(app: App, key: str, member: Member) -> None:
    app.change_account(member, status="deleted")
    before = app.stored("core")
    for unknown in (UNKNOWN.replace("inv-", "acc-"), "acc-x", member.subject):
        assert refusal(call("PUT", f"/v1/platform/accounts/{unknown}", key=key, body={"discount": 5})) == (
            404,
            "not_found",
        )
    for text in ("acc-", member.user_id, "acc-a_b"):
        answer = call("PUT", f"/v1/platform/accounts/{text}", key=key, body={"discount": 5})
        assert refusal(answer) == (400, "invalid_request")
        assert "account_id" in answer.json["message"]
    assert app.stored("core") == before


def test_a_suspended_account_gets_new_terms_and_stays_suspended(app: App, key: str, member: Member) -> None:
    call("POST", f"/v1/platform/accounts/{member.subject}/suspend", key=key, body={"reason": "unpaid"})
    data = expect(put(key, member, {"discount": 50}), 200, "platform_account")["data"]
    assert (data["status"], data["suspension_reason"], data["discount"]) == ("suspended", "unpaid", 50)


def test_only_an_actual_change_is_audited_and_announced(app: App, key: str, member: Member, fake_aws: FakeAws) -> None:
    fake_aws.sweep()
    fake_aws.entries.clear()
    put(key, member, {"tax_rate": 7.7, "discount": 25})
    fake_aws.sweep()
    put(key, member, {"tax_rate": "7.70"})
    put(key, member, {})
    put(key, member, {"tax_rate": None})
    log = expect(call("GET", "/v1/user-management/audit-log", key=member.api_key), 200, "audit_log")["data"]["entries"]
    reported = [
        (row["action"], row["target_id"], row["before"], row["after"]) for row in log if "terms" in row["action"]
    ]
    action = ("account.terms_set", member.subject)
    assert reported[::-1] == [
        (*action, {"tax_rate": None, "discount": 0}, {"tax_rate": 7.7, "discount": 25}),
        (*action, {"tax_rate": 7.7, "discount": 25}, {"tax_rate": None, "discount": 25}),
    ]
    assert {row["actor"]["type"] for row in log if "terms" in row["action"]} == {"platform"}
    fake_aws.sweep()
    assert fake_aws.events == [
        ("AccountTermsChanged", {"account_id": member.subject, "tax_rate": "7.7", "discount": "25"}),
        ("AccountTermsChanged", {"account_id": member.subject, "tax_rate": None, "discount": "25"}),
    ]


def test_a_change_of_terms_takes_two_round_trips(app: App, key: str, member: Member) -> None:
    put(key, member, {"discount": 4})  # at its first use in a process, the key is read alone
    app.meter.clear()
    put(key, member, {"discount": 5})
    assert app.meter.operations == ["get_many", "transact"]
