"""`/_local/mail`: every mail that the emulated SES was given, newest first, as its reader would see it.

Mails hold links that open accounts, so only who asks by a name of this computer is answered: a page of another
site, whose own name was pointed here, is not.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote
from urllib.request import urlopen

from jinja2 import DictLoader, Environment, StrictUndefined

from tallybook.domain.times import stamp

type Answer = tuple[int, list[tuple[str, str]], bytes]

_ROOT = "/_local"
_THIS_COMPUTER = frozenset({"localhost", "127.0.0.1"})
_ANSWERS_WITHIN = 10.0

_HEADERS = [
    # A mail in its frame is held to this too: its own styles, no script, nothing from elsewhere.
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]

_TEMPLATES = {
    "layout": """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}{% endblock %}</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid #8886; text-align: left; vertical-align: top; }
tbody th { width: 7rem; font-weight: normal; opacity: 0.75; }
iframe { box-sizing: border-box; width: 100%; height: 34rem; border: 1px solid #8886; resize: vertical; }
pre { padding: 1rem; border: 1px solid #8886; white-space: pre-wrap; }
</style>
</head>
<body>
<nav>{% block back %}<a href="/_local/">This computer</a>{% endblock %}</nav>
<h1>{{ self.title() }}</h1>
{% block body %}{% endblock %}
</body>
</html>
""",
    "start": """{% extends "layout" %}
{% block title %}This computer{% endblock %}
{% block back %}{% endblock %}
{% block body %}
<ul><li><a href="/_local/mail">Mail</a>: what was sent, as its readers would see it</li></ul>
{% endblock %}
""",
    "list": """{% extends "layout" %}
{% block title %}Mail{% endblock %}
{% block body %}
{% if mails %}
<table>
<thead><tr><th>To</th><th>Subject</th><th>Sent</th></tr></thead>
{% for mail in mails %}
<tr>
<td>{{ mail.to | join(", ") }}</td>
<td><a href="/_local/mail/{{ mail.id | urlencode }}">{{ mail.subject or "(no subject)" }}</a></td>
<td>{{ mail.sent_at }}</td>
</tr>
{% endfor %}
</table>
{% else %}
<p>No mail was sent yet.</p>
{% endif %}
{% endblock %}
""",
    "mail": """{% extends "layout" %}
{% block title %}{{ mail.subject or "(no subject)" }}{% endblock %}
{% block back %}<a href="/_local/mail">Mail</a>{% endblock %}
{% block body %}
<table><tbody>
{% for name, value in headers %}
<tr><th scope="row">{{ name }}</th><td>{{ value }}</td></tr>
{% endfor %}
</tbody></table>
{% if mail.html %}
<h2>HTML</h2>
<iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="{{ framed }}"></iframe>
{% endif %}
<h2>Text</h2>
<pre>{{ mail.text }}</pre>
{% endblock %}
""",
}

_PAGES = Environment(loader=DictLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail as SES was given it."""

    id: str
    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    subject: str
    text: str
    html: str
    sent_at: str


def is_local(path: str) -> bool:
    """Whether a path is about this computer, not the API's."""
    return path == _ROOT or path.startswith(f"{_ROOT}/")


def answer_locally(method: str, path: str, *, host: str, cloud: str) -> Answer:
    """The page at a local path, or 404; `host` is the request's, `cloud` the emulator's, both with their ports."""
    if host.partition(":")[0].lower() not in _THIS_COMPUTER:
        return _refusal(HTTPStatus.FORBIDDEN)
    if method not in ("GET", "HEAD"):
        return _refusal(HTTPStatus.METHOD_NOT_ALLOWED)
    where = unquote(path.partition("?")[0]).removeprefix(_ROOT).rstrip("/")
    if where == "":
        return _html("start")
    if where.startswith("/mail"):
        return _mail(where.removeprefix("/mail"), _sent(cloud))
    return _refusal(HTTPStatus.NOT_FOUND)


def _mail(which: str, mails: list[SentMail]) -> Answer:
    if which == "":
        return _html("list", mails=mails)
    if which == ".json":
        return _answer(HTTPStatus.OK, "application/json", json.dumps({"mails": [asdict(mail) for mail in mails]}))
    for mail in mails:
        if which == f"/{mail.id}":
            return _html("mail", mail=mail, headers=_headers_of(mail), framed=_framed(mail.html))
    return _refusal(HTTPStatus.NOT_FOUND)


def _sent(cloud: str) -> list[SentMail]:
    """All of them, newest first."""
    with urlopen(f"http://{cloud}/_ministack/ses/messages", timeout=_ANSWERS_WITHIN) as answer:
        kept = json.load(answer)["messages"].values()
    newest_first = sorted((mail for mails in kept for mail in mails), key=lambda mail: -mail["Timestamp"])
    return [_read(mail) for mail in newest_first]


def _read(mail: dict[str, Any]) -> SentMail:
    return SentMail(
        id=mail["MessageId"],
        sender=mail["Source"],
        to=mail["To"],
        cc=mail["CC"],
        bcc=mail["BCC"],
        subject=mail["Subject"],
        text=mail["BodyText"],
        html=mail["BodyHtml"] or "",
        sent_at=stamp(datetime.fromtimestamp(mail["Timestamp"], UTC)),
    )


def _headers_of(mail: SentMail) -> list[tuple[str, str]]:
    people = [("To", mail.to), ("Cc", mail.cc), ("Bcc", mail.bcc)]
    told = [(name, ", ".join(addresses)) for name, addresses in people if addresses]
    return [("From", mail.sender), *told, ("Date", mail.sent_at), ("Message-ID", mail.id)]


def _framed(html: str) -> str:
    """The mail's own document, whose links open beside this page, not in its frame."""
    return f'<!DOCTYPE html><base target="_blank">{html}'


def _html(template: str, **content: Any) -> Answer:
    return _answer(HTTPStatus.OK, "text/html", _PAGES.get_template(template).render(content))


def _refusal(status: HTTPStatus) -> Answer:
    return _answer(status, "application/json", json.dumps({"message": status.phrase}))


def _answer(status: int, kind: str, content: str) -> Answer:
    return status, [("Content-Type", f"{kind}; charset=utf-8"), *_HEADERS], content.encode(errors="replace")
