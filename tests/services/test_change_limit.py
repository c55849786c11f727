"""The users of an account make 300 changes a minute; more are 429, except those that end access."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.credentials import Principal
from tallybook.domain.errors import TooManyRequests
from tallybook.services.accounts.operator import suspend_user
from tallybook.services.accounts.profile import change_account
from tallybook.services.accounts.suspension import set_account_status_as_platform
from tallybook.services.accounts.team import delete_user
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.sign_in import login, logout
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Update
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.call import call
from tests.support.invariants import check_invariants
from tests.support.race import race

MOST = 300
PROFILE = "/v1/user-management/account"


def describe(app: App, caller: Principal, number: int) -> None:
    change_account(app.ctx, caller, {"description": f"number {number}"})


def wait(attempt: Callable[[], Any]) -> int:
    with pytest.raises(TooManyRequests) as refused:
        attempt()
    return refused.value.retry_after


def fill(app: App, member: Member, *, up_to: int = MOST) -> Principal:
    """Set the account's changes of this minute, and return its caller."""
    minute = int(app.clock.now().timestamp()) // 60
    counts = {"minute": minute, "recent": up_to}
    app.ctx.tables.write(Update(keys.account(member.account.id), set=counts))
    return authenticate(app.ctx, member.api_key)


def test_the_301st_change_in_a_minute_is_429_until_the_next_minute(app: App) -> None:
    member = app.member()
    for number in range(MOST - 1):  # the account's first change of this minute was its API key
        assert call("PUT", PROFILE, key=member.api_key, body={"description": str(number)}).status == 200
    entries = app.account_of(member).counts.audit_count
    refused = call("PUT", PROFILE, key=member.api_key, body={"description": "one more"})
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    seconds = int(refused.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert app.account_of(member).counts.audit_count == entries
    app.clock.advance(seconds=seconds)
    assert call("PUT", PROFILE, key=member.api_key, body={"description": "one more"}).status == 200
    check_invariants(app)


def test_each_account_has_its_own_limit_for_all_its_users(app: App) -> None:
    member, other = app.member(), app.member()
    colleague = app.colleague(member)
    fill(app, member)
    for caller in (member, colleague):
        assert wait(lambda c=caller: create_api_key(app.ctx, authenticate(app.ctx, c.session), name="ci")) == 4
    assert create_api_key(app.ctx, authenticate(app.ctx, other.session), name="ci")


def test_reading_and_a_change_of_nothing_do_not_count(app: App) -> None:
    caller = fill(app, app.member(), up_to=MOST - 1)
    describe(app, caller, 1)
    assert call("GET", "/auth/me", key=app.member().api_key).status == 200
    assert change_account(app.ctx, reread(app.ctx, caller), {"description": "number 1"})
    assert wait(lambda: describe(app, reread(app.ctx, caller), 2)) == 4


def test_an_account_at_its_limit_can_still_end_access(app: App) -> None:
    member = app.member()
    colleague, leaving = app.colleague(member), app.colleague(member)
    key = list_api_keys(app.ctx, authenticate(app.ctx, colleague.session))[0]
    fill(app, member)
    caller = authenticate(app.ctx, login(app.ctx, email=member.user.email, password=PASSWORD, address=HERE).text)
    revoke_api_key(app.ctx, authenticate(app.ctx, colleague.session), key.id)
    assert change_user(app.ctx, reread(app.ctx, caller), colleague.user.id, {"status": "suspended"})
    delete_user(app.ctx, reread(app.ctx, caller), leaving.user.id)
    logout(app.ctx, reread(app.ctx, caller))
    back = authenticate(app.ctx, member.session)
    assert wait(lambda: change_user(app.ctx, back, colleague.user.id, {"status": "active"})) == 4
    check_invariants(app)


def test_the_platform_and_the_operator_are_not_limited_and_do_not_count(app: App) -> None:
    member, platform = app.member(), app.platform("accounts:admin")
    before = fill(app, member).account.recent
    move = Move(account_id=member.account.id, amount=5, kind="grant", reference="one", note=None)
    give_credits(app.ctx, platform, move)
    set_account_status_as_platform(app.ctx, platform, member.account.id, "suspended", reason="unpaid")
    suspend_user(app.ctx, member.account.id, member.user.id, reason="unpaid")
    assert app.account_of(member).recent == before


def test_counting_takes_no_further_call_and_no_further_unit(app: App) -> None:
    caller = fill(app, app.member(), up_to=0)
    costs = []
    for number in range(3):
        app.meter.clear()
        describe(app, caller, number)
        costs.append((app.meter.calls, app.meter.write_units))
        caller = reread(app.ctx, caller)
    assert costs == [(1, costs[0][1])] * 3


def test_an_account_stored_without_the_count_reads_as_zero_and_counts(app: App) -> None:
    member = app.member()
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("minute", "recent")))
    (item,) = [item for item in app.stored("core") if item["sk"] == "ACCOUNT"]
    assert not {"minute", "recent"} & item.keys()
    assert read_account(item).recent.made == 0
    describe(app, authenticate(app.ctx, member.api_key), 1)
    assert app.account_of(member).recent.made == 1


def test_concurrent_changes_stop_at_the_limit(crowded_app: App) -> None:
    app = crowded_app
    caller = fill(app, app.member(), up_to=MOST - 3)
    answers = race(*[lambda n=number: describe(app, caller, n) for number in range(6)])
    refused = [answer for answer in answers if isinstance(answer, TooManyRequests)]
    assert (answers.count(None), len(refused)) == (3, 3)
    check_invariants(app)
