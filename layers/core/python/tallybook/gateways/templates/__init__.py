"""The templates of mails, each as text and as HTML, in the files of this folder.

A variable may contain anything that a user typed. In the mail it is one line of bounded length, so that it can neither
end a header nor add a line that looks like ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import bidirectional, category

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "welcome": ("name", "email", "plan", "credits"),
    "invitation": ("inviter", "account", "link", "expires_at"),
    "password_reset": ("link", "expires_at", "address", "keys", "root_users", "unlisted"),
    "password_changed": ("at", "address", "ended_keys", "keys", "root_users", "unlisted"),
    "api_key_created": ("key", "at", "expires_at", "made_with", "operator", "address"),
    "email_change_current": ("account", "requester", "current_email", "new_email", "link", "expires_at"),
    "email_change_new": ("account", "requester", "current_email", "new_email", "link", "expires_at"),
    "email_changed": ("account", "at", "current_email", "new_email", "login"),
    "account_suspended": ("account", "reason", "at"),
    "account_resumed": ("account", "at"),
    "invoice": (
        *("account", "number", "plan", "period", "issued", "lines", "subtotal", "tax_rate", "tax", "total"),
        *("paid", "due", "due_date"),
    ),
    "invoice_overdue": ("account", "invoices", "due"),
    "invoice_voided": ("account", "number", "plan", "period", "total", "reason", "given_back"),
    "quota_requested": ("account", "name", "email", "wishes", "reason", "request"),
    "quota_reviewed": ("account", "approved", "numbers", "notes"),
    "quota_reached": ("account", "period", "percent", "uses", "next_period", "storage"),
    "budget_reached": (
        *("account", "threshold", "others", "used", "budget", "percent_used", "period"),
        *("hard", "restricted", "since", "ended", "next_period"),
    ),
}
"""The variables of each template's context.

A variable is text, except:

- `credits`, `percent` and `unlisted`: whole numbers
- `keys`, `ended_keys`: each `name` and `created`
- `root_users`: each `name`, which may be None, `email` and `since`; `unlisted` is the number of the others
- `operator`, `approved`, `storage`, `hard`, `restricted`, `ended`: bool
- `others` of `budget_reached`: the other thresholds reached, each like "50 %"
- `invoices`, the overdue ones: each `number`, `plan`, `period`, `total`, `paid`, `due` and `due_date`
- `lines`: each `text`, `amount`, `details` (each `text` and `amount`), and `others`, None or `count` and `amount`
- `wishes`, the requested quotas: each `quota`, `wanted`, and `now`, which is None without a limit
- `numbers`: each `quota` and `wanted`
- `uses`: each `quota`, `percent`, `used` and `limit`

These may be None: `name`, `reason`, `notes` and `address`; `inviter`, if the operator invites; `login`, if no sign-in
email changed; `made_with`, if no key made the key, and its `expires_at`; `paid`, `due`, `due_date` and `given_back`, if
the amount is zero; `next_period`, if no monthly quota is reached; `since`, "changed" or "deleted", if the budget is
unchanged since the alert.
"""

_STYLES: Mapping[str, str] = {
    "font": "font-family:Helvetica,Arial,sans-serif;",
    "ink": "font-size:16px;line-height:1.5;color:#1c2026;",
    "small": "font-size:14px;line-height:1.5;color:#56606c;",
    "pale": "font-size:13px;line-height:1.5;color:#56606c;",
}
"""What each cell repeats, because Outlook for Windows inherits no font from the cell around a table."""

_UNBOUNDED = frozenset({"link"})
_LONGEST_VALUE = 500
_LONGEST_PART = 150
_MOST_PARTS = 100
_LONGEST_SUBJECT = 150

_BREAK_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_CHANGES = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """The subject is one line. Text and HTML may have a link with a token."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def render(template: str, context: Mapping[str, Any], *, brand: str, page_url: str) -> RenderedMail:
    """The mail of this template. LookupError for an unknown template, jinja2's UndefinedError for a missing variable.

    `brand` is the sender's name, `page_url` the address of our own pages, like `https://api.example.com`.
    """
    if template not in TEMPLATES:
        raise LookupError(f"There is no template {template!r}")
    variables = {name: _sanitize(name, value) for name, value in context.items()}
    variables |= {"brand": _one_line(brand), "page_url": page_url.rstrip("/")}
    first, _, text = _render_file(f"{template}.txt.j2", variables).partition("\n")
    subject = _clip(first, _LONGEST_SUBJECT)
    html = _render_file(f"{template}.html.j2", variables | {"subject": subject})
    return RenderedMail(subject, text.lstrip("\n"), html)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.j2"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(_STYLES)
    return environment


def _render_file(file: str, variables: Mapping[str, Any]) -> str:
    return _environment().get_template(file).render(variables)


def _sanitize(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in _UNBOUNDED:
        return _one_line(value)
    return _bound(value, longest=_LONGEST_VALUE)


def _bound(value: Any, *, longest: int = _LONGEST_PART) -> Any:
    """Text as one line of at most this length; at most 100 parts of a list or mapping, each a shorter line."""
    match value:
        case str():
            return _clip(_one_line(value), longest)
        case Mapping():
            return {name: _bound(part) for name, part in value.items()}
        case list() | tuple():
            return [_bound(part) for part in value[:_MOST_PARTS]]
    return value


def _one_line(text: str) -> str:
    """Line breaks, control characters and surrogates become a space; changes of the text direction are removed."""
    kept = (
        " " if category(char) in _BREAK_CATEGORIES else char
        for char in text
        if bidirectional(char) not in _DIRECTION_CHANGES
    )
    return " ".join("".join(kept).split())


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
