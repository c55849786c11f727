"""The mailbox dates a mail by the moved clock at the time it was sent, and fits a narrow window."""

import json
from datetime import UTC, datetime, timedelta
from html import escape
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from infra.local.cloud import Cloud, free_port, ministack
from infra.local.proxy import Proxy
from tallybook.domain.times import parse_instant, readable
from tallybook.gateways.clock import Clock
from tallybook.gateways.mail import Mail
from tallybook.gateways.templates import RenderedMail
from tests.support.browser import chromium, website

SENDER = "Tallybook <hello@example.com>"
WIDE = "a-rather-long-name-of-a-person-in-a-department+with-a-tag@mail.subsidiary.example.com"


@pytest.fixture
def emptied(_emulator: Any) -> Cloud:
    cloud: Cloud = _emulator[0]
    cloud.reset()
    return cloud


def read(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    try:
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def send(cloud: Cloud, subject: str, to: str = "ada@example.org") -> None:
    mail = RenderedMail(subject, "text", "<p>html</p>")
    Mail(cloud.client("sesv2"), sender=SENDER, configuration_set=None).send(to, mail, tags={})


def test_a_mail_keeps_the_moved_time_at_which_it_was_sent(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    port = free_port()
    with ministack(env={"TALLYBOOK_CLOCK_FILE": str(tmp_path / "clock")}) as cloud, Proxy(port) as proxy:
        proxy.serve(cloud, "abcd1234")
        cloud.client("sesv2").create_email_identity(EmailIdentity="example.com")
        send(cloud, "now")
        clock.move_to(datetime.now(UTC) + timedelta(days=40))
        send(cloud, "later")
        moved = clock.now()
        clock.move_to(moved + timedelta(days=300))
        sent = json.loads(read(port, "/_local/mail.json"))["mails"]
        mails = {one["subject"]: parse_instant(one["sent_at"]) for one in sent}
        assert abs(mails["later"] - moved) < timedelta(minutes=1)
        assert abs(mails["now"] - datetime.now(UTC)) < timedelta(minutes=1)
        listed = read(port, "/_local/mail")
        assert readable(mails["later"]) in listed
        assert listed.index("later") < listed.index(">now<")


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_the_local_pages_fit_a_phone(emptied: Cloud) -> None:
    emptied.client("sesv2").create_email_identity(EmailIdentity="example.com")
    send(emptied, "Budget threshold reached: 1,000.55 % (a-long-name-without-a-space-anywhere-in-it)", WIDE)
    port = free_port()
    with Proxy(port) as proxy, website() as site:
        proxy.serve(emptied, "abcd1234")
        [mail] = json.loads(read(port, "/_local/mail.json"))["mails"]
        for path in ("/", "/_local/mail", f"/_local/mail/{mail['id']}"):
            width, narrowest = site.visit(_measuring(read(port, path)))
            assert width <= 390, path
            assert narrowest >= 100, f"{path} has a cell with a few letters a line"


def _measuring(html: str) -> str:
    """A page that shows the HTML in a frame of 390 pixels, and reports its width and that of its narrowest cell."""
    script = """
        const frame = document.querySelector("iframe");
        frame.onload = () => {
          const shown = frame.contentDocument;
          const cells = [...shown.querySelectorAll("td, a, li")].filter((cell) => cell.textContent.length > 20);
          const widths = cells.map((cell) => cell.getBoundingClientRect().width);
          const body = JSON.stringify([shown.documentElement.scrollWidth, Math.min(1000, ...widths)]);
          fetch("/report", { method: "POST", body });
        };
    """
    frame = f'<iframe style="width:390px;height:800px;border:0" srcdoc="{escape(html)}"></iframe>'
    return f"{frame}<script>{script}</script>"
