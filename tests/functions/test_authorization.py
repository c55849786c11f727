"""Who may call what, on every route there is: root users, their colleagues, other accounts, the platform's scopes."""

from collections.abc import Callable

import pytest

from tests.functions.bad_credentials import altered
from tests.functions.refusal import code_of
from tests.functions.route_catalog import GOOD, PLATFORM_ROUTES, ROOT_ROUTES, USER_ROUTES, name_of
from tests.functions.stage import Stage
from tests.support.app import Member
from tests.support.call import Answer, call
from tests.support.routes import Route

SHARED = {Route("GET", "/v1/billing/invoices/{invoice_id}"): (403, "foreign_invoice")}
"""What belongs to the account rather than to one user, and what another account is told of it."""

ONES_OWN = {Route("PUT", "/v1/budgets"), Route("DELETE", "/v1/budgets")}
"""What is about the one thing that an account has: another account is told that it has none itself."""

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, code_of(answer)


@each_user_route
def test_a_root_user_may_do_what_is_a_users_and_what_is_a_root_users(stage: Stage, route: Route) -> None:
    for text in (stage.member.api_key, stage.member.session):
        assert stage.request(route, bearer=text).status == GOOD[route].status
        stage.again()


@each_user_route
def test_a_colleague_may_do_what_is_a_users_and_is_told_what_is_not(stage: Stage, route: Route) -> None:
    theirs = stage.seen_by(stage.colleague)
    before = stage.stored()
    for text in (stage.colleague.session, stage.colleague.api_key):
        answer = theirs.request(route, bearer=text)
        if route in ROOT_ROUTES:
            assert refusal(answer) == (403, "root_user_required")
        elif "{" in route.path and route not in SHARED:
            assert refusal(answer) == (404, "not_found"), "what is the root user's is nobody's to them"
        else:
            assert answer.status == GOOD[route].status
            stage.again()
            continue
        assert stage.stored(not_a_note) == [item for item in before if not_a_note(item)]


def not_a_note(item: dict[str, object]) -> bool:
    """Whatever is no API key: their use is noted."""
    return not str(item["sk"]).startswith("APIKEY#")


@each_user_route
def test_another_account_gets_at_nothing_of_this_one(stage: Stage, route: Route) -> None:
    root = stage.app.member("far@example.com")
    plain = stage.app.colleague(root, "away@example.com")

    def is_ours(item: dict[str, object]) -> bool:
        return item["pk"] == f"ACCOUNT#{stage.member.account.id}"

    before = stage.stored(is_ours)
    for stranger in (root, plain):
        answer = stage.seen_by(stranger).request(route, bearer=stranger.session)
        if stranger is plain and route in ROOT_ROUTES:
            assert refusal(answer) == (403, "root_user_required")
        elif "{" in route.path or route in ONES_OWN:
            assert refusal(answer) == SHARED.get(route, (404, "not_found"))
        else:
            assert answer.status == GOOD[route].status
            assert stage.member.account.id not in answer.text
        assert stage.stored(is_ours) == before


@each_platform_route
def test_a_platform_key_without_the_scope_is_told_which_it_lacks(stage: Stage, route: Route) -> None:
    needed = GOOD[route].caller
    others = [scope for scope in ("usage:write", "sessions:write", "accounts:admin") if scope != needed]
    key = stage.app.platform_key(*others)
    before = stage.stored()
    answer = stage.request(route, key=key)
    assert refusal(answer) == (403, "missing_scope")
    assert needed in answer.json["message"]
    assert stage.stored() == before
    assert stage.request(route, key=stage.app.platform_key(needed)).status == GOOD[route].status


@each_user_route
def test_a_user_who_may_not_is_refused_on_every_route(stage: Stage, route: Route) -> None:
    for status in ("suspended", "disabled"):
        stage.app.change_user(stage.member, status=status)
        before = stage.stored()
        for text in (stage.member.api_key, stage.member.session):
            assert refusal(stage.request(route, bearer=text)) == (403, f"user_{status}")
        assert stage.stored() == before
        answer = stage.request(route, key=altered(stage.member.api_key))
        assert answer.status == 401, "a stranger learns that the user is suspended"


@pytest.mark.parametrize("route", [*USER_ROUTES, *PLATFORM_ROUTES], ids=name_of)
def test_a_suspended_account_still_reads_and_starts_nothing_new(stage: Stage, route: Route) -> None:
    stage.app.change_account(stage.member, status="suspended")
    before = stage.stored()
    answer = stage.request(route, key=stage.credential(route))
    if GOOD[route].starts:
        assert refusal(answer) == (403, "account_suspended")
        assert stage.stored() == before
    else:
        assert answer.status == GOOD[route].status


@each_user_route
def test_nobody_of_a_deleted_account_comes_in(stage: Stage, route: Route) -> None:
    stage.app.change_account(stage.member, status="deleted")
    before = stage.stored()
    for member in (stage.member, stage.colleague):
        for text in (member.api_key, member.session):
            assert refusal(stage.request(route, bearer=text)) == (401, "unauthorized")
    assert stage.stored() == before


def test_what_one_is_shown_is_ones_own(stage: Stage) -> None:
    other = stage.app.member()
    asked: list[Callable[[Member], Answer]] = [
        lambda member: call("GET", "/auth/me", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/users/me", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/users", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/audit-log", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/account/subscription", key=member.api_key),
        lambda member: call("GET", "/v1/user-management/api-keys", key=member.api_key),
        lambda member: call("POST", "/v1/billing/invoice/generate", key=member.api_key),
        lambda member: call("GET", "/v1/billing/invoices", key=member.api_key),
        lambda member: call("GET", "/v1/billing/periods", key=member.api_key),
        lambda member: call("GET", "/v1/billing/history", key=member.api_key),
        lambda member: call("GET", "/v1/budgets", key=member.api_key),
        lambda member: call("GET", "/v1/budgets/status", key=member.api_key),
        lambda member: call("GET", "/v1/budgets/messages", key=member.api_key),
    ]
    for ask in asked:
        mine, theirs = ask(stage.member), ask(other)
        assert other.account.id not in mine.text
        assert other.user.id not in mine.text
        assert stage.member.user.id not in theirs.text


def test_a_sandbox_session_cannot_be_started_for_another_accounts_user(stage: Stage) -> None:
    other = stage.app.member()
    before = stage.stored()
    route = Route("POST", "/v1/platform/sessions")
    body = {**GOOD[route].body(stage), "user_id": other.user_id}
    answer = stage.request(route, key=stage.platform_key, body=body)
    assert refusal(answer) == (404, "not_found")
    assert stage.stored() == before
