"""The deterministic figures of budgets: each call, each check, and a start that a hard budget might refuse."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tallybook.services.budgets.budget import create_budget
from tallybook.services.budgets.check import check_budget, with_budgets
from tallybook.services.identity.authenticate import authenticate
from tests.bench.figures import Figure, measure
from tests.support.call import Answer, call
from tests.support.house import House, Member

PATH = "/v1/budgets"
_UNIT = 71_429
"""CPU seconds that cost 1.00 by the catalog of the tests."""


def budget_figures(house: House) -> Iterator[Figure]:
    yield from _calls(house)
    yield from _checks(house)
    yield from _start(house)


def _calls(house: House) -> Iterator[Figure]:
    member = house.member()
    call("GET", "/v1/billing/current", key=member.api_key)  # notes the hourly last_used_at
    house.record(house.event(member, quantity=60 * _UNIT))

    def send(method: str, url: str = PATH, body: Any = None) -> Callable[[], Answer]:
        return lambda: call(method, url, key=member.api_key, body=body)

    writes: list[tuple[str, Callable[[], Answer]]] = [
        ("create a budget that alerts", send("POST", body={"budget_amount": 100})),
        ("raise it", send("PUT", body={"budget_amount": 200})),
        ("make it one that alerts at 20 thresholds", send("PUT", body={"alert_thresholds": list(range(1, 21))})),
    ]
    for name, do in writes:
        yield measure(house, name, do, most_calls=4)
    for url in (PATH, f"{PATH}/status", f"{PATH}/messages", f"{PATH}/messages?page=2"):
        yield measure(house, f"GET {url}", send("GET", url), most_calls=3, most_read="returned")
    house.record(house.event(member, quantity=60 * _UNIT))
    house.clock.advance(days=62)
    call("GET", PATH, key=member.api_key)
    yield measure(
        house, "change it once two periods ended unseen", send("PUT", body={"limit_type": "hard"}), most_calls=4
    )
    yield measure(house, "delete it", send("DELETE"), most_calls=4)
    yield measure(house, "GET what is not there", send("GET"), most_calls=3, most_read="returned")


def _checks(house: House) -> Iterator[Figure]:
    """What a mark of unseen usage costs that the stream tells of."""
    without, member = house.member(), spender(house)
    for one in (without, member):
        house.record(house.event(one, quantity=_UNIT))
    yield measure(
        house,
        "check an account without a budget",
        lambda: with_budgets(house.ctx, [without.account.id]),
        most_calls=1,
        most_read=1.0,
    )

    def check() -> int:
        return check_budget(house.ctx, member.account.id)

    yield measure(house, "check a budget that is not reached", check, most_calls=3, most_write=0)
    house.record(house.event(member, quantity=99 * _UNIT))
    yield measure(house, "check one whose three thresholds are", check, most_calls=4)
    yield measure(house, "check it again", check, most_calls=3, most_write=0)


def _start(house: House) -> Iterator[Figure]:
    """The first in a process asks where the counters are; those after it know."""
    member, key = spender(house, limit_type="hard"), house.platform_key()
    house.record(house.event(member, quantity=_UNIT))
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
        yield measure(
            house, name, lambda b=body: call("POST", "/v1/platform/sessions", key=key, body=b), most_calls=most
        )


def spender(house: House, **terms: Any) -> Member:
    """Of an account with a budget of 100."""
    member = house.member()
    create_budget(house.ctx, authenticate(house.ctx, member.api_key), {"amount": Decimal(100), **terms})
    return member
