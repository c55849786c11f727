"""Usage events sent through the handler, and what was counted and debited for them."""

from collections import Counter
from decimal import Decimal
from typing import Any

from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json

PATH = "/v1/platform/events"


def post_events(app: App, key: str, body: Any, *, headers: dict[str, str] | None = None) -> Answer:
    answer = call("POST", PATH, key=key, raw=as_json(body), headers=headers)
    check_invariants(app)
    return answer


def send_events(app: App, key: str, *events: Any) -> list[str]:
    """Send the events; return the status, or status and reason, of each. Checks the sums of the answer.

    The answer is a 400 if none of the events could be read.
    """
    answer = post_events(app, key, list(events))
    assert answer.status == (400 if answer.json.get("code") == "unreadable_events" else 200), answer.text
    data = answer.json["data"]
    assert [result["id"] for result in data["results"]] == [
        event["id"] if isinstance(event, dict) and isinstance(event.get("id"), str) else "" for event in events
    ]
    counts = Counter(result["status"] for result in data["results"])
    assert (data["accepted"], data["duplicates"], data["conflicts"], data["rejected"]) == (
        counts["accepted"],
        counts["duplicate"],
        counts["conflict"],
        counts["rejected"],
    )
    return [" ".join(filter(None, (result["status"], result.get("reason")))) for result in data["results"]]


def counted_cpu_seconds(app: App, member: Member) -> Decimal:
    """The CPU seconds counted for the account, over all its periods."""
    periods = [item for item in app.stored("usage") if item["sk"] == "period#0" and member.account.id in item["pk"]]
    return sum((item.get("q:cpu_seconds", Decimal(0)) for item in periods), Decimal(0))


def ledger_entries(app: App, member: Member) -> list[tuple[str, int, int]]:
    items = [item for item in app.stored("core") if item["sk"].startswith("ENTRY#")]
    mine = sorted((item for item in items if item["account_id"] == member.account.id), key=lambda item: item["number"])
    return [(item["kind"], int(item["amount"]), int(item["balance_after"])) for item in mine]
