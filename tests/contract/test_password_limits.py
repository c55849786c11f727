"""Rate limits of resets, links and the current password, by network address and by account email."""

import pytest

from tallybook.domain.limits import Limits
from tests.contract.passwords import ADA, change, confirm, login, refusal
from tests.support.app import App, Member
from tests.support.call import Answer, call


@pytest.fixture
def ada(app: App) -> Member:
    return app.member(ADA)


@pytest.fixture(autouse=True)
def limits(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate limits of production, which other tests don't have."""
    from tallybook import runtime

    app.reshape(limits=Limits())
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)


def test_resets_are_three_an_hour_for_an_email_and_from_an_address(app: App, ada: Member) -> None:

    def reset(email: str, address: str) -> Answer:
        return call("POST", "/auth/password/reset", body={"email": email}, address=address)

    assert [reset(ADA, f"203.0.113.{n}").status for n in range(4)] == [202, 202, 202, 429]
    app.clock.advance(hours=1)
    answers = [reset(f"user{n}@example.com", "203.0.113.7") for n in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    assert refusal(answers[-1]) == (429, "too_many_requests")
    assert answers[-1].headers["retry-after"] == str(25 * 60 + 4), "until the next full hour"
    assert reset("user5@example.com", "203.0.113.8").status == 202


def test_a_network_address_may_try_five_tokens_a_minute(app: App, ada: Member) -> None:
    assert [confirm("pwt_guess").status for _ in range(6)] == [400] * 5 + [429]
    refused = confirm(app.password_token(ada.user, "reset"))
    assert (refusal(refused), refused.headers["retry-after"]) == ((429, "too_many_requests"), "4")
    app.clock.advance(seconds=4)
    assert confirm(app.password_token(ada.user, "reset")).status == 200


def test_attempts_at_the_current_password_do_not_count_as_logins(app: App, ada: Member) -> None:
    tries = [change(ada.session, current="wrong horse battery").status for _ in range(6)]
    assert tries == [400] * 5 + [429]
    refused = change(ada.session)
    assert (refusal(refused), refused.headers["retry-after"]) == ((429, "too_many_requests"), "4")
    assert login().status == 200


def test_logins_do_not_count_as_attempts_at_the_current_password(app: App, ada: Member) -> None:
    assert [login("wrong horse battery").status for _ in range(6)] == [401] * 5 + [429]
    assert change(ada.session).status == 200
