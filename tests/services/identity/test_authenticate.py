"""One round trip says who is calling, and nothing says why somebody is not."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.credentials import PREFIXES, PlatformCaller
from tallybook.domain.errors import Forbidden, TallybookError, Unauthenticated
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, authorize_platform
from tallybook.store import keys
from tests.support.cloud import make_context
from tests.support.faults import Faults, lost_answer, throttle
from tests.support.house import House


def refusal(house: House, text: str) -> tuple[str, str]:
    with pytest.raises(TallybookError) as refused:
        authenticate(house.ctx, text)
    return refused.value.code, refused.value.message


def test_a_key_and_a_session_name_the_same_caller_in_one_round_trip(house: House) -> None:
    member = house.member()
    authenticate(house.ctx, member.api_key)
    for text in (member.api_key, member.session):
        house.ctx.tables.bill.clear()
        caller = authenticate(house.ctx, text)
        assert (caller.user.id, caller.account.id) == (member.user.id, member.account.id)
        assert (house.ctx.tables.bill.calls, house.ctx.tables.bill.read_units) == (1, 3)


def test_every_credential_that_does_not_hold_gets_one_answer(house: House) -> None:
    member = house.member()
    other_secret = member.api_key[:-3] + ("AAA" if not member.api_key.endswith("AAA") else "BBB")
    answers = {
        refusal(house, text)
        for text in (
            other_secret,
            "",
            "sk-",
            "sk-nonsense",
            "sk-" + "A" * 107,
            member.api_key.removeprefix("sk-"),
            member.api_key.replace("sk-", PREFIXES["session"]),
            member.api_key + "A",
            house.platform_key(),
            "sk-" + "é" * 107,
        )
    }
    assert answers == {("unauthorized", "A valid credential is required")}


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_user_who_may_not_is_refused_everywhere_and_told_why(house: House, status: str) -> None:
    member = house.member()
    house.change_user(member, status=status)
    with pytest.raises(Forbidden) as refused:
        authenticate(house.ctx, member.api_key)
    assert refused.value.code == f"user_{status}"


def test_deleted_users_and_accounts_are_strangers_in_the_same_instant(house: House) -> None:
    one, other = house.member(), house.member()
    house.change_user(one, status="deleted")
    house.change_account(other, status="deleted")
    assert refusal(house, one.api_key)[0] == refusal(house, other.session)[0] == "unauthorized"


def test_a_suspended_account_may_still_read_but_gets_no_new_key(house: House) -> None:
    member = house.member()
    house.change_account(member, status="suspended")
    caller = authenticate(house.ctx, member.api_key)
    with pytest.raises(Forbidden) as refused:
        create_api_key(house.ctx, caller, name="another")
    assert refused.value.code == "account_suspended"


def test_the_use_of_a_key_is_noted_once_an_hour(house: House) -> None:
    member = house.member()
    writes = []
    for minutes in (0, 10, 49, 1):
        house.clock.advance(minutes=minutes)
        house.ctx.tables.bill.clear()
        authenticate(house.ctx, member.api_key)
        writes.append(house.ctx.tables.bill.operations.count("update"))
    assert writes == [1, 0, 0, 1]
    caller = authenticate(house.ctx, member.session)
    assert list_api_keys(house.ctx, caller)[0].last_used_at == house.clock.now()


def test_a_revoked_key_is_unknown_at_once(house: House) -> None:
    member = house.member()
    caller = authenticate(house.ctx, member.session)
    revoke_api_key(house.ctx, caller, list_api_keys(house.ctx, caller)[0].id)
    assert refusal(house, member.api_key)[0] == "unauthorized"


def test_a_platform_key_does_what_its_scopes_say_and_reads_along_in_one_round_trip(house: House) -> None:
    principal = house.platform("usage:write")
    house.ctx.tables.bill.clear()
    key, items = authorize_platform(house.ctx, principal, "usage:write")
    assert (key.scopes, items, house.ctx.tables.bill.calls) == (("usage:write",), {}, 1)
    with pytest.raises(Forbidden) as refused:
        authorize_platform(house.ctx, principal, "accounts:admin")
    assert refused.value.code == "missing_scope"
    with pytest.raises(Unauthenticated):
        authorize_platform(house.ctx, PlatformCaller(house.member().api_key), "usage:write")


def test_a_made_up_platform_key_reads_no_more_than_one_batch(house: House) -> None:
    made_up = PlatformCaller(house.platform_key()[:-6] + "AAAAAA")
    wanted = [keys.account(f"A{number}") for number in range(1000)]
    house.ctx.tables.bill.clear()
    with pytest.raises(Unauthenticated):
        authorize_platform(house.ctx, made_up, "usage:write", also=wanted)
    assert (house.ctx.tables.bill.calls, house.ctx.tables.bill.read_units) == (1, 100)


def test_a_note_of_use_that_cannot_be_made_stops_nobody(house: House) -> None:
    member = house.member()

    def throttled(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "update_item":
            raise throttle(operation)
        return call()

    assert authenticate(make_context(house.client, port=throttled, clock=house.clock), member.api_key)


def test_a_revocation_whose_answer_was_lost_is_a_revocation(crowded_house: House) -> None:
    house, member = crowded_house, crowded_house.member()
    caller = authenticate(house.ctx, member.session)
    key_id = list_api_keys(house.ctx, caller)[0].id
    losing = make_context(house.client, port=Faults().fail_nth(2, "after", lost_answer), clock=house.clock)
    revoke_api_key(losing, caller, key_id)
    assert list_api_keys(house.ctx, caller) == []
