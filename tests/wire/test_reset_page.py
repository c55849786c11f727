"""The page of a reset in a real browser: it names what else gives access, and sends whether the keys end."""

from typing import Any

import pytest

from tallybook.wire.pages import page
from tests.support.browser import chromium, text_of, website

LINK, CONFIRM = "/auth/password/link", "/auth/password/confirm"
AT = "2026-04-20T12:34:56.000Z"
KEYS = [{"name": "<b>laptop</b>", "hint": "x1y2", "created_at": AT}]
ROOTS = [
    {"name": "Bob", "email": "bob@example.com", "created_at": AT},
    {"name": None, "email": "eve@example.com", "created_at": AT},
]
ACCESS = {"api_keys": KEYS, "root_users": ROOTS, "unlisted_root_users": 3}
SUBMIT = """<script>
addEventListener("load", () => setTimeout(() => {
  password.value = again.value = "another horse battery";
  ACT
  form.requestSubmit();
}, 1000));
</script>"""

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


def test_the_page_names_the_keys_and_the_other_root_users() -> None:
    with website() as site:
        site.page, site.answers = page("password").html, {LINK: ACCESS}
        shown = text_of(f"{site.origin}/#pwt_token", waits=True)
    assert site.posted == {LINK: {"token": "pwt_token"}}
    assert "<li>&lt;b&gt;laptop&lt;/b&gt; (…x1y2), made on 20 April 2026</li>" in shown
    assert "<li>Bob (bob@example.com), since 20 April 2026</li><li>eve@example.com, since" in shown
    assert "<li>and 3 more</li>" in shown
    assert '<div id="keys">' in shown
    assert '<div id="roots">' in shown


@pytest.mark.parametrize(
    ("named", "act", "sent"),
    [
        (ACCESS, "", {"end_api_keys": True}),
        (ACCESS, "end.checked = false;", {"end_api_keys": False}),
        ({**ACCESS, "api_keys": []}, "", {}),
    ],
    ids=["as it is", "told not to", "without keys"],
)
def test_the_form_ends_the_keys_unless_told_not_to(named: Any, act: str, sent: dict[str, bool]) -> None:
    with website() as site:
        site.page = page("password").html.replace("</body>", SUBMIT.replace("ACT", act) + "</body>")
        site.answers = {LINK: named, CONFIRM: {"success": True}}
        shown = text_of(f"{site.origin}/#pwt_token", waits=True)
    assert site.posted[CONFIRM] == {"token": "pwt_token", "password": "another horse battery", **sent}
    assert "Your password is set." in shown
