"""Requests with one idempotency key, at once or after a crash, make one change and get one answer."""

from typing import Any

from tallybook.services.identity.api_keys import list_api_keys
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.subscription import list_plan_changes
from tests.simulation.conftest import Sweep
from tests.simulation.invoicing_crashes import subscriber
from tests.simulation.keyed_calls import create_key, invite, start, to_hobby
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.race import race

CALLERS = 6


def named_ci(app: App, member: Member) -> list[str]:
    keys = list_api_keys(app.ctx, authenticate(app.ctx, member.session))
    return [key.id for key in keys if key.name == "ci"]


def paying(app: App) -> Member:
    """A member on the plan pro, 5 hours into a period."""
    member = subscriber(app)
    app.clock.advance(hours=5)
    return member


def test_a_key_whose_creation_crashed_is_created_once(sweep: Sweep) -> None:
    def check(app: App, member: Member, answer: Any) -> None:
        assert named_ci(app, member) == [authenticate(app.ctx, answer.body).credential.id]
        assert answer == create_key(app, member)

    assert sweep(App.member, create_key, check) == 2  # the caller with the answer, the transaction


def test_an_invitation_that_crashed_is_sent_once(sweep: Sweep) -> None:
    def check(app: App, member: Member, answer: Any) -> None:
        assert answer == invite(app, member)
        app.deliver()
        assert len(app.fake_aws.mails_to("joan@example.com")) == 1

    assert sweep(App.member, invite, check) == 3  # the caller with the answer, the attempts, the transaction


def test_a_session_whose_start_crashed_starts_once(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, str]:
        return app.member(), app.platform_key()

    def act(app: App, known: tuple[Member, str]) -> Any:
        return start(app, *known)

    def check(app: App, known: tuple[Member, str], answer: Any) -> None:
        assert answer == act(app, known)
        assert [item["id"] for item in app.stored("core", "SESSION")] == [answer.body]
        assert app.account_of(known[0]).counts.running_count == 1

    assert sweep(prepare, act, check) == 4


def test_a_plan_whose_change_crashed_is_changed_once(sweep: Sweep) -> None:
    def check(app: App, member: Member, answer: Any) -> None:
        (change,) = list_plan_changes(app.ctx, authenticate(app.ctx, member.session), offset=0, limit=9)
        assert answer.body == change.id
        assert answer == to_hobby(app, member)

    assert sweep(paying, to_hobby, check) == 5  # the caller with the answer, catalog, usage, items, transaction


def test_of_many_keys_at_once_one_is_created_and_all_get_its_secret(crowded_app: App) -> None:
    app = crowded_app
    member = app.member()
    answers = race(*[lambda: create_key(app, member)] * CALLERS)
    assert len({answer.body for answer in answers}) == 1, answers
    assert named_ci(app, member) == [authenticate(app.ctx, answers[0].body).credential.id]
    check_invariants(app)


def test_of_many_invitations_at_once_one_is_sent_and_none_is_refused(crowded_app: App) -> None:
    app = crowded_app
    member = app.member()
    answers = race(*[lambda: invite(app, member)] * CALLERS)
    assert len({answer.body for answer in answers}) == 1, answers
    check_invariants(app)


def test_of_many_session_starts_at_once_one_starts(crowded_app: App) -> None:
    app = crowded_app
    member, key = app.member(), app.platform_key()
    answers = race(*[lambda: start(app, member, key)] * CALLERS)
    assert len({answer.body for answer in answers}) == 1, answers
    assert app.account_of(member).counts.running_count == 1
    check_invariants(app)


def test_of_many_changes_of_plan_at_once_one_is_made(crowded_app: App) -> None:
    app = crowded_app
    member = paying(app)
    before = app.account_of(member).counts.plan_change_count
    answers = race(*[lambda: to_hobby(app, member)] * CALLERS)
    assert len({answer.body for answer in answers}) == 1, answers
    assert app.account_of(member).counts.plan_change_count == before + 1
    check_invariants(app)
