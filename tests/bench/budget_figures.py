"""The deterministic figures of budgets: each call, each check, and a start that a hard budget might refuse."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tallybook.services.budgets.budget import create_budget
from tallybook.services.budgets.check import accounts_with_budget, check_budget
from tallybook.services.identity.authenticate import authenticate
from tests.bench.figures import Figure, measure, warm_platform_key
from tests.support.app import App, Member
from tests.support.call import Answer, call

PATH = "/v1/budgets"
_UNIT = 71_429
"""CPU seconds that cost 1.00 in the tests' catalog."""


def budget_figures(app: App) -> Iterator[Figure]:
    yield from _calls(app)
    yield from _checks(app)
    yield from _start(app)


def _calls(app: App) -> Iterator[Figure]:
    member = app.member()
    call("GET", "/v1/billing/current", key=member.api_key)  # notes the hourly last_used_at
    app.record(app.event(member, quantity=60 * _UNIT))

    def send(method: str, url: str = PATH, body: Any = None) -> Callable[[], Answer]:
        return lambda: call(method, url, key=member.api_key, body=body)

    writes: list[tuple[str, Callable[[], Answer]]] = [
        ("create a budget that alerts", send("POST", body={"budget_amount": 100})),
        ("raise it", send("PUT", body={"budget_amount": 200})),
        ("make it one that alerts at 20 thresholds", send("PUT", body={"alert_thresholds": list(range(1, 21))})),
    ]
    for name, do in writes:
        yield measure(app, name, do, most_calls=4)
    for url in (PATH, f"{PATH}/status", f"{PATH}/messages", f"{PATH}/messages?page=2"):
        yield measure(app, f"GET {url}", send("GET", url), most_calls=3, most_read="returned")
    app.record(app.event(member, quantity=60 * _UNIT))
    app.clock.advance(days=62)
    call("GET", PATH, key=member.api_key)
    yield measure(
        app, "change it once two periods ended unseen", send("PUT", body={"limit_type": "hard"}), most_calls=4
    )
    yield measure(app, "delete it", send("DELETE"), most_calls=4)
    yield measure(app, "GET what is not there", send("GET"), most_calls=3, most_read="returned")


def _checks(app: App) -> Iterator[Figure]:
    """The cost of a check that the stream starts for unseen usage."""
    without, member = app.member(), member_with_budget(app)
    for one in (without, member):
        app.record(app.event(one, quantity=_UNIT))
    yield measure(
        app,
        "check an account without a budget",
        lambda: accounts_with_budget(app.ctx, [without.account.id]),
        most_calls=1,
        most_read=1.0,
    )

    def check() -> int:
        return check_budget(app.ctx, member.account.id)

    yield measure(app, "check a budget that is not reached", check, most_calls=3, most_write=0)
    app.record(app.event(member, quantity=99 * _UNIT))
    yield measure(app, "check one whose three thresholds are", check, most_calls=4)
    yield measure(app, "check it again", check, most_calls=3, most_write=0)


def _start(app: App) -> Iterator[Figure]:
    """The first start in a process takes one call more than the next ones."""
    member, key = member_with_budget(app, limit_type="hard"), warm_platform_key(app)
    app.record(app.event(member, quantity=_UNIT))
    session = {
        "account_id": member.subject,
        "user_id": member.user_id,
        "cpu_cores": 1,
        "memory_gb": 1,
        "storage_gb": 1,
        "timeout_seconds": 60,
    }
    for name, most in (("first start under a hard budget", 4), ("the next one", 3)):
        body = session | {"session_id": name.replace(" ", "-")}
        yield measure(app, name, lambda b=body: call("POST", "/v1/platform/sessions", key=key, body=b), most_calls=most)


def member_with_budget(app: App, **terms: Any) -> Member:
    """A member of an account with a budget of 100."""
    member = app.member()
    create_budget(app.ctx, authenticate(app.ctx, member.api_key), {"amount": Decimal(100), **terms})
    return member
