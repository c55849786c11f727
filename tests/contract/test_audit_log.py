"""GET /v1/user-management/audit-log: actor, action, target, address, and values before and after."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import PASSWORD, App, Member
from tests.support.call import Answer, call
from tests.support.invariants import check_invariants

PATH = "/v1/user-management/audit-log"
USERS, KEYS = "/v1/user-management/users", "/v1/user-management/api-keys"


@pytest.fixture
def root(app: App) -> Member:
    return app.member("root@example.com")


def data(root: Member, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = expect(call("GET", PATH + query, key=root.api_key), 200, "audit_log")["data"]
    return answer


def entries(root: Member, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data(root, query)["entries"]
    return found


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def test_the_log_is_newest_first_and_starts_with_the_registration(app: App, root: Member) -> None:
    newest, oldest = entries(root)
    assert (oldest["number"], oldest["action"], oldest["target_id"]) == (1, "account.registered", root.subject)
    assert oldest["actor"] == {"type": "user", "id": root.user_id, "user_id": root.user_id}
    assert oldest["before"] == {}
    assert oldest["after"] == {"email": "r***@example.com", "plan_name": "hobby", "balance": 1_000_000}
    assert (newest["number"], newest["action"]) == (2, "api_key.created")
    assert newest["created_at"] == "2026-04-20T12:34:56Z"


def test_an_entry_has_the_changed_fields_before_and_after(app: App, root: Member) -> None:
    joan = app.colleague(root, "joan@example.com")
    app.clock.advance(minutes=5)
    body = {"status": "suspended", "suspension_reason": "on leave"}
    call("PUT", f"{USERS}/{joan.user_id}", bearer=root.session, body=body, address="198.51.100.9")
    entry = entries(root)[0]
    assert (entry["action"], entry["target_id"]) == ("user.suspended", joan.user_id)
    assert (entry["ip_address"], entry["created_at"]) == ("198.51.100.9", "2026-04-20T12:39:56Z")
    assert (entry["before"]["status"], entry["before"]["suspension_reason"]) == ("active", None)
    assert (entry["after"]["status"], entry["after"]["suspension_reason"]) == ("suspended", "on leave")


def test_the_actor_is_the_user_the_key_or_the_platform(app: App, root: Member) -> None:
    key_id = call("GET", KEYS, bearer=root.session).json["data"]["api_keys"][0]["api_key_id"]
    call("POST", KEYS, bearer=root.session, body={"name": "by session"})
    call("POST", KEYS, key=root.api_key, body={"name": "by key"})
    suspended = f"/v1/platform/accounts/{root.subject}/suspend"
    call("POST", suspended, key=app.platform_key(), body={"reason": "unpaid"}, address="198.51.100.9")
    platform, by_key, by_session = entries(root, "?limit=3")
    assert by_session["actor"] == {"type": "user", "id": root.user_id, "user_id": root.user_id}
    assert by_key["actor"] == {"type": "api_key", "id": key_id, "user_id": root.user_id}
    assert (platform["actor"]["type"], platform["actor"]["user_id"]) == ("platform", None)
    assert platform["actor"]["id"].startswith("plk-")
    assert (platform["ip_address"], platform["action"]) == ("198.51.100.9", "account.suspended")
    assert platform["before"] == {"status": "active", "reason": None}
    assert platform["after"] == {"status": "suspended", "reason": "unpaid"}


def test_every_change_by_every_route_is_in_the_log_once(app: App, root: Member) -> None:
    platform = app.platform_key()
    joan = call("POST", USERS, key=root.api_key, body={"email": "joan@example.com"}).json["data"]["user"]["user_id"]
    call("POST", f"{USERS}/{joan}/invitation", key=root.api_key)
    call("PUT", f"{USERS}/{joan}", key=root.api_key, body={"display_name": "Joan"})
    call("PUT", f"{USERS}/{joan}", key=root.api_key, body={"status": "disabled"})
    call("PUT", f"{USERS}/{joan}", key=root.api_key, body={"status": "active"})
    call("DELETE", f"{USERS}/{joan}", key=root.api_key)
    key_id = call("POST", KEYS, key=root.api_key, body={"name": "ci"}).json["data"]["api_key_id"]
    call("DELETE", f"{KEYS}/{key_id}", key=root.api_key)
    new = {"current_password": PASSWORD, "password": "another horse battery"}
    call("POST", "/auth/password", key=root.api_key, body=new)
    signed = {"email": "root@example.com", "password": "another horse battery"}
    call("POST", "/auth/logout", bearer=call("POST", "/auth/login", body=signed).json["session_token"])
    size = {"cpu_cores": 1, "memory_gb": 1, "storage_gb": 1, "timeout_seconds": 60, "session_id": "run-1"}
    run = {"account_id": root.subject, "user_id": root.user_id, **size}
    call("POST", "/v1/platform/sessions", key=platform, body=run)
    call("POST", "/v1/platform/sessions/run-1/end", key=platform)
    credit = {"account_id": root.subject, "amount": 1, "kind": "grant", "reference": "one"}
    call("POST", "/v1/platform/credits", key=platform, body=credit)
    call("POST", "/v1/platform/credits", key=platform, body=credit)
    for verb in ("suspend", "resume"):
        call("POST", f"/v1/platform/accounts/{root.subject}/{verb}", key=platform, body={"reason": "a walk"})
    assert [entry["action"] for entry in reversed(entries(root))] == [
        "account.registered",
        "api_key.created",
        "user.invited",
        "user.invited_again",
        "user.changed",
        "user.disabled",
        "user.resumed",
        "user.deleted",
        "api_key.created",
        "api_key.revoked",
        "user.password_changed",
        "user.signed_in",
        "user.signed_out",
        "wallet.moved",
        "account.suspended",
        "account.resumed",
    ]
    check_invariants(app)


def test_a_refusal_or_a_change_of_nothing_leaves_no_entry(app: App, root: Member) -> None:
    before = entries(root)
    call("PUT", f"{USERS}/{root.user_id}", key=root.api_key, body={})
    call("PUT", f"{USERS}/{root.user_id}", key=root.api_key, body={"status": "disabled"})
    call("POST", USERS, key=root.api_key, body={"email": "root@example.com"})
    call("POST", "/auth/login", body={"email": "root@example.com", "password": "wrong horse battery"})
    assert entries(root) == before


def test_a_password_is_masked_and_no_secret_is_in_the_log(app: App, root: Member) -> None:
    new = {"current_password": PASSWORD, "password": "another horse battery"}
    call("POST", "/auth/password", bearer=root.session, body=new)
    reset = {"token": app.password_token(root.user, "reset"), "end_api_keys": False}
    call("POST", "/auth/password/confirm", body={**reset, **new})
    answer = call("GET", PATH, key=root.api_key)
    assert [(entry["before"], entry["after"]) for entry in answer.json["data"]["entries"][:2]] == [
        ({"password": "***"}, {"password": "***"})
    ] * 2
    for secret in ("$2b$", "horse battery", "pwt_", "sess_", "sk-", "pk-"):
        assert secret not in answer.text


def test_a_first_password_has_null_before(app: App, root: Member) -> None:
    user = app.invite(root)
    call("POST", "/auth/password/confirm", body={"token": app.password_token(user), "password": PASSWORD})
    entry = entries(root)[0]
    assert (entry["action"], entry["before"], entry["after"]) == (
        "user.joined",
        {"password": None},
        {"password": "***"},
    )


def test_root_users_read_only_their_own_accounts_log(app: App, root: Member) -> None:
    colleague, other_member = app.colleague(root), app.member()
    assert refusal(call("GET", PATH, key=colleague.api_key)) == (403, "root_user_required")
    assert {entry["account_id"] for entry in entries(other_member)} == {other_member.subject}


def written(app: App, root: Member, count: int) -> None:
    """Write this many more entries, without HTTP."""
    from tallybook.domain.audit import OPERATOR
    from tallybook.services.changes import Change, record

    for number in range(count):
        change = Change(OPERATOR, "account.noted", root.subject, after={"note": f"{number:05d}"})
        app.ctx.tables.transact(record(app.account_of(root), change, at=app.clock.now()))


def test_pages_are_cut_by_number_and_the_total_is_exact(app: App, root: Member) -> None:
    written(app, root, 5)
    for query, numbers, place in (
        ("?limit=3", [7, 6, 5], (1, 3, 7, 3, 0)),
        ("?limit=3&page=2", [4, 3, 2], (2, 3, 7, 3, 3)),
        ("?limit=3&page=3", [1], (3, 3, 7, 3, 6)),
        ("?limit=3&page=4", [], (4, 3, 7, 3, 9)),
        ("?page=1000000000&limit=100", [], (1_000_000_000, 100, 7, 1, 99_999_999_900)),
    ):
        page = call("GET", PATH + query, key=root.api_key).json["data"]
        assert [entry["number"] for entry in page["entries"]] == numbers
        assert tuple(page["pagination"].values()) == place


def test_any_page_costs_the_same_as_the_first_one(app: App, root: Member) -> None:
    call("GET", PATH, key=root.api_key)  # the key's use has been noted
    written(app, root, 58)

    def cost(query: str) -> tuple[list[str], float, float]:
        meter = app.meter
        meter.clear()
        assert len(entries(root, query)) == 10
        return list(meter.operations), meter.read_units, meter.write_units

    first = cost("?limit=10")
    assert first == (["get_many", "query"], 3.5, 0)
    assert [cost(f"?limit=10&page={page}") for page in (2, 5)] == [first] * 2
    written(app, root, 60)
    assert [cost(f"?limit=10&page={page}") for page in (1, 11)] == [first] * 2


def test_a_budgets_entry_has_its_thresholds_before_and_after(app: App, root: Member) -> None:
    budgets = "/v1/budgets"
    call("POST", budgets, key=root.api_key, body={"budget_amount": 1, "alert_thresholds": [50, 99.5]})
    call("PUT", budgets, key=root.api_key, body={"alert_thresholds": [{"percent": 10, "enabled": False}]})
    app.record(app.event(root, quantity=100_000))
    call("DELETE", budgets, key=root.api_key)
    deleted, changed, created = entries(root, "?limit=3")
    assert [one["action"] for one in (created, changed, deleted)] == [
        "budget.created",
        "budget.changed",
        "budget.deleted",
    ]
    first, then = (
        [{"percent": 50, "enabled": True}, {"percent": 99.5, "enabled": True}],
        [{"percent": 10, "enabled": False}],
    )
    assert (created["before"], created["after"]["alert_thresholds"]) == ({}, first)
    assert (changed["before"]["alert_thresholds"], changed["after"]["alert_thresholds"]) == (first, then)
    assert (deleted["before"]["alert_thresholds"], deleted["after"]) == (then, {})


def test_a_budget_alert_is_in_the_log(app: App, root: Member) -> None:
    app.record(app.event(root, quantity=100_000))  # 1.40
    call("POST", "/v1/budgets", key=root.api_key, body={"budget_amount": 1, "limit_type": "hard"})
    actions = [one["action"] for one in entries(root, "?limit=3")]
    assert sorted(actions) == ["budget.created", "budget.restricted", "budget.threshold_reached"]
    (reached,) = [one for one in entries(root, "?limit=3") if one["action"] == "budget.threshold_reached"]
    assert reached["actor"]["type"] == "job"
    assert reached["after"]["thresholds"] == [50, 80, 100]
