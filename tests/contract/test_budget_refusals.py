"""Invalid budgets are refused naming the field and, in a list, the index."""

from typing import Any

import pytest

from tests.contract.budgets import budget, create_budget, post, put, refusal
from tests.support.app import App, Member
from tests.support.call import Answer

AMOUNTS = [0, -1, -0.01, 0.001, 99.999, 10**15 + 1, 10**400, "100", "", True, False, None, [], {}, [100]]
PERCENTS = [0, -1, -0.5, 1000.01, 1001, 50.125, 0.001, 10**400, "50", "", True, False, None, [], {}]
EMAILS = [
    "",
    "finance",
    "@example.com",
    "finance@",
    "finance@example",
    "a b@example.com",
    "a@example.com,b@example.com",
    "a@b@example.com",
    "a@example.com\nBcc: b@example.com",
    "é@example.com",
    "x" * 65 + "@example.com",
    7,
    True,
    None,
    {"email": "a@example.com"},
]


@pytest.fixture
def root(app: App) -> Member:
    return app.member()


def refusal_messages(root: Member, *values: Any, key: str = "alert_thresholds") -> list[str]:
    """The refusal of each value, the same for a new budget and for a change; neither takes effect."""
    reported = []
    created = create_budget(root)
    for value in values:
        answers = (post(root, {"budget_amount": 100, key: value}), put(root, {"limit_type": "hard", key: value}))
        first, second = (_reason(answer, value) for answer in answers)
        assert first == second
        reported.append(first)
    assert budget(root) == created
    return reported


def _reason(answer: Answer, value: Any) -> str:
    assert refusal(answer)[0] == 400, value
    assert len(answer.text) < 500, "the refusal repeats what was sent"
    return str(answer.json["message"])


def test_an_amount_is_a_number_above_0_with_the_currencys_decimals(root: Member) -> None:
    assert all("budget_amount" in reason for reason in refusal_messages(root, *AMOUNTS, key="budget_amount"))


def test_a_wrong_amount_is_refused_with_its_reason(root: Member) -> None:
    assert refusal_messages(root, 0, 0.001, "100", key="budget_amount") == [
        "budget_amount must be above 0 and at most 10^15",
        "budget_amount must have at most 2 decimals",
        "budget_amount: must be a number",
    ]


@pytest.mark.parametrize(("currency", "finest", "too_fine"), [("JPY", 5, 5.5), ("KWD", 5.125, 5.1255)])
def test_each_currency_has_its_own_decimals(
    empty_app: App, monkeypatch: pytest.MonkeyPatch, currency: str, finest: float, too_fine: float
) -> None:
    from tallybook import runtime

    monkeypatch.setattr(runtime, "context", lambda: empty_app.ctx)
    empty_app.apply_catalog(currency=currency)
    root = empty_app.member()
    assert create_budget(root, finest)["budget_amount"] == finest
    assert refusal(put(root, {"budget_amount": too_fine}))[0] == 400


def test_a_budget_needs_an_amount(root: Member) -> None:
    answer = post(root, {"limit_type": "hard"})
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"] == "budget_amount: Field required"


def test_numbers_that_json_does_not_know_are_no_amount(root: Member) -> None:
    create_budget(root)
    for number in (b"NaN", b"Infinity", b"-Infinity", b"1e99999999999999999999"):
        assert refusal(put(root, raw=b'{"budget_amount": %b}' % number))[0] == 400


def test_a_wrong_threshold_is_named_by_its_index(root: Member) -> None:
    objects = [[{"percent": 50}, {"percent": value}] for value in PERCENTS]
    assert all("alert_thresholds.1.percent" in reason for reason in refusal_messages(root, *objects))


def test_a_wrong_bare_number_is_named_by_its_index(root: Member) -> None:
    bare = [[50, value] for value in PERCENTS if not isinstance(value, dict)]
    assert all(reason.startswith("alert_thresholds.1") for reason in refusal_messages(root, *bare))


def test_a_wrong_threshold_is_refused_with_its_reason(root: Member) -> None:
    kind = "must be an object with a percent, or a number"
    rule = "must be above 0 and at most 1000, with at most 2 decimals"
    assert refusal_messages(
        root, [0], [80, 1000.01, 0], [80, 50, 80], [80, "50"], [{"percent": 50, "enabled": "yes"}], [{}]
    ) == [
        f"alert_thresholds.0.percent: 0 {rule}",
        f"alert_thresholds.1.percent: 1000.01 {rule}",
        "alert_thresholds.2.percent: 80 stands there twice",
        f"alert_thresholds.1: {kind}",
        "alert_thresholds.0.enabled: Input should be a valid boolean",
        "alert_thresholds.0.percent: Field required",
    ]
    assert refusal(put(root, {"alert_thresholds": [0]}))[1] == "invalid_thresholds"


def test_two_equal_thresholds_are_refused_in_any_notation(root: Member) -> None:
    twice: list[list[Any]] = [[50, 50.0], [50, {"percent": 50, "enabled": False}], [0.5, {"percent": 0.50}]]
    places = [reason.split(": ")[0] for reason in refusal_messages(root, *twice)]
    assert places == ["alert_thresholds.1.percent"] * 3


def test_enabled_must_be_true_or_false(root: Member) -> None:
    wrong = [[{"percent": 50, "enabled": value}] for value in ("true", 1, 0, None, [])]
    assert all(reason.startswith("alert_thresholds.0.enabled: ") for reason in refusal_messages(root, *wrong))


def test_at_most_twenty_thresholds_are_accepted(root: Member) -> None:
    assert refusal_messages(root, list(range(1, 22))) == ["alert_thresholds has 21; 20 are the most"]


def test_thresholds_must_be_a_list(root: Member) -> None:
    wrong = [50, "50", {}, {"percent": 50, "enabled": True}]
    assert all(reason.startswith("alert_thresholds: ") for reason in refusal_messages(root, *wrong))


def test_a_limit_must_be_soft_or_hard(root: Member) -> None:
    reasons = refusal_messages(root, "Hard", "", "none", None, True, 1, ["hard"], key="limit_type")
    assert set(reasons) == {"limit_type: Input should be 'soft' or 'hard'"}


def test_a_wrong_address_is_named_by_its_index(root: Member) -> None:
    lists = [["finance@example.com", email] for email in EMAILS]
    assert all(
        reason.startswith("notification_emails.1")
        for reason in refusal_messages(root, *lists, key="notification_emails")
    )


def test_addresses_must_be_a_list(root: Member) -> None:
    reasons = refusal_messages(root, "finance@example.com", {}, 7, key="notification_emails")
    assert all(reason.startswith("notification_emails: ") for reason in reasons)


def test_at_most_twenty_addresses_duplicates_counted_once(root: Member) -> None:
    many = [f"finance{number}@example.com" for number in range(21)]
    (reason,) = refusal_messages(root, many, key="notification_emails")
    assert reason == "notification_emails may have at most 20 addresses"
    sent = [*many[:20], many[0].upper()]
    assert put(root, {"notification_emails": sent}).json["data"]["notification_emails"] == many[:20]


def test_is_active_must_be_true_or_false(root: Member) -> None:
    create_budget(root)
    for value in (None, "false", 0, 1, []):
        answer = put(root, {"is_active": value})
        assert refusal(answer)[0] == 400
        assert answer.json["message"].startswith("is_active: ")
    assert budget(root)["is_active"] is True


def test_each_wrong_field_is_named_and_of_a_list_the_first_item(root: Member) -> None:
    body = {"budget_amount": "1", "alert_thresholds": [50, {"percent": "x"}, {"enabled": 1}], "limit_type": "firm"}
    assert post(root, body).json["message"] == (
        "budget_amount: must be a number; alert_thresholds.1.percent: must be a number; "
        "limit_type: Input should be 'soft' or 'hard'"
    )


def test_a_body_full_of_wrong_items_gets_a_short_answer(root: Member) -> None:
    create_budget(root)
    for key, most in (("alert_thresholds", 20), ("notification_emails", 100)):
        answer = put(root, {key: [[]] * most})
        assert refusal(answer) == (400, "invalid_request")
        assert answer.json["message"].startswith(f"{key}.0: ")
        assert len(answer.text) < 500


def test_a_list_with_too_many_items_is_refused_by_their_number(root: Member) -> None:
    create_budget(root)
    answers = [put(root, {key: [[]] * 15_000}) for key in ("alert_thresholds", "notification_emails")]
    assert [(refusal(answer), answer.json["message"]) for answer in answers] == [
        ((400, "invalid_request"), "alert_thresholds has 15000 values; 100 are the most"),
        ((400, "invalid_request"), "notification_emails has 15000 values; 100 are the most"),
    ]


def test_a_body_that_is_no_object_is_refused(root: Member) -> None:
    create_budget(root)
    for body in ([], [50, 80], 100, "100", True):
        for answer in (post(root, body), put(root, body)):
            assert refusal(answer) == (400, "invalid_request")
            assert answer.json["message"] == "The body must be a JSON object"
