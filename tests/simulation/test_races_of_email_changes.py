"""An email change that races with other calls, with a fifth of all writes conflicting."""

from collections import Counter
from typing import Any

from tallybook.domain.credentials import Principal
from tallybook.domain.email_change import EmailChange
from tallybook.domain.errors import Conflict, Forbidden, Invalid, TooManyRequests
from tallybook.services.accounts.email_change import clear_email_change, last_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.sign_up import register
from tallybook.services.accounts.team import delete_user
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.sign_in import SignedIn
from tallybook.services.outbox.deliver import deliver
from tests.support.app import HERE, PASSWORD, App
from tests.support.invariants import check_invariants
from tests.support.race import race

OLD, NEW = "root@example.com", "moved@example.com"


def root(app: App) -> Principal:
    return authenticate(app.ctx, app.member(OLD).session, address=HERE)


def request_tokens(app: App, principal: Principal) -> tuple[str, str]:
    """Request a change; return the tokens of both links."""
    app.deliver()
    change = request_email_change(app.ctx, reread(app.ctx, principal), current=OLD, new=NEW)
    tokens = app.email_tokens(change)
    return tokens["current"], tokens["new"]


def confirm(app: App, token: str) -> EmailChange:
    return confirm_email_change(app.ctx, token=token, address=HERE)


def actions(app: App) -> Counter[str]:
    return Counter(entry["action"].rpartition(".")[2] for entry in app.stored("core", "AUDIT#"))


def states(answers: list[Any]) -> list[str]:
    return sorted(answer.state if isinstance(answer, EmailChange) else answer.code for answer in answers)


def test_both_sides_confirmed_at_once_change_it_once(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    old, new = request_tokens(app, principal)
    answers = race(lambda: confirm(app, old), lambda: confirm(app, new))
    assert states(answers) == ["completed", "pending"]
    assert reread(app.ctx, principal).account.email == NEW
    assert (actions(app)["email_change_confirmed"], actions(app)["email_changed"]) == (1, 1)
    check_invariants(app)


def test_each_side_confirmed_by_many_changes_it_once(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    old, new = request_tokens(app, principal)
    first = race(*[lambda: confirm(app, old)] * 5)
    assert states(first) == ["pending"] * 5
    assert states(race(*[lambda: confirm(app, new)] * 5)) == ["completed"] * 5
    assert (actions(app)["email_change_confirmed"], actions(app)["email_changed"]) == (1, 1)
    check_invariants(app)


def test_a_confirmation_and_a_clearing_leave_it_changed_or_cleared(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    old, new = request_tokens(app, principal)
    confirm(app, old)
    answer, cleared = race(lambda: confirm(app, new), lambda: clear_email_change(app.ctx, reread(app.ctx, principal)))
    assert cleared is None
    change = last_email_change(app.ctx, principal)
    assert change is not None
    if isinstance(answer, Invalid):
        assert (answer.code, change.state) == ("invalid_token", "cleared")
    else:
        assert (answer.state, change.state) == ("completed", "completed")
    assert (reread(app.ctx, principal).account.email == NEW) == (change.state == "completed")
    assert actions(app)["email_changed"] + actions(app)["email_change_cleared"] == 1
    check_invariants(app)


def test_a_registration_and_an_email_change_race_for_one_address(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    old, new = request_tokens(app, principal)
    confirm(app, old)
    answers = race(lambda: confirm(app, new), lambda: register(app.ctx, email=NEW, password=PASSWORD, address=HERE))
    if isinstance(answers[1], SignedIn):
        assert isinstance(answers[0], Invalid)
        assert answers[0].code == "email_exists"
        assert reread(app.ctx, principal).account.email == OLD
    else:
        assert isinstance(answers[1], Conflict)
        assert answers[0].state == "completed"
        assert reread(app.ctx, principal).account.email == NEW
    check_invariants(app)


def test_of_concurrent_requests_one_wins_and_the_others_are_too_soon(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    answers = race(
        *[
            lambda n=number: request_email_change(app.ctx, principal, current=OLD, new=f"{n}@example.com")
            for number in range(4)
        ]
    )
    assert sum(isinstance(answer, EmailChange) for answer in answers) == 1
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) == 3
    app.deliver()
    assert len([mail for mail in app.fake_aws.mails if "/auth/email/confirm#" in mail.text]) == 2
    check_invariants(app)


def test_a_user_demoted_during_a_request_requested_before_or_not(crowded_app: App) -> None:
    app = crowded_app
    owner = app.member(OLD)
    other = app.colleague(owner, "other@example.com", is_root=True)
    principal, boss = (authenticate(app.ctx, member.session) for member in (other, owner))
    answers = race(
        lambda: request_email_change(app.ctx, principal, current=OLD, new=NEW),
        lambda: change_user(app.ctx, boss, other.user.id, {"is_root": False}),
    )
    assert isinstance(answers[0], EmailChange | Forbidden)
    assert (last_email_change(app.ctx, boss) is None) == isinstance(answers[0], Forbidden)
    check_invariants(app)


def test_a_user_deleted_during_a_login_change_frees_both_addresses(crowded_app: App) -> None:
    app = crowded_app
    owner = app.member(OLD)
    boss = authenticate(app.ctx, app.colleague(owner, "boss@example.com", is_root=True).session)
    old, new = request_tokens(app, boss)
    confirm(app, old)
    answers = race(lambda: confirm(app, new), lambda: delete_user(app.ctx, reread(app.ctx, boss), owner.user.id))
    assert (states(answers[:1]), answers[1]) == (["completed"], None)
    assert reread(app.ctx, boss).account.email == NEW
    check_invariants(app)
    for address in (OLD, NEW):
        assert app.member(address)


def test_a_link_confirmed_during_its_mails_retry_leaves_one_valid_link(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    app.deliver()
    change = request_email_change(app.ctx, reread(app.ctx, principal), current=OLD, new=NEW)
    early = app.email_tokens(change)["new"]
    answers = race(
        lambda: confirm(app, early),
        *[lambda i=item: deliver(app.ctx, app.fake_aws.channels(), i) for item in app.waiting()],
    )
    for _ in range(3):
        app.clock.advance(minutes=2)
        app.deliver()
    if isinstance(answers[0], Invalid):
        assert confirm(app, app.fake_aws.mails_to(NEW)[-1].token).unconfirmed == (OLD,)
    else:
        assert confirm(app, early).unconfirmed == (OLD,), "a confirmed side's link must not be replaced"
    assert confirm(app, app.fake_aws.mails_to(OLD)[-1].token).state == "completed"
    check_invariants(app)
