"""The letters that users get: one kind each, as text and as HTML, from templates that lie beside this module.

A fact may be anything that anybody ever typed. In a letter it is one line of bounded length, so it can neither end a
header nor begin a line that looks like ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import bidirectional, category

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "welcome": ("name", "email", "plan", "credits"),
    "invitation": ("inviter", "account", "link", "expires_at"),
    "password_reset": ("link", "expires_at", "address"),
    "password_changed": ("at", "address"),
    "email_change_current": ("account", "requester", "current_email", "new_email", "link", "expires_at"),
    "email_change_new": ("account", "requester", "current_email", "new_email", "link", "expires_at"),
    "email_changed": ("account", "at", "current_email", "new_email", "login"),
    "account_suspended": ("account", "reason", "at"),
    "account_resumed": ("account", "at"),
    "invoice": (
        *("account", "number", "plan", "period", "issued", "lines", "subtotal", "tax_rate", "tax", "total"),
        *("paid", "due", "due_date"),
    ),
    "invoice_overdue": ("account", "number", "plan", "period", "total", "paid", "due", "due_date"),
    "invoice_voided": ("account", "number", "plan", "period", "total", "reason", "given_back"),
    "quota_requested": ("account", "name", "email", "wishes", "reason", "request"),
    "quota_reviewed": ("account", "approved", "numbers", "notes"),
    "quota_reached": ("account", "period", "percent", "uses", "next_period", "storage"),
    "budget_reached": (
        *("account", "threshold", "others", "used", "budget", "percent_used", "period"),
        *("hard", "restricted", "since", "ended", "next_period"),
    ),
}
"""Each kind's facts: text, but for `credits` and `percent`, which are whole, `approved`, `storage`, `hard`,
`restricted` and `ended`, true or false, and what is listed. A name, a reason, notes or where it came from may be None,
the inviter, where the operator invites, the `login`, where nobody's is another one now, what was paid, is due or was
given back, where that is nothing, the `next_period`, where nothing is counted by it, and what has happened `since`.

A line has `text`, `amount`, `details` that have both as well, and `others`: None, or a `count` with their `amount`. Of
the `wishes`, each has a `quota`, what is `wanted` and what it is `now`, None for no limit; of the `numbers`, each the
first two. Of the `uses`, each has a `quota`, the whole `percent` that it has reached, what is `used` and the `limit`.
"""

_WHOLE = frozenset({"link"})
_LONGEST_FACT = 500
_LONGEST_PART = 150
_MOST_PARTS = 100
_LONGEST_SUBJECT = 150

_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """What a reader sees; the subject is one line."""

    subject: str
    text: str
    html: str


def render(kind: str, facts: Mapping[str, Any], *, brand: str, page_url: str) -> RenderedMail:
    """A letter of this kind. LookupError for a kind there is not; a fact that is missing is an error.

    `brand` is who writes, `page_url` the address of our own pages, like `https://api.example.com`.
    """
    if kind not in TEMPLATES:
        raise LookupError(f"There is no letter of the kind {kind!r}")
    known = {name: _tamed(name, fact) for name, fact in facts.items()}
    known |= {"brand": _one_line(brand), "page_url": page_url.rstrip("/")}
    first, _, text = _rendered(f"{kind}.txt.j2", known).partition("\n")
    subject = _clipped(first, _LONGEST_SUBJECT)
    html = _rendered(f"{kind}.html.j2", known | {"subject": subject})
    return RenderedMail(subject, text.lstrip("\n"), html)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.j2"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _rendered(template: str, facts: Mapping[str, Any]) -> str:
    return _templates().get_template(template).render(facts)


def _tamed(name: str, fact: Any) -> Any:
    if isinstance(fact, str) and name in _WHOLE:
        return _one_line(fact)
    return _bounded(fact, longest=_LONGEST_FACT)


def _bounded(fact: Any, *, longest: int = _LONGEST_PART) -> Any:
    """Text in one line of this length; what a fact is made of likewise, shorter, and so many parts."""
    match fact:
        case str():
            return _clipped(_one_line(fact), longest)
        case Mapping():
            return {name: _bounded(part) for name, part in fact.items()}
        case list() | tuple():
            return [_bounded(part) for part in fact[:_MOST_PARTS]]
    return fact


def _one_line(text: str) -> str:
    """Breaks, control characters and half characters become a space; nothing turns the direction of what follows."""
    kept = (" " if category(char) in _BREAKS else char for char in text if bidirectional(char) not in _TURNS)
    return " ".join("".join(kept).split())


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
