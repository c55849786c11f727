"""The events that the use cases put on the bus, compared with the published schemas."""

import ast
import copy
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallybook import services
from tallybook.domain.ids import derived_id
from tallybook.domain.outbox import MAX_ATTEMPTS
from tallybook.domain.quotas import FIELDS
from tallybook.services.budgets.budget import remove_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.outbox.deliver import list_outbox, retry
from tests.events.conftest import Walked
from tests.events.listener import Listener
from tests.events.schemas import SCHEMAS, faults, file_name, sent_faults
from tests.support.budgets import edit_budget, member_with_budget, spend

ANNOUNCED = {
    "account.registered": {"AccountRegistered", "SubscriptionStarted", "WalletMoved"},
    "account.suspended": {"AccountSuspended"},
    "account.resumed": {"AccountResumed"},
    "account.terms_set": {"AccountTermsChanged"},
    "account.changed": {"AccountChanged"},
    "account.email_changed": {"AccountEmailChanged"},
    "api_key.created": {"ApiKeyCreated"},
    "api_key.revoked": {"ApiKeyRevoked"},
    "user.invited": {"UserInvited"},
    "user.joined": {"UserJoined"},
    "user.changed": {"UserChanged"},
    "user.suspended": {"UserSuspended"},
    "user.disabled": {"UserSuspended"},
    "user.resumed": {"UserResumed", "UserChanged"},
    "user.deleted": {"UserDeleted"},
    "user.password_changed": {"PasswordChanged", "ApiKeyRevoked"},
    "subscription.changed": {"SubscriptionChanged"},
    "wallet.moved": {"WalletMoved"},
    "invoice.issued": {"InvoiceIssued", "InvoicePaid", "WalletMoved"},
    "invoice.overdue": {"InvoiceOverdue"},
    "invoice.paid": {"InvoicePaid", "WalletMoved"},
    "invoice.paid_in_part": {"WalletMoved"},
    "invoice.voided": {"InvoiceVoided", "WalletMoved"},
    "quota_allocation.created": {"QuotaAllocationChanged"},
    "quota_allocation.changed": {"QuotaAllocationChanged"},
    "quota_allocation.revoked": {"QuotaAllocationChanged"},
    "quota_allocation.deleted": {"QuotaAllocationChanged"},
    "quota_allocation.reached": {"QuotaReached"},
    "quota_request.filed": {"QuotaRequested"},
    "quota_request.changed": {"QuotaRequested"},
    "quota_request.withdrawn": {"QuotaRequestWithdrawn"},
    "quota_request.approved": {"QuotaReviewed"},
    "quota_request.denied": {"QuotaReviewed"},
    "budget.created": {"BudgetSet"},
    "budget.changed": {"BudgetSet"},
    "budget.deleted": {"BudgetDeleted"},
    "budget.threshold_reached": {"BudgetThresholdReached"},
    "budget.restricted": {"BudgetRestricted"},
    "budget.restriction_lifted": {"BudgetRestrictionLifted"},
    # in the audit log only:
    "invoice.drafted": set(),
    "account.email_confirmed": set(),
    "account.email_change_requested": set(),
    "account.email_change_confirmed": set(),
    "account.email_change_cleared": set(),
    "user.invited_again": set(),
    "user.signed_in": set(),
    "user.signed_out": set(),
}
"""The events of each kind of audit entry; the walk publishes all of them."""


def actions() -> set[str]:
    """Each audit action in the services' code."""
    kinds = re.compile(
        r"(account|user|api_key|wallet|invoice|session|subscription|quota_allocation|quota_request|budget)\.[a-z_]+"
    )
    return {
        node.value
        for file in Path(services.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and kinds.fullmatch(node.value)
    }


def events_by_action(walked: Walked) -> dict[str, set[str]]:
    """The event names of each action in the walk's audit logs."""
    left = {item["id"]: {event["name"] for event in item["body"]["events"]} for item in outbox_items(walked)}
    events: dict[str, set[str]] = {}
    for entry in walked.of("AUDIT#"):
        cause = (entry["pk"].partition("#")[2], str(entry["number"]))
        events.setdefault(entry["action"], set()).update(left.get(derived_id("events", *cause), ()))
    return events


def outbox_items(walked: Walked) -> list[dict[str, Any]]:
    """The outbox items with events."""
    return [item for item in walked.of("OUTBOX") if item["kind"] == "events"]


def detail(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry["Detail"])
    return found


def test_every_published_event_satisfies_its_schema(walked: Walked) -> None:
    assert [(entry["DetailType"], *sent_faults(entry)) for entry in walked.entries if sent_faults(entry)] == []
    sent = {file_name(entry["DetailType"], detail(entry)["version"]) for entry in walked.entries}
    assert sent == SCHEMAS.keys(), "the walk publishes no event of some schema"


def test_every_audit_action_publishes_the_listed_events(walked: Walked) -> None:
    assert actions() == ANNOUNCED.keys(), "add the new kind of change to the table above and to the walk"
    assert events_by_action(walked) == ANNOUNCED


def test_every_event_in_the_outbox_is_published_once(walked: Walked) -> None:
    ids = sorted(event["id"] for item in outbox_items(walked) for event in item["body"]["events"])
    assert sorted(detail(entry)["id"] for entry in walked.entries) == ids
    assert len(set(ids)) == len(ids)
    assert walked.left == 0


def test_missing_optional_values_are_published_as_null(walked: Walked) -> None:
    sent = [(entry["DetailType"], detail(entry)["data"]) for entry in walked.entries]
    nulls = {(name, field) for name, data in sent for field, value in data.items() if value is None}
    assert nulls == {
        ("AccountEmailChanged", "login_of"),
        ("AccountRegistered", "root_user_display_name"),
        ("AccountTermsChanged", "tax_rate"),
        ("ApiKeyCreated", "expires_at"),
        ("InvoicePaid", "payment_method"),
        *(("QuotaAllocationChanged", name) for name in FIELDS),
        *(("QuotaRequested", name) for name in FIELDS),
        ("QuotaReviewed", "review_notes"),
        ("UserChanged", "display_name"),
        ("UserInvited", "display_name"),
        ("UserJoined", "display_name"),
        ("UserSuspended", "reason"),
    }


def test_no_secret_is_published(walked: Walked) -> None:
    secret = re.compile(r"\$2b\$|#[0-9a-f-]{36}|(sk-|pk-|sess_|pwt_)[A-Za-z0-9_-]{40}|\b[0-9a-f]{64}\b")
    assert secret.search(json.dumps(walked.stored, default=str)), "the stored data must have secrets"
    assert [entry for entry in walked.entries if secret.search(entry["Detail"])] == []


@pytest.mark.parametrize("file", SCHEMAS)
def test_published_events_violate_a_changed_schema(file: str, walked: Walked) -> None:
    sent = [detail(entry) for entry in walked.entries if entry["DetailType"] == SCHEMAS[file]["title"]]
    more = copy.deepcopy(SCHEMAS[file])
    more["properties"]["data"]["required"].append("more")
    assert {fault for event in sent for fault in faults(more, event)} == {"$.data: 'more' is a required property"}
    for field, rules in SCHEMAS[file]["properties"]["data"]["properties"].items():
        other = copy.deepcopy(SCHEMAS[file])
        other["properties"]["data"]["properties"][field] = {"type": "object" if rules["type"] == "array" else "array"}
        assert {fault.partition(":")[0] for event in sent for fault in faults(other, event)} == {f"$.data.{field}"}


NOT_TAKEN = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}


@pytest.mark.parametrize(
    "answer",
    [(0, None, {}), (500, "InternalException", {}), (200, None, NOT_TAKEN)],
    ids=["lost", "failed", "not taken"],
)
def test_a_repeated_event_is_equal_to_the_first(answer: Any, listener: Listener) -> None:
    listener.app.member()
    listener.bus.answers.append(answer)
    first = listener.deliver()
    listener.app.clock.advance(minutes=1)
    assert (first, listener.deliver()) == (2, 1)
    received = defaultdict(list)
    for entry in listener.entries:
        received[detail(entry)["id"]].append(entry)
    assert len(received) == 4
    assert {len(same) for same in received.values()} == {1, 2}
    assert all(same[0] == same[-1] for same in received.values())


def test_an_event_that_an_operator_retries_is_equal_to_the_first(listener: Listener) -> None:
    listener.app.member()
    listener.bus.answers += [(500, "InternalException", {})] * MAX_ATTEMPTS * 2
    for _ in range(MAX_ATTEMPTS):
        listener.deliver()
        listener.app.clock.advance(days=1)
    parked = list_outbox(listener.app.ctx, state="parked", limit=9)
    assert len(parked) == 2
    for item in parked:
        retry(listener.app.ctx, item.id)
    listener.deliver()
    assert len(listener.entries) == 4 * (MAX_ATTEMPTS + 1)
    assert {listener.entries.count(entry) for entry in listener.entries} == {MAX_ATTEMPTS + 1}


def test_unchecked_usage_alerts_before_a_budget_change(listener: Listener) -> None:
    """Thresholds reached because of the change alert after it."""
    app = listener.app
    member = member_with_budget(app)
    spend(app, member, "50")
    edit_budget(app, member, amount=Decimal("62.50"))
    spend(app, member, "12.50")
    remove_budget(app.ctx, authenticate(app.ctx, member.api_key))
    listener.deliver()
    events = sorted((detail(entry)["sequence"], entry["DetailType"]) for entry in listener.entries)
    assert [name for _, name in events if "Budget" in name] == [
        "BudgetSet",
        "BudgetThresholdReached",
        "BudgetSet",
        "BudgetThresholdReached",
        "BudgetThresholdReached",
        "BudgetDeleted",
    ]


def test_an_events_time_is_when_the_change_was_made(listener: Listener) -> None:
    listener.app.member()
    listener.app.clock.advance(hours=5)
    listener.deliver()
    assert {detail(entry)["time"] for entry in listener.entries} == {"2026-04-20T12:34:56.000Z"}
    assert {entry["Time"] for entry in listener.entries} == {1776688496.0}
