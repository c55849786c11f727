"""Mails rendered from a sample context of every template."""

from typing import Any

from tallybook.gateways.templates import TEMPLATES, RenderedMail, render
from tests.support.markup import Markup

PAGES = "https://api.example.com"
CONTEXT: dict[str, Any] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "plan": "Pro",
    "credits": 1_000_000,
    "inviter": "Grace Hopper",
    "account": "Engines & Sons",
    "link": f"{PAGES}/auth/password#rst-Zx81_-" + "k" * 40,
    "expires_at": "27 April 2026, 12:34 UTC",
    "requester": "Grace Hopper",
    "current_email": "owner@example.com",
    "new_email": "billing@example.com",
    "login": "billing@example.com",
    "at": "28 April 2026, 07:00 UTC",
    "address": "203.0.113.7",
    "reason": "Two bills are overdue",
    "number": "7",
    "period": "1 April 2026 to 30 April 2026",
    "issued": "1 May 2026",
    "lines": [
        {"text": "Subscription Fee for Pro plan", "amount": "20.00 USD", "details": [], "others": None},
        {
            "text": "Resource Usage",
            "amount": "9.87 USD",
            "details": [
                {"text": "150,000 CPU seconds", "amount": "2.10 USD"},
                {"text": "1,440 container minutes (M)", "amount": "7.40 USD"},
            ],
            "others": {"count": 12, "amount": "0.37 USD"},
        },
        {"text": "Carried from last invoice", "amount": "-0.50 USD", "details": [], "others": None},
    ],
    "invoices": [
        {
            "number": "7",
            "plan": "Pro",
            "period": "1 April 2026 to 30 April 2026",
            "total": "31.83 USD",
            "paid": "1.83 USD",
            "due": "29.58 USD",
            "due_date": "8 May 2026",
        },
        {
            "number": "8",
            "plan": "Hobby",
            "period": "1 May 2026 to 31 May 2026",
            "total": "0.42 USD",
            "paid": None,
            "due": "0.42 USD",
            "due_date": "8 June 2026",
        },
    ],
    "subtotal": "29.37 USD",
    "tax_rate": "8.25 %",
    "tax": "2.46 USD",
    "total": "31.83 USD",
    "paid": "1.83 USD",
    "due": "30.00 USD",
    "due_date": "8 May 2026",
    "given_back": "4.56 USD",
    "wishes": [
        {"quota": "CPU seconds a month", "wanted": "500,000", "now": "200,000"},
        {"quota": "GB of template storage", "wanted": "10", "now": None},
    ],
    "request": "qrq-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10",
    "approved": True,
    "numbers": [{"quota": "CPU seconds a month", "wanted": "500,000"}],
    "notes": "Until the launch",
    "percent": 100,
    "uses": [
        {"quota": "CPU seconds a month", "percent": 100, "used": "500,012.5", "limit": "500,000"},
        {"quota": "GB of template storage", "percent": 80, "used": "8.75", "limit": "10"},
    ],
    "next_period": "1 May 2026",
    "storage": True,
    "threshold": "80 %",
    "others": ["50 %", "66.67 %"],
    "used": "1,082.50 USD",
    "percent_used": "82.5 %",
    "budget": "1,312.12 USD",
    "hard": True,
    "restricted": False,
    "ended": False,
    "since": None,
    "keys": [{"name": "ci", "created": "2 March 2026, 10:00 UTC"}],
    "ended_keys": [
        {"name": "laptop", "created": "3 March 2026, 10:00 UTC"},
        {"name": "phone", "created": "4 March 2026, 10:00 UTC"},
    ],
    "root_users": [
        {"name": "Charles Babbage", "email": "charles@example.com", "since": "5 March 2026, 10:00 UTC"},
        {"name": None, "email": "mary@example.com", "since": "6 March 2026, 10:00 UTC"},
    ],
    "unlisted": 3,
    "key": "robot",
    "made_with": "tablet",
    "operator": False,
}


def render_sample(template: str, /, **changes: Any) -> RenderedMail:
    """The template with the sample context and these changes to it."""
    context = {name: CONTEXT[name] for name in TEMPLATES[template]}
    return render(template, context | changes, brand="Tallybook", page_url=PAGES)


def render_texts(template: str, /, **changes: Any) -> tuple[str, str]:
    """The plain text and the text of the HTML, each in one line."""
    mail = render_sample(template, **changes)
    return one_line(mail.text), one_line(Markup(mail.html).text)


def one_line(text: str) -> str:
    return " ".join(text.split())


def from_first_item(text: str) -> str:
    """The part of a mail from its first list item to the line above the footer."""
    return text[text.index("  - ") : text.index("\n--")]
