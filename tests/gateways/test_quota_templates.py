"""The quota mails: a request, its decision, and a reached threshold."""

import pytest

from tests.gateways.rendering import from_first_item, render_sample, render_texts


def test_a_request_mail_shows_requested_and_present_numbers() -> None:
    mail = render_sample("quota_requested")
    assert mail.subject == "A user asks for another quota on Tallybook"
    assert "Ada Lovelace (ada@example.com) asks for another quota" in mail.text
    assert from_first_item(mail.text) == (
        "  - CPU seconds a month: 500,000 (now 200,000)\n"
        "  - GB of template storage: 10 (not limited now)\n"
        "\n"
        "The reason given: Two bills are overdue\n"
        "\n"
        "The request has the id qrq-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10. Until a root user of the account approves or "
        "denies it, nothing changes, and it may be changed or withdrawn.\n"
    )


def test_a_user_without_a_name_is_named_by_address() -> None:
    for text in render_texts("quota_requested", name=None):
        assert "ada@example.com asks for another quota" in text


@pytest.mark.parametrize(
    ("approved", "expected", "absent"),
    [
        (True, ["was approved", "What you may use from now on:", "Everything else stays"], "denied"),
        (False, ["was denied", "What you asked for:", "Your quota stays as it was."], "approved"),
    ],
)
def test_a_decision_is_in_the_subject_and_its_effect_in_the_text(
    approved: bool, expected: list[str], absent: str
) -> None:
    mail = render_sample("quota_reviewed", approved=approved)
    assert expected[0] in mail.subject
    for text in render_texts("quota_reviewed", approved=approved):
        assert all(words in text for words in expected)
        assert absent not in text
        assert "What was said about it: Until the launch" in text


@pytest.mark.parametrize("percent", [80, 100])
def test_a_reached_quota_is_listed_with_its_use_limit_and_effect(percent: int) -> None:
    mail = render_sample("quota_reached", percent=percent)
    assert mail.subject == f"You have used {percent} % of your Tallybook quota"
    assert from_first_item(mail.text) == (
        "  - CPU seconds a month: 100 % reached (500,012.5 of 500,000)\n"
        "  - GB of template storage: 80 % reached (8.75 of 10)\n"
        "\n"
        "Once 100 % of a monthly quota is used, no new session of yours starts until the next billing period begins "
        "on 1 May 2026, or your quota is raised. Sessions that are running go on.\n"
        "\n"
        "Once your templates take more than your quota of storage, no new session of yours starts until some of them "
        "are deleted, or your quota is raised.\n"
        "\n"
        "You can ask for a larger quota; a root user of the account decides.\n"
    )
