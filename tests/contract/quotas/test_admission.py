"""Whether a session may start: each reason against it with its limit and the current value; a start and an admission
query return the same. Source: money, "Quotas"; decisions, "What the documents presume".
"""

import pytest

from tests.contract.examples import expect
from tests.contract.quotas import (
    ADMISSION,
    PLAN_QUOTA,
    SESSIONS,
    change,
    create_allocation,
    reasons,
    refusal,
    revoke,
    set_plan_quota,
    start,
    start_refusal_reasons,
    use,
)
from tests.support.app import App, Member
from tests.support.call import call

LIMITS = {
    "max_cpu_cores_per_sandbox": ("cpu_cores", 2),
    "max_memory_gb_per_sandbox": ("memory_gb", 4),
    "max_storage_gb_per_sandbox": ("storage_gb", 10),
    "max_sandbox_timeout_seconds": ("timeout_seconds", 3600),
}
METERS = {
    "cpu_seconds_monthly": "cpu_seconds",
    "ram_gb_seconds": "ram_gb_seconds",
    "sandbox_storage_gb_seconds": "sandbox_storage_gb_seconds",
    "traffic_gb_seconds": "traffic_gb_seconds",
}


def test_an_admissible_start_is_allowed_and_nothing_is_written(app: App, key: str, ada: Member) -> None:
    before = app.stored("core"), app.stored("usage")
    for _ in range(2):
        answer = start(key, ada, path=ADMISSION)
        assert (answer.status, answer.json["data"]) == (200, {"allowed": True, "reasons": []})
    assert (app.stored("core"), app.stored("usage")) == before
    expect(start(key, ada), 201, "platform_session")


@pytest.mark.parametrize("code", LIMITS)
def test_a_sandbox_beyond_a_limit_of_the_plan_is_refused(app: App, key: str, ada: Member, code: str) -> None:
    field, limit = LIMITS[code]
    over = limit + (1 if field == "timeout_seconds" else 0.001)
    assert start_refusal_reasons(app, key, ada, **{field: over}) == [(code, limit, over)]
    assert start(key, ada, **{field: limit}).status == 201


def test_the_plan_limits_the_accounts_running_sessions(app: App, key: str, root: Member, ada: Member) -> None:
    for user in (root, ada, root, ada):
        assert start(key, user).status == 201
    assert (
        start_refusal_reasons(app, key, root)
        == start_refusal_reasons(app, key, ada)
        == [("account_concurrent_sandboxes", 4, 4)]
    )
    answer = start(key, ada)
    assert refusal(answer) == (403, "admission_refused")
    assert answer.json["message"] == "The session may not start: account_concurrent_sandboxes: 4 of 4"


def test_the_smaller_of_two_concurrency_limits_counts(app: App, key: str) -> None:
    set_plan_quota(app, max_concurrent_sandboxes=1, concurrent_sandboxes=2)
    member = app.member()
    start(key, member)
    assert start_refusal_reasons(app, key, member) == [("account_concurrent_sandboxes", 1, 1)]


def test_the_allocation_limits_a_users_running_sessions(app: App, key: str, root: Member, ada: Member) -> None:
    allocation = create_allocation(root, ada, concurrent_sandboxes=2)
    for id in ("one", "two"):
        assert start(key, ada, session_id=id).status == 201
    assert start_refusal_reasons(app, key, ada) == [("user_concurrent_sandboxes", 2, 2)]
    assert start(key, root).status == 201, "an allocation limits only its user"
    assert call("POST", f"{SESSIONS}/one/end", key=key).status == 200
    assert start(key, ada).status == 201
    change(root, allocation["allocation_id"], concurrent_sandboxes=1)
    assert (
        start_refusal_reasons(app, key, ada)
        == [("user_concurrent_sandboxes", 1, 2), ("account_concurrent_sandboxes", 4, 4)][:1]
    )
    revoke(root, allocation["allocation_id"])
    assert start(key, ada).status == 201


@pytest.mark.parametrize("field", METERS)
def test_a_used_up_quota_refuses_starts_until_the_next_period(
    app: App, key: str, root: Member, ada: Member, field: str
) -> None:
    limit = PLAN_QUOTA[field]
    create_allocation(root, ada, **{field: limit // 2})
    use(app, ada, METERS[field], f"{limit // 2 - 1}.5")
    assert start(key, ada, path=ADMISSION).json["data"]["allowed"] is True
    use(app, ada, METERS[field], "0.5")
    assert start_refusal_reasons(app, key, ada) == [(f"user_{field}", limit // 2, limit // 2)]
    assert start(key, root, path=ADMISSION).json["data"]["allowed"] is True
    use(app, root, METERS[field], f"{limit // 2}.25")
    assert start_refusal_reasons(app, key, root) == [(f"account_{field}", limit, limit + 0.25)]
    app.clock.advance(days=30)
    assert start(key, ada).status == 201, "a new period starts without usage"


def test_template_storage_refuses_a_start_only_above_its_limit(app: App, key: str, root: Member, ada: Member) -> None:
    create_allocation(root, ada, template_storage_gb=20)
    for gb, reported in (
        (20, []),
        (20.5, [("user_template_storage_gb", 20, 20.5)]),
        (50.5, [("account_template_storage_gb", 50, 50.5), ("user_template_storage_gb", 20, 50.5)]),
    ):
        use(app, ada, "template_storage_gb_hours", gb)
        app.clock.advance(hours=1)
        assert reasons(start(key, ada, path=ADMISSION)) == reported
    app.clock.advance(days=30)
    assert start(key, ada).status == 201, "no gauge was reported for these days"


def test_all_reasons_are_listed_at_once(app: App, key: str, root: Member, ada: Member) -> None:
    create_allocation(root, ada, **dict.fromkeys(PLAN_QUOTA, 0))
    for meter in METERS.values():
        use(app, ada, meter, 5000)
    use(app, ada, "template_storage_gb_hours", 70)
    for _ in range(4):
        app.change_account(root, running=4)
    app.clock.advance(minutes=59)
    sizes = {name: limit + 1 for name, limit in LIMITS.values()}
    assert start_refusal_reasons(app, key, ada, **sizes) == [
        *((code, limit, limit + 1) for code, (_, limit) in LIMITS.items()),
        ("account_concurrent_sandboxes", 4, 4),
        *((f"account_{name}", PLAN_QUOTA[name], 5000) for name in METERS),
        ("account_template_storage_gb", 50, 70),
        ("user_concurrent_sandboxes", 0, 0),
        *((f"user_{name}", 0, 5000) for name in METERS),
        ("user_template_storage_gb", 0, 70),
    ]


def test_an_allocation_of_zero_refuses_every_start(app: App, key: str, root: Member, ada: Member) -> None:
    create_allocation(root, ada, cpu_seconds_monthly=0)
    assert start_refusal_reasons(app, key, ada) == [("user_cpu_seconds_monthly", 0, 0)]
