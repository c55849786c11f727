"""Request bodies: the schemas of the models in `wire/requests/`, with the limits that the services check.

A test sends a value beyond each of these limits to each route.
"""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.budget_terms import HIGHEST, MOST_AMOUNT, MOST_EMAILS, MOST_THRESHOLDS
from tallybook.domain.ids import ACCOUNT, USER
from tallybook.openapi.answers.fields import ID_SHAPE
from tallybook.openapi.schemas import Schema
from tallybook.wire.requests import bodies, budget_bodies
from tallybook.wire.requests.bodies import RequestBody

_EMAIL = {"format": "email", "maxLength": 320}
_PASSWORD = {"format": "password", "minLength": 8, "maxLength": 1024}
_NAME = {"minLength": 1, "maxLength": 100, "description": "Without control characters or invisible ones."}
_OPTIONAL_NAME = {"maxLength": 100, "description": "1 to 100 characters, without control or invisible ones."}
_REASON = {"minLength": 1, "maxLength": 1000}
_NOTE = {"maxLength": 1000}
_ACCOUNT_ID = {"pattern": f"^{ACCOUNT}{ID_SHAPE}$"}
_USER_ID = {"pattern": f"^{USER}{ID_SHAPE}$"}
_LINK = {"description": "From the link in the mail."}
_SIZE = {
    "anyOf": None,
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": 100_000,
    "description": "With at most 3 decimals.",
}
_PERCENT_TEXT = {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})?$"}
_PERCENT = [{"type": "number", "minimum": 0, "maximum": 100}, _PERCENT_TEXT]
_THRESHOLD = {"$ref": "#/components/schemas/ThresholdFields"}
_BUDGET: Mapping[str, Mapping[str, Any]] = {
    "budget_amount": {
        "anyOf": None,
        "pattern": None,
        "default": None,
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": MOST_AMOUNT,
        "description": "With no more decimals than the currency has.",
    },
    "alert_thresholds": {
        "items": {"anyOf": [_THRESHOLD, {"type": "number", "exclusiveMinimum": 0, "maximum": HIGHEST}]},
        "maxItems": MOST_THRESHOLDS,
        "description": "All different; a bare number is an enabled threshold. By default 50, 80 and 100 percent.",
    },
    "notification_emails": {
        "items": {"type": "string", "format": "email"},
        "description": f"Who gets alerts beside the account; at most {MOST_EMAILS} different addresses.",
    },
    "limit_type": {"description": "A hard budget that is used up stops new sessions."},
}

LIMITS: Mapping[type[RequestBody], Mapping[str, Mapping[str, Any]]] = {
    bodies.RegisterRequest: {"email": _EMAIL, "password": _PASSWORD, "name": _OPTIONAL_NAME},
    bodies.LoginRequest: {"email": _EMAIL, "password": {"format": "password"}},
    bodies.ChangePasswordRequest: {
        "current_password": {"format": "password"},
        "password": _PASSWORD,
        "end_api_keys": {"description": "Whether the user's API keys end too."},
    },
    bodies.ResetRequest: {"email": _EMAIL},
    bodies.PasswordLinkRequest: {"token": _LINK},
    bodies.SetPasswordRequest: {"token": _LINK, "password": _PASSWORD, "name": _OPTIONAL_NAME},
    bodies.EmailChangeRequest: {
        "current_email": {"description": "The account's email."},
        "new_email": _EMAIL,
    },
    bodies.ConfirmEmailRequest: {"token": {**_LINK, "examples": ["uuid-token-from-email"]}},
    bodies.InvitationRequest: {"email": _EMAIL, "display_name": _OPTIONAL_NAME},
    bodies.UserRequest: {
        "display_name": _OPTIONAL_NAME,
        "suspension_reason": {"maxLength": 1000, "description": "1 to 1,000 characters."},
    },
    bodies.PlanRequest: {"plan_name": {"description": "The plan's slug."}},
    bodies.ReasonRequest: {"reason": _REASON},
    bodies.TermsRequest: {
        "tax_rate": {"anyOf": _PERCENT, "description": "Percent, with at most 4 decimals."},
        "discount": {"anyOf": _PERCENT, "description": "Percent, with at most 4 decimals.", "default": None},
    },
    bodies.ProfileRequest: {
        "display_name": {**_OPTIONAL_NAME, "default": None},
        "description": {**_NOTE, "default": None},
        "time_zone": {"description": "An IANA name, like `Europe/Berlin`.", "default": None},
    },
    bodies.ApiKeyRequest: {
        "name": _NAME,
        "expires_at": {"description": "RFC 3339 with an offset, in the future; null for a key without an end."},
    },
    bodies.CreditsRequest: {
        "account_id": _ACCOUNT_ID,
        "amount": {"description": "Credits; above 0 for a grant, not 0 for an adjustment."},
        "reference": {"description": "The same reference moves the credits once."},
    },
    bodies.AllocationRequest: {"user_id": _USER_ID},
    bodies.FileQuotaRequest: {"reason": _REASON},
    bodies.ChangeQuotaRequest: {"reason": {**_NOTE, "default": None}},
    bodies.ReviewRequest: {"review_notes": _NOTE},
    bodies.StartSessionRequest: {
        "account_id": _ACCOUNT_ID,
        "user_id": _USER_ID,
        "cpu_cores": _SIZE,
        "memory_gb": _SIZE,
        "storage_gb": _SIZE,
        "session_id": {
            "pattern": "^[A-Za-z0-9_-]{1,64}$",
            "description": "The platform's own id; a new one is made without it.",
        },
    },
    budget_bodies.BudgetRequest: _BUDGET,
    budget_bodies.BudgetChangeRequest: {
        **_BUDGET,
        "limit_type": {**_BUDGET["limit_type"], "default": None},
        "is_active": {"default": None},
    },
}
"""What a field's schema gets beyond its type; None takes a keyword away."""

_THRESHOLD_FIELDS = {"percent": {"anyOf": None, "type": "number", "exclusiveMinimum": 0, "maximum": HIGHEST}}


def with_limits(name: str, schema: Schema) -> Schema:
    """The body's schema with the limits of its fields."""
    limits = _BY_NAME.get(name, {})
    fields = {field: _merged(found, limits.get(field, {})) for field, found in schema.get("properties", {}).items()}
    return {**schema, **({"properties": fields} if fields else {})}


def _merged(schema: Schema, more: Mapping[str, Any]) -> Schema:
    """The limits take the place of the type's own; whether it may be null stays as the model has it."""
    merged = {name: part for name, part in {**schema, **more}.items() if part is not None or name not in more}
    if not _may_be_null(schema) or _may_be_null(merged):
        return merged
    if "anyOf" in merged:
        return {**merged, "anyOf": [*merged["anyOf"], {"type": "null"}]}
    return {**merged, "type": [merged["type"], "null"]}


def _may_be_null(schema: Schema) -> bool:
    return "null" in schema.get("type", ()) or {"type": "null"} in (schema.get("anyOf") or ())


_BY_NAME: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    **{model.__name__: limits for model, limits in LIMITS.items()},
    budget_bodies.ThresholdFields.__name__: _THRESHOLD_FIELDS,
}
