"""One outbox item for each mail template, exactly as the template's first release stored it.

Do not change them: such items may wait in a table while a new release is deployed.
"""

from typing import Any

ADA, BOB, NEW = "ada@example.com", "bob@example.com", "new@example.com"
CREATED_AT = "2026-04-20T12:34:56.000Z"
ITEM_ID = "db385af2-2019-8a07-a224-783bd69c4299"

_BODIES: list[dict[str, Any]] = [
    {
        "letter": "welcome",
        "to": [ADA],
        "facts": {"name": None, "email": ADA, "plan": "Hobby", "credits": 1},
    },
    {
        "letter": "invitation",
        "to": [BOB],
        "facts": {"inviter": None, "account": "Acme"},
        "purpose": "invitation",
        "account_id": "ACCOUNT_ID",
        "user_id": "USER_ID",
    },
    {
        "letter": "password_reset",
        "to": [ADA],
        "facts": {"address": "203.0.113.7"},
        "purpose": "reset",
    },
    {
        "letter": "password_changed",
        "to": [ADA],
        "facts": {"at": "20 April 2026, 12:34 UTC", "address": None},
    },
    {
        "letter": "api_key_created",
        "to": [ADA],
        "facts": {
            "key": "ci",
            "at": "20 April 2026, 12:34 UTC",
            "expires_at": None,
            "made_with": None,
            "operator": False,
            "address": None,
        },
    },
    {
        "letter": "email_change_current",
        "to": [ADA],
        "facts": {"account": "Acme", "requester": ADA, "current_email": ADA, "new_email": NEW},
        "account_id": "ACCOUNT_ID",
        "email_change": "EMAIL_CHANGE",
    },
    {
        "letter": "email_change_new",
        "to": [NEW],
        "facts": {"account": "Acme", "requester": ADA, "current_email": ADA, "new_email": NEW},
        "account_id": "ACCOUNT_ID",
        "email_change": "EMAIL_CHANGE",
    },
    {
        "letter": "email_changed",
        "to": [ADA, NEW],
        "facts": {
            "account": "Acme",
            "at": "20 April 2026, 12:34 UTC",
            "current_email": ADA,
            "new_email": NEW,
            "login": None,
        },
    },
    {
        "letter": "account_suspended",
        "to": [ADA],
        "facts": {"account": "Acme", "at": "20 April 2026, 12:34 UTC", "reason": "Two bills are overdue"},
    },
    {
        "letter": "account_resumed",
        "to": [ADA],
        "facts": {"account": "Acme", "at": "20 April 2026, 12:34 UTC"},
    },
    {
        "letter": "invoice",
        "to": [ADA],
        "facts": {},
        "account_id": "ACCOUNT_ID",
        "invoice": 1,
    },
    {
        "letter": "invoice_overdue",
        "to": [ADA],
        "facts": {},
        "account_id": "ACCOUNT_ID",
        "invoice": 1,
    },
    {
        "letter": "invoice_voided",
        "to": [ADA],
        "facts": {"given_back": 1_000_000},
        "account_id": "ACCOUNT_ID",
        "invoice": 1,
    },
    {
        "letter": "quota_requested",
        "to": [ADA],
        "facts": {
            "account": "Acme",
            "name": None,
            "email": BOB,
            "wishes": [
                {"quota": "CPU seconds a month", "wanted": "500,000", "now": "200,000"},
                {"quota": "GB of template storage", "wanted": "10", "now": None},
            ],
            "reason": "Load tests",
            "request": "qrq-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10",
        },
    },
    {
        "letter": "quota_reviewed",
        "to": [BOB],
        "facts": {
            "account": "Acme",
            "approved": False,
            "numbers": [{"quota": "CPU seconds a month", "wanted": "500,000"}],
            "notes": None,
        },
    },
    {
        "letter": "quota_reached",
        "to": [BOB],
        "facts": {
            "account": "Acme",
            "period": "20 April 2026 to 19 May 2026",
            "uses": [{"quota": "CPU seconds a month", "percent": 80, "used": "400,012.5", "limit": "500,000"}],
            "percent": 80,
            "next_period": "20 May 2026",
            "storage": False,
        },
    },
    {
        "letter": "budget_reached",
        "to": [ADA, BOB],
        "facts": {
            "account": "Acme",
            "threshold": "80 %",
            "others": ["50 %"],
            "used": "80.00 USD",
            "budget": "100.00 USD",
            "percent_used": "80 %",
            "period": "20 April 2026 to 19 May 2026",
            "next_period": "20 May 2026",
            "hard": False,
            "restricted": False,
            "since": None,
            "ended": False,
        },
        "account_id": "ACCOUNT_ID",
        "messages": [1, 2],
    },
]
BODIES: dict[str, dict[str, Any]] = {body["letter"]: body for body in _BODIES}


def stored_mail(template: str, **ids: str) -> dict[str, Any]:
    """The item without its key; `ids` gives the values of account_id, user_id and email_change."""
    body = BODIES[template]
    return {
        "id": ITEM_ID,
        "kind": "mail",
        "created_at": CREATED_AT,
        "account_id": ids["account_id"],
        "body": body | {name: value for name, value in ids.items() if name in body},
        "state": "waiting",
        "work": "outbox#1",
        "due": CREATED_AT,
        "attempts": 0,
        "claims": 0,
    }
