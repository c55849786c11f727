"""The deterministic figures: round trips and capacity units of each call, with the goals of the design."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from tests.support.app import PASSWORD, App, Member
from tests.support.call import Answer, call

AUTHENTICATION_UNITS = 3.0
DECIDING_UNITS = 2.0
UNITS_FOR_4_KB = 0.5


@dataclass(frozen=True, slots=True)
class Figure:
    """What one call took and may take; a goal is None if the design sets none."""

    name: str
    calls: int
    read_units: float
    write_units: float
    most_calls: int
    most_read: float | None = None
    most_write: float | None = None

    @property
    def reached(self) -> bool:
        return (
            self.calls <= self.most_calls
            and (self.most_read is None or self.read_units <= self.most_read)
            and (self.most_write is None or self.write_units <= self.most_write)
        )


def figures(app: App) -> Iterator[Figure]:
    """Each call once, in a warm process and with an account that has usage."""
    member, key = app.member(), warm_platform_key(app)
    call("GET", "/v1/billing/current", key=member.api_key)  # notes the hourly last_used_at
    yield from _reads(app, member)
    yield from _writes(app, member, key)
    yield from _plans(app, member, key)
    yield from _team(app, member)
    yield from _passwords(app)
    yield from _emails(app, member)
    yield from _usage(app, member, key)


def warm_platform_key(app: App) -> str:
    """A platform key that this process has seen valid: only its first request reads the key alone."""
    key = app.platform_key()
    assert call("POST", "/v1/platform/sessions/none/end", key=key).status == 404
    return key


def read_goal(app: App) -> float:
    """3 units for authentication, 2 for the items that decide, 0.5 for each 4 KB that the tables returned."""
    return AUTHENTICATION_UNITS + DECIDING_UNITS + UNITS_FOR_4_KB * ceil(app.meter.bytes_read / 4096)


def measure(app: App, name: str, do: Callable[[], Any], *, most_calls: int, **goals: Any) -> Figure:
    """Measure an HTTP call, or a service call that raises if it is refused."""
    meter = app.meter
    meter.clear()
    answer = do()
    assert not isinstance(answer, Answer) or answer.status < 300, answer.text
    if goals.get("most_read") == "returned":
        goals["most_read"] = read_goal(app)
    return Figure(name, meter.calls, meter.read_units, meter.write_units, most_calls, **goals)


def _reads(app: App, member: Member) -> Iterator[Figure]:
    yield measure(app, "authenticate", lambda: call("GET", "/auth/me", key=member.api_key), most_calls=1, most_read=3.0)
    for path in (
        "/v1/user-management/users/me",
        "/v1/user-management/users",
        "/v1/user-management/api-keys",
        "/v1/user-management/audit-log",
        "/v1/user-management/account/subscription",
        "/v1/user-management/account/subscription/history",
        "/v1/user-management/account/email-change-status",
        "/v1/billing/current",
    ):
        yield measure(
            app, f"GET {path}", lambda p=path: call("GET", p, key=member.api_key), most_calls=3, most_read="returned"
        )
    yield measure(app, "GET plans", lambda: call("GET", "/v1/user-management/plans"), most_calls=3)


def _writes(app: App, member: Member, key: str) -> Iterator[Figure]:
    credentials = {"email": "figures@example.com", "password": "correct horse battery"}
    session = {
        "account_id": member.subject,
        "user_id": member.user_id,
        "cpu_cores": 1,
        "memory_gb": 1,
        "storage_gb": 1,
        "timeout_seconds": 60,
        "session_id": "figures",
    }
    credit = {"account_id": member.subject, "amount": 1, "kind": "grant", "reference": "figures"}
    calls: list[tuple[str, int, Callable[[], Answer]]] = [
        ("register (1 for its rate)", 4, lambda: call("POST", "/auth/register", body=credentials)),
        (
            "login (1 for its rate, 2 for who, 1 for the session)",
            4,
            lambda: call("POST", "/auth/login", body=credentials),
        ),
        (
            "create an API key",
            4,
            lambda: call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "k"}),
        ),
        ("start a session", 4, lambda: call("POST", "/v1/platform/sessions", key=key, body=session)),
        ("end a session", 4, lambda: call("POST", "/v1/platform/sessions/figures/end", key=key)),
        ("give credits", 4, lambda: call("POST", "/v1/platform/credits", key=key, body=credit)),
    ]
    for name, most, do in calls:
        yield measure(app, name, do, most_calls=most)


def _plans(app: App, member: Member, key: str) -> Iterator[Figure]:
    """An account with a balance changes to a dearer plan and back."""
    path = "/v1/user-management/account/subscription"
    credit = {"account_id": member.subject, "amount": 1, "kind": "grant", "reference": "figures of plans"}
    call("POST", "/v1/platform/credits", key=key, body=credit)
    pro, hobby = {"plan_name": "pro"}, {"plan_name": "hobby"}
    calls: list[tuple[str, int, Callable[[], Answer]]] = [
        ("preview a change of plan", 3, lambda: call("POST", f"{path}/preview", key=member.api_key, body=pro)),
        ("change the plan", 4, lambda: call("POST", path, key=member.api_key, body=pro)),
        ("change it back", 4, lambda: call("POST", path, key=member.api_key, body=hobby)),
    ]
    for name, most, do in calls:
        app.clock.advance(seconds=1)
        yield measure(app, name, do, most_calls=most)
    yield measure(app, "GET changes of plan", lambda: call("GET", f"{path}/history", key=member.api_key), most_calls=2)


def _team(app: App, member: Member) -> Iterator[Figure]:
    users, key = "/v1/user-management/users", member.api_key
    email = {"email": "ada@example.com"}
    yield measure(app, "invite a user", lambda: call("POST", users, key=key, body=email), most_calls=4)
    listed = call("GET", users, key=key).json["data"]["users"]
    (ada,) = [user["user_id"] for user in listed if user["login_email"] == email["email"]]
    calls: list[tuple[str, Callable[[], Answer]]] = [
        ("suspend a user", lambda: call("PUT", f"{users}/{ada}", key=key, body={"status": "suspended"})),
        ("delete a user", lambda: call("DELETE", f"{users}/{ada}", key=key)),
    ]
    for name, do in calls:
        yield measure(app, name, do, most_calls=4)


def _passwords(app: App) -> Iterator[Figure]:
    """Of a root user whose key ends at the reset."""
    owner = app.member()
    call("GET", "/auth/me", key=owner.api_key)  # notes the hourly last_used_at
    email, change = {"email": owner.user.email}, {"current_password": PASSWORD, "password": f"{PASSWORD}!"}
    path = "/auth/password"
    calls: list[tuple[str, Callable[[], Answer]]] = [
        ("change the password", lambda: call("POST", path, key=owner.api_key, body=change)),
        ("ask for a reset", lambda: call("POST", f"{path}/reset", body=email)),
        ("look at a mail's link", lambda: call("POST", f"{path}/link", body=_link(app, owner))),
        ("set it with a mail's token", lambda: call("POST", f"{path}/confirm", body=_link(app, owner))),
    ]
    for name, do in calls:
        yield measure(app, name, do, most_calls=4)


def _link(app: App, member: Member) -> dict[str, str]:
    token = [mail.token for mail in app.deliver().mails_to(member.user.email) if "#pwt_" in mail.text][-1]
    app.meter.clear()
    return {"token": token, "password": PASSWORD}


def _emails(app: App, member: Member) -> Iterator[Figure]:
    path, key = "/v1/user-management/account", member.api_key
    request = {"current_email": member.account.email, "new_email": "moved@example.com"}
    ask = f"{path}/email-change-request"
    yield measure(app, "ask for another email", lambda: call("POST", ask, key=key, body=request), most_calls=4)
    clear = f"{path}/clear-email-change-requests"
    yield measure(app, "clear that request", lambda: call("POST", clear, key=key), most_calls=4)
    app.clock.advance(minutes=30)
    call("POST", ask, key=key, body=request)
    app.deliver()
    for name, address in zip(("first", "second"), request.values(), strict=True):
        token = {"token": app.fake_aws.mails_to(address)[-1].token}
        yield measure(
            app,
            f"confirm it, the {name} address",
            lambda t=token: call("POST", f"{path}/confirm-email-change", body=t),
            most_calls=4,
        )


def _usage(app: App, member: Member, key: str) -> Iterator[Figure]:
    for events, users in ((85, 1), (88, 6), (90, 6)):
        batch = [app.event(member, user_id=f"usr-{index % users}", session_id="one") for index in range(events)]
        counters = 3 + users
        yield measure(
            app,
            f"{events} events on {counters} counters",
            lambda b=batch: call("POST", "/v1/platform/events", key=key, body=b),
            most_calls=4,
            most_write=2.5 * events,
        )
