"""What holds when a change of an account's email meets others at once, with a fifth of all writes conflicting."""

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
from tests.support.house import HERE, PASSWORD, House
from tests.support.invariants import check_invariants
from tests.support.race import race

OLD, NEW = "root@example.com", "moved@example.com"


def root(house: House) -> Principal:
    return authenticate(house.ctx, house.member(OLD).session, address=HERE)


def asked(house: House, principal: Principal) -> tuple[str, str]:
    """The tokens of both links."""
    house.deliver()
    change = request_email_change(house.ctx, reread(house.ctx, principal), current=OLD, new=NEW)
    tokens = house.email_tokens(change)
    return tokens["current"], tokens["new"]


def confirm(house: House, token: str) -> EmailChange:
    return confirm_email_change(house.ctx, token=token, address=HERE)


def actions(house: House) -> Counter[str]:
    return Counter(entry["action"].rpartition(".")[2] for entry in house.stored("core", "AUDIT#"))


def states(answers: list[Any]) -> list[str]:
    return sorted(answer.state if isinstance(answer, EmailChange) else answer.code for answer in answers)


def test_both_sides_confirmed_at_once_change_it_once(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    old, new = asked(house, principal)
    answers = race(lambda: confirm(house, old), lambda: confirm(house, new))
    assert states(answers) == ["completed", "pending"]
    assert reread(house.ctx, principal).account.email == NEW
    assert (actions(house)["email_change_confirmed"], actions(house)["email_changed"]) == (1, 1)
    check_invariants(house)


def test_each_side_confirmed_by_many_changes_it_once(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    old, new = asked(house, principal)
    first = race(*[lambda: confirm(house, old)] * 5)
    assert states(first) == ["pending"] * 5
    assert states(race(*[lambda: confirm(house, new)] * 5)) == ["completed"] * 5
    assert (actions(house)["email_change_confirmed"], actions(house)["email_changed"]) == (1, 1)
    check_invariants(house)


def test_a_confirmation_and_a_clearing_leave_it_changed_or_cleared(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    old, new = asked(house, principal)
    confirm(house, old)
    answer, cleared = race(
        lambda: confirm(house, new), lambda: clear_email_change(house.ctx, reread(house.ctx, principal))
    )
    assert cleared is None
    change = last_email_change(house.ctx, principal)
    assert change is not None
    if isinstance(answer, Invalid):
        assert (answer.code, change.state) == ("invalid_token", "cleared")
    else:
        assert (answer.state, change.state) == ("completed", "completed")
    assert (reread(house.ctx, principal).account.email == NEW) == (change.state == "completed")
    assert actions(house)["email_changed"] + actions(house)["email_change_cleared"] == 1
    check_invariants(house)


def test_whoever_registers_the_new_address_first_has_it(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    old, new = asked(house, principal)
    confirm(house, old)
    answers = race(lambda: confirm(house, new), lambda: register(house.ctx, email=NEW, password=PASSWORD, address=HERE))
    if isinstance(answers[1], SignedIn):
        assert isinstance(answers[0], Invalid)
        assert answers[0].code == "email_exists"
        assert reread(house.ctx, principal).account.email == OLD
    else:
        assert isinstance(answers[1], Conflict)
        assert answers[0].state == "completed"
        assert reread(house.ctx, principal).account.email == NEW
    check_invariants(house)


def test_of_requests_made_at_once_one_wins_and_the_others_are_too_soon(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    answers = race(
        *[
            lambda n=number: request_email_change(house.ctx, principal, current=OLD, new=f"{n}@example.com")
            for number in range(4)
        ]
    )
    assert sum(isinstance(answer, EmailChange) for answer in answers) == 1
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) == 3
    house.deliver()
    assert len([mail for mail in house.world.mails if "/auth/email/confirm#" in mail.text]) == 2
    check_invariants(house)


def test_who_is_demoted_while_asking_has_asked_before_or_not_at_all(crowded_house: House) -> None:
    house = crowded_house
    owner = house.member(OLD)
    other = house.colleague(owner, "other@example.com", is_root=True)
    principal, boss = (authenticate(house.ctx, member.session) for member in (other, owner))
    answers = race(
        lambda: request_email_change(house.ctx, principal, current=OLD, new=NEW),
        lambda: change_user(house.ctx, boss, other.user.id, {"is_root": False}),
    )
    assert isinstance(answers[0], EmailChange | Forbidden)
    assert (last_email_change(house.ctx, boss) is None) == isinstance(answers[0], Forbidden)
    check_invariants(house)


def test_a_user_deleted_while_their_login_changes_is_gone_and_both_addresses_are_free(crowded_house: House) -> None:
    house = crowded_house
    owner = house.member(OLD)
    boss = authenticate(house.ctx, house.colleague(owner, "boss@example.com", is_root=True).session)
    old, new = asked(house, boss)
    confirm(house, old)
    answers = race(lambda: confirm(house, new), lambda: delete_user(house.ctx, reread(house.ctx, boss), owner.user.id))
    assert (states(answers[:1]), answers[1]) == (["completed"], None)
    assert reread(house.ctx, boss).account.email == NEW
    check_invariants(house)
    for address in (OLD, NEW):
        assert house.member(address)


def test_a_link_confirmed_while_its_mail_goes_again_holds_or_a_newer_one_does(crowded_house: House) -> None:
    house = crowded_house
    principal = root(house)
    house.deliver()
    change = request_email_change(house.ctx, reread(house.ctx, principal), current=OLD, new=NEW)
    early = house.email_tokens(change)["new"]
    answers = race(
        lambda: confirm(house, early),
        *[lambda i=item: deliver(house.ctx, house.world.ways_out(), i) for item in house.waiting()],
    )
    for _ in range(3):
        house.clock.advance(minutes=2)
        house.deliver()
    if isinstance(answers[0], Invalid):
        assert confirm(house, house.world.to(NEW)[-1].token).unconfirmed == (OLD,)
    else:
        assert confirm(house, early).unconfirmed == (OLD,), "its link was not replaced once it had confirmed"
    assert confirm(house, house.world.to(OLD)[-1].token).state == "completed"
    check_invariants(house)
