"""The deterministic figures of quotas, on a plan that limits every field, so that each call reads all it may read."""

from collections.abc import Callable, Iterator
from typing import Any

from tallybook.domain.quotas import FIELDS, GAUGE_METER, MONTHLY
from tests.bench.figures import Figure, measure, warm_platform_key
from tests.support.app import App
from tests.support.call import Answer, call


def quota_figures(app: App) -> Iterator[Figure]:
    """Each call once, on an account with usage in every meter."""
    plans = app.catalog_data()["plans"]
    limits = plans["hobby"]["limits"] | dict.fromkeys((*FIELDS, "max_concurrent_sandboxes"), 1_000_000)
    app.apply_catalog(plans=plans | {"hobby": plans["hobby"] | {"limits": limits}})
    member, key = app.member(), warm_platform_key(app)
    call("GET", "/v1/billing/current", key=member.api_key)  # notes the hourly last_used_at
    app.record(*[app.event(member, meter=meter, user_id=member.user_id) for meter in (*MONTHLY.values(), GAUGE_METER)])
    quota, request = dict.fromkeys(FIELDS, 1000), {"cpu_seconds_monthly": 1004, "reason": "figures"}
    path, team, own = (
        "/v1/user-management/quota-allocations",
        "/v1/user-management/quota-requests",
        "/v1/usage/quota-requests",
    )
    created_ids: dict[str, str] = {}

    def send(method: str, url: str, body: Any = None) -> Callable[[], Answer]:
        def send_now() -> Answer:
            answer = call(method, url.format(**created_ids), key=member.api_key, body=body)
            data = answer.json.get("data") or {}
            created_ids.update({name: data[name][f"{name}_id"] for name in ("allocation", "request") if name in data})
            return answer

        return send_now

    calls: list[tuple[str, int, Callable[[], Answer]]] = [
        ("give a user a share", 3, send("POST", path, {"user_id": member.user_id, **quota})),
        ("change it", 3, send("PUT", f"{path}/{{allocation}}", {"ram_gb_seconds": 1004})),
        ("ask for another", 2, send("POST", own, request)),
        ("change what is asked for", 3, send("PUT", f"{own}/{{request}}", {"cpu_seconds_monthly": 1005})),
        ("approve it", 4, send("POST", f"{team}/{{request}}/review", {"action": "approve"})),
        ("ask again", 2, send("POST", own, request)),
        ("withdraw it", 3, send("DELETE", f"{own}/{{request}}")),
        ("ask once more", 2, send("POST", own, request)),
        ("deny it", 4, send("POST", f"{team}/{{request}}/review", {"action": "deny"})),
    ]
    for name, most, do in calls:
        yield measure(app, name, do, most_calls=most)
    for url in (path, team, own):
        yield measure(app, f"GET {url}", send("GET", url), most_calls=2, most_read="returned")
    yield measure(app, "GET its usage", send("GET", f"{path}/{{allocation}}/usage"), most_calls=3)
    yield measure(app, "GET one's own", send("GET", "/v1/usage/quota"), most_calls=2)
    session = {
        "account_id": member.subject,
        "user_id": member.user_id,
        "cpu_cores": 1,
        "memory_gb": 1,
        "storage_gb": 1,
        "timeout_seconds": 60,
        "session_id": "limited",
    }
    yield measure(app, "admission", lambda: call("POST", "/v1/platform/admission", key=key, body=session), most_calls=2)
    yield measure(
        app,
        "start what is limited",
        lambda: call("POST", "/v1/platform/sessions", key=key, body=session),
        most_calls=3,
    )
    yield measure(app, "revoke the share", send("POST", f"{path}/{{allocation}}/revoke"), most_calls=3)
    yield measure(app, "delete it", send("DELETE", f"{path}/{{allocation}}"), most_calls=3)
