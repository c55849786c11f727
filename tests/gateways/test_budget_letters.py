"""The letter about a budget says what is reached of it, and what happens next."""

import pytest

from tallybook.domain.budget_messages import SUBJECT
from tests.gateways.test_quota_letters import body, read
from tests.gateways.test_templates import letter

STATES = {
    "soft": {"hard": False, "restricted": False, "ended": False},
    "hard": {"hard": True, "restricted": False, "ended": False},
    "used up": {"hard": True, "restricted": True, "ended": False},
    "ended": {"hard": True, "restricted": True, "ended": True},
    "deleted": {"hard": False, "restricted": False, "ended": False, "since": "deleted"},
}
NEXT = {
    "soft": "Nothing is stopped: the budget is not a hard limit. Usage goes on and is billed. The next billing period "
    "begins on 1 May 2026 and is counted from zero.",
    "hard": "The budget is a hard limit: once 100 % of it is used, no new session starts until the next billing period "
    "begins on 1 May 2026, or the budget is raised. Sessions that are running go on, and what they use is billed.",
    "used up": "The budget is a hard limit and is used up: no new session starts until the next billing period begins "
    "on 1 May 2026, or the budget is raised, changed to a soft limit, disabled or deleted. Sessions that are running "
    "go on, and what they use is billed.",
    "ended": "That period has ended. The one that began on 1 May 2026 is counted from zero.",
    "deleted": "The budget has been deleted since then, so it has no effect any more.",
}
CHANGED = "The budget has been changed since then. The following applies to the changed budget."


def test_its_subject_is_the_one_that_the_messages_tell() -> None:
    assert letter("budget_reached").subject == SUBJECT


def test_it_names_the_highest_threshold_and_what_was_used_of_what() -> None:
    text = letter("budget_reached").text
    assert (
        'The account "Engines & Sons" has reached 80 % of its budget for the billing period '
        "1 April 2026 to 30 April 2026.\n"
    ) in text
    assert body(text) == (
        "  - Used: 1,082.50 USD (82.5 %)\n"
        "  - Budget: 1,312.12 USD\n"
        "\n"
        "Reached at the same time: 50 %, 66.67 %\n"
        "\n"
        f"{NEXT['hard']}\n"
        "\n"
        "Root users of the account can see the budget and change it:\n"
        "GET /v1/budgets/status\n"
        "PUT /v1/budgets\n"
    )


@pytest.mark.parametrize("state", STATES)
def test_what_happens_next_is_told_of_each_state_and_of_no_other(state: str) -> None:
    for said in read("budget_reached", **STATES[state]):
        assert [told for told, words in NEXT.items() if words in said] == [state]


@pytest.mark.parametrize("state", ["soft", "hard", "used up"])
def test_a_mail_after_a_quick_change_describes_the_budget_as_it_is(state: str) -> None:
    for said in read("budget_reached", **STATES[state], since="changed"):
        assert said.index(CHANGED) < said.index(NEXT[state])
    for said in read("budget_reached", **STATES[state]):
        assert CHANGED not in said


def test_one_threshold_alone_leaves_no_gap() -> None:
    assert "\n\n\n" not in letter("budget_reached", others=[]).text
    assert "\n\n\n" not in letter("budget_reached").text
    assert "\n\n\n" not in letter("budget_reached", since="changed").text


def test_as_many_thresholds_as_a_budget_may_have_are_all_named() -> None:
    others = [f"{percent}.55 %" for percent in range(980, 999)]
    for said in read("budget_reached", others=others):
        assert ", ".join(others) in said
