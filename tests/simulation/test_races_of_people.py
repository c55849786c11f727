"""Concurrent changes of users, keys and passwords, and concurrent deliveries; a fifth of the writes conflict."""

from collections import Counter
from typing import Any

from tallybook.domain.accounts import MAX_KEYS_OF_USER, User
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Forbidden, Invalid, NotFound, TallybookError
from tallybook.services.accounts.invitations import Invitation, invite_user
from tallybook.services.accounts.team import delete_user, list_users
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import CreatedKey, create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tallybook.services.identity.platform_keys import create_platform_key, list_platform_keys, revoke_platform_key
from tallybook.services.identity.sign_in import login
from tallybook.services.outbox.deliver import deliver
from tests.support.app import HERE, PASSWORD, App
from tests.support.invariants import check_invariants
from tests.support.race import race


def root(app: App) -> Principal:
    return authenticate(app.ctx, app.member("root@example.com").session)


def add_user(app: App, principal: Principal, email: str, *, is_root: bool = False) -> Principal:
    """Invite a user who then sets a password."""
    invite_user(app.ctx, principal, Invitation(email, is_root=is_root))
    app.deliver()
    set_password(app.ctx, token=app.fake_aws.mails_to(email)[-1].token, password=PASSWORD, address=HERE)
    return authenticate(app.ctx, login(app.ctx, email=email, password=PASSWORD, address=HERE).text)


def test_two_root_users_who_demote_each_other_leave_one(crowded_app: App) -> None:
    app = crowded_app
    one = root(app)
    other = add_user(app, one, "other@example.com", is_root=True)
    answers = race(
        lambda: change_user(app.ctx, one, other.user.id, {"is_root": False}),
        lambda: change_user(app.ctx, other, one.user.id, {"is_root": False}),
    )
    assert [type(answer) for answer in answers].count(User) == 1
    assert [answer.code for answer in answers if isinstance(answer, Forbidden)] == ["root_user_required"]
    check_invariants(app)


def test_two_root_users_who_delete_each_other_leave_one(crowded_app: App) -> None:
    app = crowded_app
    one = root(app)
    other = add_user(app, one, "other@example.com", is_root=True)
    answers = race(lambda: delete_user(app.ctx, one, other.user.id), lambda: delete_user(app.ctx, other, one.user.id))
    assert answers.count(None) == 1
    assert len([item for item in app.stored("core") if item["sk"].startswith("EMAIL")]) == 1
    check_invariants(app)


def test_keys_created_concurrently_stop_at_the_limit(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    for _ in range(MAX_KEYS_OF_USER - 3):
        create_api_key(app.ctx, reread(app.ctx, principal), name="early")
    answers = race(*[lambda: create_api_key(app.ctx, principal, name="late")] * 6)
    assert sum(isinstance(answer, CreatedKey) for answer in answers) == 2
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["too_many_keys"] * 4
    check_invariants(app)


def test_a_user_deleted_while_creating_keys_has_no_key_left(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    ada = add_user(app, principal, "ada@example.com")
    answers = race(
        *[lambda: create_api_key(app.ctx, ada, name="one more")] * 4,
        lambda: delete_user(app.ctx, reread(app.ctx, principal), ada.user.id),
    )
    assert answers[4] is None
    assert not [answer for answer in answers[:4] if not isinstance(answer, CreatedKey | TallybookError)]
    assert {key.user_id for key in list_api_keys(app.ctx, principal)} == {principal.user.id}
    check_invariants(app)


def test_no_key_is_left_that_was_made_during_a_reset(crowded_app: App) -> None:
    app = crowded_app
    member = app.member("root@example.com")
    token = app.password_token(member.user, "reset")
    by_session, by_key = (authenticate(app.ctx, text) for text in (member.session, member.api_key))
    answers = race(
        *[lambda: create_api_key(app.ctx, by_session, name="one more")] * 2,
        *[lambda: create_api_key(app.ctx, by_key, name="one more")] * 2,
        lambda: set_password(app.ctx, token=token, password="another horse battery", address=HERE),
    )
    assert answers[4] is None
    assert not [answer for answer in answers[:4] if not isinstance(answer, CreatedKey | TallybookError)]
    assert not [item for item in app.stored("core") if item["sk"].startswith("APIKEY#")]
    check_invariants(app)


def test_no_key_outlives_the_key_that_made_it_as_both_change(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    parent = create_api_key(app.ctx, reread(app.ctx, principal), name="parent")
    by_key = authenticate(app.ctx, parent.text)
    answers = race(
        *[lambda: create_api_key(app.ctx, by_key, name="child")] * 3,
        lambda: revoke_api_key(app.ctx, reread(app.ctx, principal), parent.key.id),
    )
    assert answers[3] is None
    assert not [answer for answer in answers[:3] if not isinstance(answer, CreatedKey | TallybookError)]
    assert [key.name for key in list_api_keys(app.ctx, reread(app.ctx, principal))] == ["test"]
    check_invariants(app)


def test_one_address_invited_by_many_is_one_user(crowded_app: App) -> None:
    app = crowded_app
    principal = root(app)
    answers = race(*[lambda: invite_user(app.ctx, principal, Invitation("ada@example.com"))] * 6)
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["email_exists"] * 5
    assert len(list_users(app.ctx, reread(app.ctx, principal))) == 2
    check_invariants(app)


def test_a_token_used_by_many_at_once_sets_one_password(crowded_app: App) -> None:
    app = crowded_app
    root(app)
    ask_for_reset(app.ctx, email="root@example.com", address=HERE)
    app.deliver()
    (token,) = [mail.token for mail in app.fake_aws.mails_to("root@example.com") if "#pwt_" in mail.text]
    passwords = [f"horse battery {number}" for number in range(5)]
    answers = race(*[lambda p=p: set_password(app.ctx, token=token, password=p, address=HERE) for p in passwords])
    assert answers.count(None) == 1
    assert [answer.code for answer in answers if isinstance(answer, Invalid)] == ["invalid_token"] * 4
    winner = passwords[answers.index(None)]
    assert login(app.ctx, email="root@example.com", password=winner, address=HERE)
    check_invariants(app)


def test_items_delivered_by_many_at_once_are_sent_once(crowded_app: App) -> None:
    app = crowded_app
    for number in range(3):
        app.member(f"owner{number}@example.com")
    waiting = app.waiting()

    def work(shift: int) -> Any:
        mine = waiting[shift:] + waiting[:shift]
        return [deliver(app.ctx, app.fake_aws.channels(), item_id) for item_id in mine]

    outcomes = [outcome for part in race(*[lambda s=s: work(s) for s in range(5)]) for outcome in part]
    for _ in range(3):  # a claim whose answer was lost keeps its item until the lease ends
        app.clock.advance(minutes=2)
        app.deliver()
    assert set(outcomes) <= {"delivered", "not_due"}
    assert app.waiting() == []
    assert sorted(mail.to for mail in app.fake_aws.mails) == [f"owner{number}@example.com" for number in range(3)]
    events = Counter(detail["id"] for detail in app.fake_aws.details)
    assert len(events) == 12
    check_invariants(app)


def test_platform_keys_created_and_revoked_concurrently_are_all_listed(crowded_app: App) -> None:
    app = crowded_app

    def create() -> Any:
        return create_platform_key(app.ctx, name="metal", scopes=["usage:write"])

    first, *others = race(*[create] * 4)
    answers = race(*[lambda: revoke_platform_key(app.ctx, first.key.id)] * 3, create)
    assert len([answer for answer in answers[:3] if isinstance(answer, NotFound)]) == 2
    expected = {made.key.id for made in (*others, answers[3])}
    assert {key.id for key in list_platform_keys(app.ctx)} == expected
    check_invariants(app)
