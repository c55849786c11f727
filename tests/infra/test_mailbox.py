"""The local mailbox shows the mails that the gateway sent to the emulated SES."""

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote

import pytest

from infra.local.cloud import Cloud, Credentials, free_port
from infra.local.proxy import Proxy
from tallybook.gateways.mail import Mail, TransientMailError
from tallybook.gateways.templates import TEMPLATES, RenderedMail, render
from tests.gateways.rendering import CONTEXT
from tests.support.markup import Markup

SENDER = "Tallybook <hello@example.com>"
LINK = "http://localhost:8000/auth/password#reset-token"
RESET = render(
    "password_reset",
    {name: CONTEXT[name] for name in TEMPLATES["password_reset"]} | {"link": LINK},
    brand="Tallybook",
    page_url="http://localhost:8000",
)
EVIL = RenderedMail("<i>subject</i>", "<b>text</b>", '"><script>alert(1)</script>')


@pytest.fixture
def ses(_emulator: Any) -> Any:
    cloud, _ = _emulator
    cloud.reset()
    client = cloud.client("sesv2")
    client.create_email_identity(EmailIdentity="example.com")
    return client


@pytest.fixture
def mail(ses: Any) -> Mail:
    return Mail(ses, sender=SENDER, configuration_set=None)


@pytest.fixture
def port(_emulator: Any) -> Iterator[int]:
    number = free_port()
    with Proxy(number) as proxy:
        proxy.serve(_emulator[0], "abcd1234")
        yield number


def get(port: int, path: str, *, method: str = "GET", host: str | None = None) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Host": host or f"localhost:{port}"})
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def markup(port: int, path: str) -> Markup:
    answer, html = get(port, path)
    assert answer.status == 200
    return Markup(html)


def mails(port: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(get(port, "/_local/mail.json")[1])["mails"]
    return found


def test_without_mail_the_mailbox_says_so(port: int, mail: Mail) -> None:
    assert "No mail was sent yet" in markup(port, "/_local/mail").text


def test_the_list_has_every_mail_newest_first(port: int, mail: Mail) -> None:
    sent = []
    for number in range(3):
        sent.append(mail.send(f"user{number}@example.org", RenderedMail(f"Letter {number}", "text", "html"), tags={}))
        time.sleep(0.01)
    page = markup(port, "/_local/mail")
    links = [link["href"] for link in page.all("a") if str(link["href"]).startswith("/_local/mail/")]
    assert links == [f"/_local/mail/{quote(one)}" for one in reversed(sent)]
    assert "user2@example.org" in page.text
    assert page.text.index("Letter 2") < page.text.index("Letter 1") < page.text.index("Letter 0")
    assert [one["id"] for one in mails(port)] == sent[::-1]


def test_a_mails_page_has_its_html_text_and_headers(port: int, mail: Mail) -> None:
    sent = mail.send("ada@example.org", RESET, tags={"kind": "password_reset"})
    page = markup(port, f"/_local/mail/{quote(sent)}")
    [frame] = page.all("iframe")
    assert frame["srcdoc"] == f'<!DOCTYPE html><base target="_blank">{RESET.html}'
    assert frame["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    for text_shown in ("ada@example.org", SENDER, sent, RESET.subject, " ".join(RESET.text.split())):
        assert text_shown in page.text


def test_scripts_get_the_mails_as_json(port: int, mail: Mail) -> None:
    sent = mail.send("ada@example.org", RESET, tags={})
    [one] = mails(port)
    assert (one["id"], one["sender"], one["to"], one["cc"], one["bcc"]) == (sent, SENDER, ["ada@example.org"], [], [])
    assert (one["subject"], one["text"], one["html"]) == (RESET.subject, RESET.text, RESET.html)


@pytest.mark.parametrize("path", ["/_local/mail", "/_local/mail/{id}"])
def test_nothing_in_a_mail_becomes_part_of_the_page(port: int, mail: Mail, path: str) -> None:
    sent = mail.send("ada@example.org", EVIL, tags={})
    answer, html = get(port, path.format(id=quote(sent)))
    assert not {"script", "i", "b"} & {tag for tag, _ in Markup(html).tags}
    policy = str(answer.headers["Content-Security-Policy"])
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/_local/", "/_local/mail", "/_local/mail.json"])
def test_a_request_with_another_host_name_gets_no_mail(port: int, mail: Mail, path: str) -> None:
    mail.send("ada@example.org", RESET, tags={})
    for host in ("evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}", "", "[", "api123"):
        answer, body = get(port, path, host=host or " ")
        assert answer.status == 403
        assert "ada" not in body
    assert get(port, path, host=f"127.0.0.1:{port}")[0].status == 200


def test_an_unknown_mail_is_404(port: int, mail: Mail) -> None:
    for path in ("/_local/mail/none", "/_local/nothing", "/_local/mails", "/_local/mail/../mail"):
        assert get(port, path)[0].status == 404
    assert get(port, "/_local/mail", method="POST")[0].status == 405
    answer, body = get(port, "/_local/mail", method="HEAD")
    assert (answer.status, body) == (200, "")


def test_other_paths_still_reach_the_api(port: int, mail: Mail) -> None:
    answer, body = get(port, "/_localities")
    assert (answer.headers["Content-Security-Policy"], json.loads(body)) == (None, {"message": "Not Found"})


def test_a_cloud_that_is_gone_is_a_bad_gateway() -> None:
    port = free_port()
    with Proxy(port) as proxy:
        proxy.serve(Cloud(f"http://127.0.0.1:{free_port()}", Credentials.random()), "api123")
        assert get(port, "/_local/mail")[0].status == 502
        assert get(port, "/_local/")[0].status == 200


def test_the_emulated_ses_knows_its_senders_too(port: int, ses: Any, mail: Mail) -> None:
    with pytest.raises(TransientMailError):
        Mail(ses, sender="x@elsewhere.example", configuration_set=None).send("ada@example.org", RESET, tags={})
    assert mails(port) == []


def test_every_mail_template_arrives(port: int, mail: Mail) -> None:
    for kind, names in TEMPLATES.items():
        context = {name: CONTEXT[name] for name in names}
        template = render(kind, context, brand="Tallybook", page_url="http://localhost:8000")
        mail.send("ada@example.org", template, tags={"kind": kind})
    assert len(mails(port)) == len(TEMPLATES)
