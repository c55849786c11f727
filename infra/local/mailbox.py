"""The pages of the local bundle: `/` links what there is, and `/_local/documents/` shows the documents.

`/_local/mail` lists the mails that the emulated SES accepted, newest first, and shows each as its recipient sees it.

Mails contain links that give access to accounts. The proxy refuses requests of other sites before they come here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.local.cloud import Cloud
from infra.local.documents import DOCUMENTS
from infra.local.reference import document_json, reference_page
from tallybook.domain.times import parse_instant, readable, stamp

type Answer = tuple[int, list[tuple[str, str]], bytes]

_ROOT = "/_local"
_READS = ("GET", "HEAD")
_REFERENCE = {"/reference": ("text/html", reference_page), "/openapi.json": ("application/json", document_json)}

_HEADERS = [
    # Also applies to the frame with the mail: inline styles, no scripts, nothing from other hosts.
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("mailbox_pages")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True, slots=True)
class SentMail:
    """One mail as SES accepted it."""

    id: str
    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    subject: str
    text: str
    html: str
    sent_at: str

    @property
    def date(self) -> str:
        """When it was sent, for people."""
        return readable(parse_instant(self.sent_at))


def is_local(method: str, path: str) -> bool:
    """Whether the proxy answers this request itself, instead of the API."""
    plain = path.partition("?")[0]
    return plain == _ROOT or plain.startswith(f"{_ROOT}/") or (plain == "/" and method in _READS)


def answer_locally(method: str, path: str, cloud: Cloud) -> Answer:
    """The page at a local path, or 404."""
    if method not in _READS:
        status, headers, content = _refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        return status, [*headers, ("Allow", ", ".join(_READS))], content
    page = unquote(path.partition("?")[0]).removeprefix(_ROOT).rstrip("/")
    if page == "":
        return _html("start", documents=DOCUMENTS)
    if page.startswith("/documents/") and (document := DOCUMENTS.get(page.removeprefix("/documents/"))):
        return _answer(HTTPStatus.OK, "text/plain", document.read_text(encoding="utf-8"))
    if page.startswith("/mail"):
        return _mail(page.removeprefix("/mail"), _sent_mails(cloud))
    if page in _REFERENCE:
        media_type, render = _REFERENCE[page]
        return _answer(HTTPStatus.OK, media_type, render())
    return _refusal(HTTPStatus.NOT_FOUND)


def _mail(name: str, mails: list[SentMail]) -> Answer:
    if name == "":
        return _html("list", mails=mails)
    if name == ".json":
        return _answer(HTTPStatus.OK, "application/json", json.dumps({"mails": [asdict(mail) for mail in mails]}))
    for mail in mails:
        if name == f"/{mail.id}":
            return _html("mail", mail=mail, headers=_headers_of(mail), framed=_framed(mail.html))
    return _refusal(HTTPStatus.NOT_FOUND)


def _sent_mails(cloud: Cloud) -> list[SentMail]:
    """All mails, newest first."""
    with cloud.open("/_ministack/ses/messages") as answer:
        mailboxes = json.load(answer)["messages"].values()
    newest_first = sorted((mail for mails in mailboxes for mail in mails), key=lambda mail: -mail["Timestamp"])
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
    recipients = [("To", mail.to), ("Cc", mail.cc), ("Bcc", mail.bcc)]
    named = [(name, ", ".join(addresses)) for name, addresses in recipients if addresses]
    return [("From", mail.sender), *named, ("Date", mail.date), ("Message-ID", mail.id)]


def _framed(html: str) -> str:
    """The mail's HTML for the frame; its links open in a new tab."""
    return f'<!DOCTYPE html><base target="_blank">{html}'


def _html(template: str, **content: Any) -> Answer:
    return _answer(HTTPStatus.OK, "text/html", _PAGES.get_template(f"{template}.html").render(content))


def _refusal(status: HTTPStatus) -> Answer:
    return _answer(status, "application/json", json.dumps({"message": status.phrase}))


def _answer(status: int, kind: str, content: str) -> Answer:
    return status, [("Content-Type", f"{kind}; charset=utf-8"), *_HEADERS], content.encode(errors="replace")
