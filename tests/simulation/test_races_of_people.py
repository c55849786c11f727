"""What holds when people and deliveries do it at once, with a fifth of all writes conflicting."""

from collections import Counter
from typing import Any

from tallybook.domain.accounts import MAX_KEYS_OF_USER, User
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Forbidden, Invalid, TallybookError
from tallybook.services.accounts.team import Invitation, delete_user, invite_user, list_users
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import CreatedKey, create_api_key, list_api_keys
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tallybook.services.identity.sign_in import login
from tallybook.services.outbox.deliver import deliver
from tests.support.house import HERE, PASSWORD, House
from tests.support.invariants import check_invariants
from tests.support.race import race


def root(house: House) -> Principal:
    return authenticate(house.ctx, house.member("root@example.com").session)


def joined(house: House, principal: Principal, email: str, *, is_root: bool = False) -> Principal:
    """A user who was invited and has set a password."""
    invite_user(house.ctx, principal, Invitation(email, is_root=is_root))
    house.deliver()
    set_password(house.ctx, token=house.world.to(email)[-1].token, password=PASSWORD, address=HERE)
    return authenticate(house.ctx, login(house.ctx, email=email, password=PASSWORD, address=HERE).text)


def test_two_root_users_who_take_the_root_from_each_other_leave_one(crowded_house: House) -> None:
    house = crowded_house
    one = root(house)
    other = joined(house, one, "other@example.com", is_root=True)
    answers = race(
        lambda: change_user(house.ctx, one, other.user.id, {"is_root": False}),
        lambda: change_user(house.ctx, other, one.user.id, {"is_root": False}),
    )
    assert [type(answer) for answer in answers].count(User) == 1
    assert [answer.code for answer in answers if isinstance(answer, Forbidden)] == ["root_user_required"]
    check_invariants(house)


def test_two_root_users_who_delete_each_other_leave_one(crowded_house: House) -> None:
    house = crowded_house
    one = root(house)
    other = joined(house, one, "other@example.com", is_root=True)
    answers = race(
        lambda: delete_user(house.ctx, one, other.user.id), lambda: delete_user(house.ctx, other, one.user.id)
    )
    assert answers.count(None) == 1
    assert len([item for item in house.stored("core") if item["sk"].startswith("EMAIL")]) == 1
    check_invariants(house)


def test_keys_made_at_once_stop_at_the_limit(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    for _ in range(MAX_KEYS_OF_USER - 3):
        create_api_key(house.ctx, reread(house.ctx, principal), name="early")
    answers = race(*[lambda: create_api_key(house.ctx, principal, name="late")] * 6)
    assert sum(isinstance(answer, CreatedKey) for answer in answers) == 2
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["too_many_keys"] * 4
    check_invariants(house)


def test_a_user_deleted_while_they_make_keys_has_none_left(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    ada = joined(house, principal, "ada@example.com")
    answers = race(
        *[lambda: create_api_key(house.ctx, ada, name="one more")] * 4,
        lambda: delete_user(house.ctx, reread(house.ctx, principal), ada.user.id),
    )
    assert answers[4] is None
    assert not [answer for answer in answers[:4] if not isinstance(answer, CreatedKey | TallybookError)]
    assert {key.user_id for key in list_api_keys(house.ctx, principal)} == {principal.user.id}
    check_invariants(house)


def test_one_address_invited_by_many_is_one_user(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    answers = race(*[lambda: invite_user(house.ctx, principal, Invitation("ada@example.com"))] * 6)
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["email_exists"] * 5
    assert len(list_users(house.ctx, reread(house.ctx, principal))) == 2
    check_invariants(house)


def test_a_token_used_by_many_at_once_sets_one_password(crowded_house: House) -> None:
    house = crowded_house
    root(house)
    ask_for_reset(house.ctx, email="root@example.com", address=HERE)
    house.deliver()
    (token,) = [mail.token for mail in house.world.to("root@example.com") if "#pwt_" in mail.text]
    passwords = [f"horse battery {number}" for number in range(5)]
    answers = race(*[lambda p=p: set_password(house.ctx, token=token, password=p, address=HERE) for p in passwords])
    assert answers.count(None) == 1
    assert [answer.code for answer in answers if isinstance(answer, Invalid)] == ["invalid_token"] * 4
    winner = passwords[answers.index(None)]
    assert login(house.ctx, email="root@example.com", password=winner, address=HERE)
    check_invariants(house)


def test_what_many_deliver_at_once_leaves_once(crowded_house: House) -> None:
    house = crowded_house
    for number in range(3):
        house.member(f"owner{number}@example.com")
    waiting = house.waiting()

    def work(shift: int) -> Any:
        mine = waiting[shift:] + waiting[:shift]
        return [deliver(house.ctx, house.world.ways_out(), item_id) for item_id in mine]

    outcomes = [outcome for part in race(*[lambda s=s: work(s) for s in range(5)]) for outcome in part]
    for _ in range(3):  # a claim whose answer was lost keeps its item until the lease ends
        house.clock.advance(minutes=2)
        house.deliver()
    assert set(outcomes) <= {"delivered", "not_due"}
    assert house.waiting() == []
    assert sorted(mail.to for mail in house.world.mails) == [f"owner{number}@example.com" for number in range(3)]
    events = Counter(detail["id"] for detail in house.world.details)
    assert len(events) == 12
    check_invariants(house)
