"""Who may call which route: root users, their colleagues, other accounts, platform keys by scope."""

from collections.abc import Callable

import pytest

from tests.functions.bad_credentials import alter_secret
from tests.functions.refusal import code_of
from tests.functions.route_catalog import PLATFORM_ROUTES, ROOT_ROUTES, USER_ROUTES, VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.app import Member
from tests.support.call import Answer, call
from tests.support.routes import Route

SHARED = {Route("GET", "/v1/billing/invoices/{invoice_id}"): (403, "foreign_invoice")}
"""Routes of what belongs to the account rather than to one user, with the refusal for another account."""

BUDGET_ROUTES = {Route("PUT", "/v1/budgets"), Route("DELETE", "/v1/budgets")}
"""Routes of the account's only budget: another account gets 404, since it has none itself."""

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, code_of(answer)


@each_user_route
def test_a_root_user_may_call_every_user_route(scenario: Scenario, route: Route) -> None:
    for text in (scenario.member.api_key, scenario.member.session):
        assert scenario.request(route, bearer=text).status == VALID_REQUESTS[route].status
        scenario.reset()


@each_user_route
def test_a_colleague_may_not_call_routes_of_root_users(scenario: Scenario, route: Route) -> None:
    theirs = scenario.as_member(scenario.colleague)
    before = scenario.stored()
    for text in (scenario.colleague.session, scenario.colleague.api_key):
        answer = theirs.request(route, bearer=text)
        if route in ROOT_ROUTES:
            assert refusal(answer) == (403, "root_user_required")
        elif "{" in route.path and route not in SHARED:
            assert refusal(answer) == (404, "not_found"), "a colleague must not see the root user's resources"
        else:
            assert answer.status == VALID_REQUESTS[route].status
            scenario.reset()
            continue
        assert scenario.stored(is_no_api_key) == [item for item in before if is_no_api_key(item)]


def is_no_api_key(item: dict[str, object]) -> bool:
    """Whether the item is no API key; the use of keys is noted in them."""
    return not str(item["sk"]).startswith("APIKEY#")


@each_user_route
def test_another_account_cannot_reach_this_accounts_data(scenario: Scenario, route: Route) -> None:
    root = scenario.app.member("far@example.com")
    plain = scenario.app.colleague(root, "away@example.com")

    def is_ours(item: dict[str, object]) -> bool:
        return item["pk"] == f"ACCOUNT#{scenario.member.account.id}"

    before = scenario.stored(is_ours)
    for other in (root, plain):
        answer = scenario.as_member(other).request(route, bearer=other.session)
        if other is plain and route in ROOT_ROUTES:
            assert refusal(answer) == (403, "root_user_required")
        elif "{" in route.path or route in BUDGET_ROUTES:
            assert refusal(answer) == SHARED.get(route, (404, "not_found"))
        else:
            assert answer.status == VALID_REQUESTS[route].status
            assert scenario.member.account.id not in answer.text
        assert scenario.stored(is_ours) == before


@each_platform_route
def test_a_platform_key_without_the_scope_gets_403_naming_it(scenario: Scenario, route: Route) -> None:
    needed = VALID_REQUESTS[route].caller
    others = [scope for scope in ("usage:write", "sessions:write", "accounts:admin") if scope != needed]
    key = scenario.app.platform_key(*others)
    before = scenario.stored()
    answer = scenario.request(route, key=key)
    assert refusal(answer) == (403, "missing_scope")
    assert needed in answer.json["message"]
    assert scenario.stored() == before
    assert scenario.request(route, key=scenario.app.platform_key(needed)).status == VALID_REQUESTS[route].status


@each_user_route
def test_a_suspended_or_disabled_user_is_refused_on_every_route(scenario: Scenario, route: Route) -> None:
    for status in ("suspended", "disabled"):
        scenario.app.change_user(scenario.member, status=status)
        before = scenario.stored()
        for text in (scenario.member.api_key, scenario.member.session):
            assert refusal(scenario.request(route, bearer=text)) == (403, f"user_{status}")
        assert scenario.stored() == before
        answer = scenario.request(route, key=alter_secret(scenario.member.api_key))
        assert answer.status == 401, "a bad credential must not reveal that the user is suspended"


@pytest.mark.parametrize("route", [*USER_ROUTES, *PLATFORM_ROUTES], ids=name_of)
def test_a_suspended_account_still_reads_and_starts_nothing_new(scenario: Scenario, route: Route) -> None:
    scenario.app.change_account(scenario.member, status="suspended")
    before = scenario.stored()
    answer = scenario.request(route, key=scenario.credential(route))
    if VALID_REQUESTS[route].starts:
        assert refusal(answer) == (403, "account_suspended")
        assert scenario.stored() == before
    else:
        assert answer.status == VALID_REQUESTS[route].status


@each_user_route
def test_users_of_a_deleted_account_get_401(scenario: Scenario, route: Route) -> None:
    scenario.app.change_account(scenario.member, status="deleted")
    before = scenario.stored()
    for member in (scenario.member, scenario.colleague):
        for text in (member.api_key, member.session):
            assert refusal(scenario.request(route, bearer=text)) == (401, "unauthorized")
    assert scenario.stored() == before


def test_each_account_reads_only_its_own_data(scenario: Scenario) -> None:
    other = scenario.app.member()
    reads: list[Callable[[Member], Answer]] = [
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
    for read in reads:
        mine, theirs = read(scenario.member), read(other)
        assert other.account.id not in mine.text
        assert other.user.id not in mine.text
        assert scenario.member.user.id not in theirs.text


def test_a_sandbox_session_cannot_be_started_for_another_accounts_user(scenario: Scenario) -> None:
    other = scenario.app.member()
    before = scenario.stored()
    route = Route("POST", "/v1/platform/sessions")
    body = {**VALID_REQUESTS[route].body(scenario), "user_id": other.user_id}
    answer = scenario.request(route, key=scenario.platform_key, body=body)
    assert refusal(answer) == (404, "not_found")
    assert scenario.stored() == before
