"""The mail of a budget's alert: its recipients and its context."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.accounts import Account
from tallybook.domain.budget_messages import SUBJECT, alert_messages
from tallybook.domain.budgets import Budget, Spending, Threshold, ThresholdAlert
from tallybook.domain.outbox import Mail, MessagesRef
from tallybook.domain.periods import Period
from tallybook.gateways.templates import TEMPLATES, render
from tallybook.services.budgets.alert_mail import alert_mail
from tests.store.samples import ACCOUNT

UNIT = 1_000_000
START, END = datetime(2026, 3, 31, 18, 30, tzinfo=UTC), datetime(2026, 4, 30, 18, 30, tzinfo=UTC)
PERIOD = Period(START, END, "Asia/Kolkata")
NOW = START + timedelta(days=9)
BUDGET = Budget(2, ACCOUNT.id, 100 * UNIT, created_at=START, updated_at=START)
OWNER = replace(ACCOUNT, email="ada@example.com", display_name="Engines & Sons")


def mail(
    *percents: str,
    used: int = 82_500_000,
    currency: str = "USD",
    now: datetime = NOW,
    account: Account = OWNER,
    is_deleted: bool = False,
    changes: Mapping[str, Any] | None = None,
    **terms: Any,
) -> Mail:
    """The mail of thresholds that alert together, as the account's messages from number 8 on.

    Afterwards the budget is the same, has these `changes`, or is deleted.
    """
    thresholds = tuple(Threshold(Decimal(percent)) for percent in percents or ("80",))
    reached = ThresholdAlert(replace(BUDGET, **terms), thresholds, Spending(PERIOD, used))
    messages = alert_messages(reached, first=8, now=now)
    after = None if is_deleted else replace(reached.budget, **(changes or {}))
    return alert_mail(account, messages, reached, after=after, currency=currency, now=now)


def test_it_goes_once_to_the_account_and_each_named_address() -> None:
    assert mail().to == ("ada@example.com",)
    named = ("cfo@example.com", "Ada@example.com", "CFO@example.com", "ops@example.com")
    assert mail(emails=named).to == ("ada@example.com", "cfo@example.com", "ops@example.com")


def test_it_refers_to_the_messages_that_share_it() -> None:
    assert mail("50", "80", "100").subject_ref == MessagesRef(ACCOUNT.id, 8, 10)
    assert mail().subject_ref == MessagesRef(ACCOUNT.id, 8, 8)


def test_it_names_the_highest_threshold_and_the_others_apart() -> None:
    context = mail("50", "66.67", "1000").context
    assert (context["threshold"], context["others"]) == ("1,000 %", ["50 %", "66.67 %"])
    assert (mail("100").context["threshold"], mail("100").context["others"]) == ("100 %", [])


def test_its_days_are_in_the_accounts_time_zone() -> None:
    context = mail().context
    assert (context["period"], context["next_period"]) == ("1 April 2026 to 30 April 2026", "1 May 2026")


@pytest.mark.parametrize(
    ("currency", "used", "amount", "expected"),
    [
        ("USD", 1_082_500_000, 1_312_120_000, ["1,082.50 USD", "1,312.12 USD", "82.5 %"]),
        ("JPY", 66_666 * UNIT, 100_000 * UNIT, ["66,666 JPY", "100,000 JPY", "66.66 %"]),
        ("KWD", 1_999_000, 2_000_000, ["1.999 KWD", "2.000 KWD", "99.95 %"]),
        ("USD", 2_000_000_000, 10_000, ["2,000.00 USD", "0.01 USD", "20,000,000 %"]),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    currency: str, used: int, amount: int, expected: list[str]
) -> None:
    context = mail(currency=currency, used=used, amount=amount).context
    assert [context["used"], context["budget"], context["percent_used"]] == expected


def test_its_context_follows_restriction_and_period_end() -> None:
    def states(mail_: Mail) -> list[bool]:
        return [mail_.context[name] for name in ("hard", "restricted", "ended")]

    assert states(mail()) == [False, False, False]
    assert states(mail(limit_type="hard")) == [True, False, False]
    assert states(mail("120", limit_type="hard", restricted=True)) == [True, True, False]
    assert states(mail(now=END - timedelta(milliseconds=1))) == [False, False, False]
    assert states(mail(now=END)) == [False, False, True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (True, True, None)),
        ({"version": 9, "due": END}, (True, True, None)),
        ({"amount": 200 * UNIT, "restricted": False}, (True, False, "changed")),
        ({"limit_type": "soft", "restricted": False}, (False, False, "changed")),
        ({"is_active": False, "restricted": False}, (False, False, "changed")),
    ],
)
def test_it_describes_the_budget_after_the_change(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    context = mail("100", used=100 * UNIT, limit_type="hard", restricted=True, changes=changes).context
    assert (context["hard"], context["restricted"], context["since"]) == expected
    assert context["budget"] == "100.00 USD"


def test_a_budget_deleted_by_the_change_has_no_consequence() -> None:
    context = mail("100", used=100 * UNIT, limit_type="hard", restricted=True, is_deleted=True).context
    assert (context["hard"], context["restricted"], context["since"]) == (False, False, "deleted")


@pytest.mark.parametrize("name", [None, "Engines & Sons"])
def test_it_names_the_account_by_name_or_address(name: str | None) -> None:
    mail_ = mail(account=replace(OWNER, display_name=name))
    assert mail_.context.keys() == set(TEMPLATES[mail_.template])
    rendered = render(mail_.template, mail_.context, brand="Tallybook", page_url="https://api.example.com")
    assert rendered.subject == f"{SUBJECT}: 80 % ({name or 'ada@example.com'})"
    assert f'The account "{name or "ada@example.com"}" has reached 80 %' in rendered.text
