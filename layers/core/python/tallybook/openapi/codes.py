"""Every code of an error that the API answers, with a message as it is answered. Its status is its operation's."""

from collections.abc import Mapping

from tallybook.domain.errors import TallybookError, Unavailable
from tallybook.wire.response import STATUS

CODES: Mapping[str, str] = {
    "account_suspended": "This account is suspended",
    "admission_refused": "The session may not start: user_concurrent_sandboxes: 3 of 3",
    "allocation_exists": "This user has an active allocation already",
    "allocation_not_active": "This allocation is not active any more",
    "already_joined": "This user has set a password already",
    "budget_exists": "This account has a budget already; PUT changes it",
    "email_change_pending": "A change of the email waits to be confirmed; clear it first",
    "email_exists": "This email is already registered",
    "email_unreachable": "Mail to this address bounced",
    "foreign_invoice": "This invoice belongs to another account",
    "idempotency_key_reused": "This Idempotency-Key was sent with another request",
    "internal_error": "Something went wrong on our side",
    "invalid_credentials": "Email or password is wrong",
    "invalid_date_range": "end must not be before start",
    "invalid_email": "email is not a valid email address",
    "invalid_name": "name must have 1 to 100 characters and no control characters or invisible ones",
    "invalid_password": "The password is wrong",
    "invalid_request": "The body is not valid JSON",
    "invalid_thresholds": "alert_thresholds has 21; 20 are the most",
    "invalid_token": "This link is not valid any more; ask for a new one",
    "invoice_overdue": "An invoice is overdue; pay it first",
    "method_not_allowed": "This method is not allowed here",
    "missing_scope": "This key lacks the scope usage:write",
    "no_catalog": "No catalog has been applied yet",
    "no_quota_field": "A request needs at least one of the quota fields",
    "not_found": "There is no such resource",
    "origin_not_allowed": "This origin is not allowed",
    "own_user": "Another root user has to do this to you",
    "payment_required": "This plan needs a verified payment method or a balance above the welcome credit",
    "plan_change_in_progress": "The subscription was changed at the same moment; try again",
    "quota_exceeds_plan": "cpu_seconds_monthly: allocations add up to 200, and the plan has 100",
    "reference_reused": "This reference was used for another kind or amount",
    "request_decided": "This request has been approved already",
    "request_pending": "You have a pending request already; change or withdraw it",
    "root_user_required": "This needs a root user of the account",
    "same_plan": "plan_name is the plan that the account is on",
    "session_exists": "This session_id belongs to another session",
    "too_large": "The request body is too large",
    "too_many_allocations": "An account has at most 1000 allocations; delete some first",
    "too_many_keys": "A user has at most 50 API keys",
    "too_many_pending": "1000 requests of this account are pending",
    "too_many_requests": "Too many attempts; try again later",
    "too_many_users": "An account has at most 1000 users, deleted ones included",
    "unauthorized": "A valid credential is required",
    "unavailable": "Too much is going on at once; try again",
    "unknown_encoding": "Content-Encoding must be gzip or deflate, or left out",
    "unknown_plan": "plan_name must be one of hobby, pro",
    "unreadable_events": "The event can't be read: data must be an object",
    "user_disabled": "This user is disabled",
    "user_suspended": "This user is suspended",
    "weak_password": "password must have 8 to 1024 characters",
}

CLASSES: Mapping[int, type[TallybookError]] = {status: kind for kind, status in STATUS.items()}
"""The class of the errors of each status."""


USUAL: Mapping[int, tuple[str, ...]] = {
    **{status: (kind.code,) for status, kind in CLASSES.items()},
    STATUS[Unavailable]: (Unavailable.code, "no_catalog"),
}
"""The codes of a status in most operations."""
