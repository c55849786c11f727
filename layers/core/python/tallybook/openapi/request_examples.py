"""An example of each request body. Source: the API documents, where they have one."""

from collections.abc import Mapping
from typing import Any

_LIMITS = {
    "cpu_seconds_monthly": 500_000,
    "ram_gb_seconds": 1_200_000,
    "sandbox_storage_gb_seconds": 2_400_000,
    "traffic_gb_seconds": 50_000,
    "template_storage_gb": 50,
    "concurrent_sandboxes": 3,
}
_BUDGET = {
    "budget_amount": 100,
    "alert_thresholds": [{"percent": 50, "enabled": True}, {"percent": 80, "enabled": True}],
    "limit_type": "soft",
    "notification_emails": ["finance@example.com"],
}
_TOKEN = "uuid-token-from-email"  # noqa: S105 the document's example

REQUEST_EXAMPLES: Mapping[str, Any] = {
    "RegisterRequest": {"email": "you@example.com", "password": "correct horse battery", "name": "Ada Lovelace"},
    "LoginRequest": {"email": "you@example.com", "password": "correct horse battery"},
    "ChangePasswordRequest": {"current_password": "correct horse battery", "password": "another horse battery"},
    "ResetRequest": {"email": "you@example.com"},
    "PasswordLinkRequest": {"token": "pwt_…"},
    "SetPasswordRequest": {"token": "pwt_…", "password": "another horse battery"},
    "EmailChangeRequest": {"current_email": "owner@example.com", "new_email": "billing@example.com"},
    "ConfirmEmailRequest": {"token": _TOKEN},
    "InvitationRequest": {"email": "grace@example.com", "display_name": "Grace Hopper", "role": "user"},
    "UserRequest": {"status": "suspended", "suspension_reason": "on leave"},
    "PlanRequest": {"plan_name": "pro"},
    "ReasonRequest": {"reason": "unpaid"},
    "TermsRequest": {"tax_rate": 19, "discount": 12.5},
    "ProfileRequest": {"display_name": "Platform Team", "description": "Shared ScaleBox account"},
    "ApiKeyRequest": {"name": "ci", "expires_at": "2027-04-01T00:00:00Z"},
    "CreditsRequest": {
        "account_id": "acc-123456789",
        "amount": 5_000_000,
        "kind": "grant",
        "reference": "ticket 7",
        "note": "an apology",
    },
    "QuotaFields": _LIMITS,
    "AllocationRequest": {"user_id": "usr-1234567890ab", **_LIMITS},
    "FileQuotaRequest": {"cpu_seconds_monthly": 500_000, "reason": "CI needs more"},
    "ChangeQuotaRequest": {"cpu_seconds_monthly": 400_000},
    "ReviewRequest": {"action": "approve", "review_notes": "Approved for CI expansion"},
    "StartSessionRequest": {
        "account_id": "acc-123456789",
        "user_id": "usr-1234567890ab",
        "cpu_cores": 2,
        "memory_gb": 4,
        "storage_gb": 10,
        "timeout_seconds": 3600,
        "session_id": "run-1",
    },
    "BudgetRequest": _BUDGET,
    "BudgetChangeRequest": {**_BUDGET, "is_active": True},
}

EVENT_EXAMPLE: Mapping[str, Any] = {
    "specversion": "1.0",
    "type": "tallybook.usage.v1",
    "source": "sandbox-host-7",
    "id": "event-1",
    "time": "2026-04-20T12:00:00Z",
    "subject": "acc-123456789",
    "data": {"meter": "cpu_seconds", "quantity": 12.5, "user_id": "usr-1234567890ab", "session_id": "run-1"},
}
