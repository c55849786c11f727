"""What the story's scenes do again and again, over HTTP or by what `Cast` names.

An earlier release can act the story too, with a `Cast` of its own calls.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

from tests.support.call import call

_SIZE = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5}
_BATCH = {"content-type": "application/cloudevents-batch+json"}


class Cast(NamedTuple):
    """What the story needs besides handlers: the app, its fake channels, and the operator's calls."""

    app: Any
    channels: Any
    invite: Callable[..., Any]
    check_usage: Callable[[], object]
    void: Callable[[str, str], object]
    reissue: Callable[[str], object]
    platform_key: Callable[[], object]
    invite_account: Callable[[str], Any]
    lift: Callable[[str], object]


def fixed_bytes() -> Callable[[int], bytes]:
    """A source of bytes that are the same in every run, for ids and for secrets."""
    numbers: dict[int, Iterator[int]] = defaultdict(count)
    return lambda size: hashlib.shake_256(f"test value {next(numbers[size])}".encode()).digest(size)


class Actions:
    """`platform` is a platform key with all scopes; `plans` are those of the catalog."""

    platform: str
    plans: dict[str, Any]

    def __init__(self, cast: Cast) -> None:
        self.cast, self.app, self.channels = cast, cast.app, cast.channels

    def _apply_catalog(self, tax_rate: str) -> None:
        self.app.apply_catalog(plans=self.plans, tax_rate=tax_rate)
        self.app.forget_caches()

    def _unpaid(self, member: Any) -> list[str]:
        """The ids of the account's invoices that may be void, oldest first."""
        found = call("GET", "/v1/billing/invoices", key=member.api_key).json["data"]["invoices"]
        open_ones = [one for one in found if one["status"] in ("pending", "open", "overdue", "unpaid")]
        return [one["invoice_id"].removeprefix("inv-") for one in reversed(open_ones)]

    def _grant(self, member: Any, amount: int, reference: str) -> None:
        body = {"account_id": member.subject, "amount": amount, "kind": "grant", "reference": reference, "note": "n"}
        assert call("POST", "/v1/platform/credits", key=self.platform, body=body).status == 201

    def _start(self, session_id: str, member: Any) -> None:
        body = {
            "account_id": member.subject,
            "user_id": member.user_id,
            "session_id": session_id,
            "timeout_seconds": 3600,
            **_SIZE,
        }
        answer = call("POST", "/v1/platform/sessions", key=self.platform, body=body)
        assert answer.status == 201, answer.text

    def _platform(self, method: str, member: Any, action: str = "", **body: Any) -> None:
        answer = call(method, f"/v1/platform/accounts/{member.subject}{action}", key=self.platform, body=body)
        assert answer.status == 200, answer.text

    def _send(self, *events: dict[str, Any]) -> None:
        answer = call("POST", "/v1/platform/events", key=self.platform, body=list(events), headers=_BATCH)
        assert {result["status"] for result in answer.json["data"]["results"]} == {"accepted"}, answer.text

    def _ask(self, method: str, url: str, member: Any, **body: Any) -> Any:
        answer = call(method, url, key=member.api_key, body=body)
        assert answer.status in (200, 201), (url, answer.text)
        return answer.json["data"]

    def _pass(self, *, days: int) -> None:
        """Days with the calls of the jobs, every twelve hours."""
        for _ in range(days * 2):
            self.app.clock.advance(hours=12)
            self.app.invoice_due()
            self._check()
            self._deliver()

    def _check(self) -> None:
        self.cast.check_usage()

    def _deliver(self) -> None:
        self.app.deliver()

    def _park(self) -> None:
        """A mail whose delivery fails seven times."""
        call("POST", "/auth/password/reset", body={"email": "fay@example.com"})
        for _ in range(7):
            self.channels.refusals.append("TooManyRequestsException")
            self.app.deliver()
            self.app.clock.advance(hours=24)
        assert [item["state"] for item in self.app.stored("core", "OUTBOX") if "error" in item] == ["parked"]
