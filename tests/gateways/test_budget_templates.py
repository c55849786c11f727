"""The budget mail: what was reached, and what happens next."""

import pytest

from tallybook.domain.budget_messages import SUBJECT
from tests.gateways.rendering import from_first_item, render_sample, render_texts

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


def test_its_subject_begins_as_in_the_messages_and_names_threshold_and_account() -> None:
    assert render_sample("budget_reached").subject == f"{SUBJECT}: 80 % (Engines & Sons)"
    assert render_sample("budget_reached", account="x" * 400).subject.startswith(f"{SUBJECT}: 80 % (xxx")


def test_it_names_the_highest_threshold_the_use_and_the_budget() -> None:
    text = render_sample("budget_reached").text
    assert (
        'The account "Engines & Sons" has reached 80 % of its budget for the billing period '
        "1 April 2026 to 30 April 2026.\n"
    ) in text
    assert from_first_item(text) == (
        "  - Used: 1,082.50 USD (82.5 %)\n"
        "  - Budget: 1,312.12 USD\n"
        "\n"
        "Reached at the same time: 50 %, 66.67 %\n"
        "\n"
        f"{NEXT['hard']}\n"
        "\n"
        "Root users of the account can see the budget and change it.\n"
    )


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_own_consequence_and_no_other(state: str) -> None:
    for text in render_texts("budget_reached", **STATES[state]):
        assert [name for name, words in NEXT.items() if words in text] == [state]


@pytest.mark.parametrize("state", ["soft", "hard", "used up"])
def test_a_mail_after_a_change_describes_the_changed_budget(state: str) -> None:
    for text in render_texts("budget_reached", **STATES[state], since="changed"):
        assert text.index(CHANGED) < text.index(NEXT[state])
    for text in render_texts("budget_reached", **STATES[state]):
        assert CHANGED not in text


def test_a_single_threshold_leaves_no_blank_gap() -> None:
    assert "\n\n\n" not in render_sample("budget_reached", others=[]).text
    assert "\n\n\n" not in render_sample("budget_reached").text
    assert "\n\n\n" not in render_sample("budget_reached", since="changed").text


def test_all_thresholds_of_a_budget_with_the_most_are_named() -> None:
    others = [f"{percent}.55 %" for percent in range(980, 999)]
    for text in render_texts("budget_reached", others=others):
        assert ", ".join(others) in text
