"""The letters about quotas say who asks for what, what became of it, and what is used up."""

from typing import Any

import pytest

from tests.gateways.test_templates import letter, one_line
from tests.support.markup import Markup


def read(kind: str, **facts: Any) -> tuple[str, str]:
    """What stands in the text and in the HTML, in one line each."""
    made = letter(kind, **facts)
    return one_line(made.text), one_line(Markup(made.html).text)


def body(text: str) -> str:
    """From the first item that is listed to the line above the footer."""
    return text[text.index("  - ") : text.index("\n--")]


def test_a_request_mail_shows_requested_and_present_numbers() -> None:
    made = letter("quota_requested")
    assert made.subject == "A user asks for another quota on Tallybook"
    assert "Ada Lovelace (ada@example.com) asks for another quota" in made.text
    assert body(made.text) == (
        "  - CPU seconds a month: 500,000 (now 200,000)\n"
        "  - GB of template storage: 10 (not limited now)\n"
        "\n"
        "The reason given: Two bills are overdue\n"
        "\n"
        "Until a root user of the account decides, nothing changes. "
        'To decide, send {"action": "approve"} or {"action": "deny"} with one of your API keys:\n'
        "POST /v1/user-management/quota-requests/qrq-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10/review\n"
        "\n"
        "The request may be changed or withdrawn until then. To see its present state:\n"
        "GET /v1/user-management/quota-requests?status=pending\n"
    )


def test_a_user_without_a_name_asks_by_their_address() -> None:
    for said in read("quota_requested", name=None):
        assert "ada@example.com asks for another quota" in said


@pytest.mark.parametrize(
    ("approved", "said", "unsaid"),
    [
        (True, ["was approved", "What you may use from now on:", "Everything else stays"], "denied"),
        (False, ["was denied", "What you asked for:", "Your quota stays as it was."], "approved"),
    ],
)
def test_a_decision_is_told_in_the_subject_and_with_what_it_means(approved: bool, said: list[str], unsaid: str) -> None:
    made = letter("quota_reviewed", approved=approved)
    assert said[0] in made.subject
    for text in read("quota_reviewed", approved=approved):
        assert all(words in text for words in said)
        assert unsaid not in text
        assert "What was said about it: Until the launch" in text


@pytest.mark.parametrize("percent", [80, 100])
def test_what_is_reached_is_told_with_used_and_limit_and_what_follows(percent: int) -> None:
    made = letter("quota_reached", percent=percent)
    assert made.subject == f"You have used {percent} % of your Tallybook quota"
    assert body(made.text) == (
        "  - CPU seconds a month: 100 % reached (500,012.5 of 500,000)\n"
        "  - GB of template storage: 80 % reached (8.75 of 10)\n"
        "\n"
        "Once 100 % of a monthly quota is used, no new session of yours starts until the next billing period begins "
        "on 1 May 2026, or your quota is raised. Sessions that are running go on.\n"
        "\n"
        "Once your templates take more than your quota of storage, no new session of yours starts until some of them "
        "are deleted, or your quota is raised.\n"
        "\n"
        "You can ask for a larger quota:\n"
        "POST /v1/usage/quota-requests\n"
    )
