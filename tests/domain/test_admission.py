"""A session may start if no reason is against it; a refusal lists every reason."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.accounts import Account, Counts, User
from tallybook.domain.admission import NotAdmitted, Reason, reasons_against
from tallybook.domain.catalog import Plan
from tallybook.domain.quotas import MONTHLY
from tallybook.domain.sessions import SessionRequest
from tests.store.samples import ACCOUNT, USER

REQUEST = SessionRequest("a", "u", Decimal(2), Decimal(4), Decimal(10), 3600)
LIMITS: Mapping[str, int | None] = {
    "max_concurrent_sandboxes": 5,
    "max_cpu_cores_per_sandbox": 2,
    "max_memory_gb_per_sandbox": 4,
    "max_storage_gb_per_sandbox": 10,
    "max_sandbox_timeout_seconds": 3600,
}


def reasons(
    request: SessionRequest = REQUEST,
    *,
    account: Account = ACCOUNT,
    user: User = USER,
    by_user: Mapping[str, Decimal] | None = None,
    by_account: Mapping[str, Decimal] | None = None,
    spent: int = 0,
    **limits: int | None,
) -> tuple[Reason, ...]:
    plan = Plan("pro", "Pro", "", 0, "month", {**LIMITS, **limits})
    used = {"by_user": by_user or {}, "by_account": by_account or {}}
    return reasons_against(request, account, user, plan, **used, spent=spent)


RESTRICTING = replace(ACCOUNT, hard_limit=100_000_000)


def test_a_session_of_exactly_the_plans_size_may_start() -> None:
    assert reasons() == ()


@pytest.mark.parametrize(
    ("size", "code", "limit"),
    [
        ({"cpu_cores": Decimal("2.001")}, "max_cpu_cores_per_sandbox", 2),
        ({"memory_gb": Decimal("4.5")}, "max_memory_gb_per_sandbox", 4),
        ({"storage_gb": Decimal(11)}, "max_storage_gb_per_sandbox", 10),
        ({"timeout_seconds": 3601}, "max_sandbox_timeout_seconds", 3600),
    ],
)
def test_a_session_larger_than_the_plan_allows_is_refused(size: dict[str, Any], code: str, limit: int) -> None:
    assert reasons(replace(REQUEST, **size)) == (Reason(code, limit, next(iter(size.values()))),)
    assert reasons(replace(REQUEST, **size), **{code: None}) == ()


@pytest.mark.parametrize(("running", "allowed"), [(4, True), (5, False), (9, False)])
def test_a_session_may_start_below_the_concurrency_limit(running: int, allowed: bool) -> None:
    own = {"concurrent_sandboxes": 5}
    of_account, of_user = (
        replace(ACCOUNT, counts=ACCOUNT.counts._replace(running_count=running)),
        replace(USER, running_count=running, quota=own),
    )
    assert reasons(account=of_account) == (() if allowed else (Reason("account_concurrent_sandboxes", 5, running),))
    assert reasons(user=of_user) == (() if allowed else (Reason("user_concurrent_sandboxes", 5, running),))


def test_the_smaller_of_a_plans_two_concurrency_limits_counts() -> None:
    two = replace(ACCOUNT, counts=ACCOUNT.counts._replace(running_count=2))
    assert reasons(account=two, concurrent_sandboxes=2) == (Reason("account_concurrent_sandboxes", 2, 2),)
    assert reasons(account=two, concurrent_sandboxes=9, max_concurrent_sandboxes=2) == (
        Reason("account_concurrent_sandboxes", 2, 2),
    )
    assert (
        reasons(
            account=replace(ACCOUNT, counts=ACCOUNT.counts._replace(running_count=999)), max_concurrent_sandboxes=None
        )
        == ()
    )


@pytest.mark.parametrize("field", MONTHLY)
@pytest.mark.parametrize(("used", "allowed"), [("9.999", True), ("10", False), ("11.5", False)])
def test_a_used_up_monthly_quota_refuses_a_session(field: str, used: str, allowed: bool) -> None:
    amount = {field: Decimal(used)}
    expected = () if allowed else (Reason(f"user_{field}", 10, Decimal(used)),)
    assert reasons(user=replace(USER, quota={field: 10}), by_user=amount) == expected
    expected = () if allowed else (Reason(f"account_{field}", 10, Decimal(used)),)
    assert reasons(by_account=amount, **{field: 10}) == expected
    assert reasons(by_account=amount, by_user=amount) == ()


def test_an_allocation_of_zero_refuses_every_session() -> None:
    none = replace(USER, quota={"cpu_seconds_monthly": 0, "concurrent_sandboxes": 0, "template_storage_gb": 0})
    assert reasons(user=none) == (
        Reason("user_concurrent_sandboxes", 0, 0),
        Reason("user_cpu_seconds_monthly", 0, Decimal(0)),
    )


def test_template_storage_refuses_only_above_its_limit() -> None:
    own = replace(USER, quota={"template_storage_gb": 10})
    assert reasons(user=own, by_user={"template_storage_gb": Decimal(10)}) == ()
    over = {"template_storage_gb": Decimal("10.1")}
    assert reasons(user=own, by_user=over) == (Reason("user_template_storage_gb", 10, Decimal("10.1")),)
    assert reasons(by_account=over, template_storage_gb=10) == (
        Reason("account_template_storage_gb", 10, Decimal("10.1")),
    )


def test_a_hard_budget_refuses_from_exactly_its_amount() -> None:
    assert reasons(account=RESTRICTING, spent=99_990_000) == ()
    for spent, current in ((100_000_000, "100"), (123_450_000, "123.45")):
        expected = Reason("budget_restricted", Decimal(100), Decimal(current))
        assert reasons(account=RESTRICTING, spent=spent) == (expected,)
    assert reasons(spent=10**15) == (), "no hard limit, no refusal"


def test_a_refusal_lists_every_reason() -> None:
    found = reasons(
        replace(REQUEST, cpu_cores=Decimal(3)),
        account=replace(RESTRICTING, status="suspended", counts=Counts(running_count=5)),
        user=replace(USER, status="disabled", running_count=1, quota={"concurrent_sandboxes": 1}),
        spent=100_000_000,
    )
    assert [reason.code for reason in found] == [
        "account_suspended",
        "user_disabled",
        "max_cpu_cores_per_sandbox",
        "account_concurrent_sandboxes",
        "budget_restricted",
        "user_concurrent_sandboxes",
    ]
    assert (found[0].limit, found[0].current) == (None, None)


def test_a_refusals_code_names_a_suspension_first_and_then_limits() -> None:
    limit = Reason("user_concurrent_sandboxes", 3, 3)
    refused = NotAdmitted((limit,))
    assert (refused.code, refused.reasons) == ("admission_refused", (limit,))
    assert str(refused) == "The session may not start: user_concurrent_sandboxes: 3 of 3"
    assert NotAdmitted((limit, Reason("user_suspended"))).code == "user_suspended"


def test_a_refusal_by_a_budget_names_used_and_amount() -> None:
    refused = NotAdmitted(reasons(account=RESTRICTING, spent=1_234_500_000))
    assert refused.code == "admission_refused"
    assert str(refused) == "The session may not start: budget_restricted: 1234.5 of 100"


@pytest.mark.parametrize(("current", "shown"), [("1E+2", "100"), ("1000000.000000000", "1000000"), ("0.5", "0.5")])
def test_a_refusal_writes_numbers_without_exponent(current: str, shown: str) -> None:
    refused = NotAdmitted((Reason("max_memory_gb_per_sandbox", 8, Decimal(current)),))
    assert str(refused).endswith(f"max_memory_gb_per_sandbox: {shown} of 8")
