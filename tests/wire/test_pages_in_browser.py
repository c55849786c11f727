"""The page of a link, in a real Chromium with the real handlers: it says whose password it sets, and what for."""

import re

import pytest

from tallybook.domain.passwords import Purpose
from tests.support.app import App
from tests.support.browser import chromium, text_of
from tests.support.markup import Markup
from tests.support.serve import serve

pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed; the parts are tested one by one")


@pytest.mark.parametrize(
    ("purpose", "title", "whose"),
    [
        (
            "invitation",
            "Set your password",
            'You join the account "Engines & Sons" on Tallybook, and sign in with joan@example.com.',
        ),
        (
            "reset",
            "Set a new password",
            'For joan@example.com, who signs in to the account "Engines & Sons" on Tallybook.',
        ),
    ],
)
def test_the_page_of_a_link_names_user_account_and_product(app: App, purpose: Purpose, title: str, whose: str) -> None:
    member = app.member("ada@example.com")
    app.change_account(member, display_name="Engines & Sons")
    user = app.invite(member, "joan@example.com")
    token = app.password_token(user, purpose)
    with serve() as served:
        html = text_of(f"{served.url}/auth/password/new#{token}", waits=True)
    assert f"<h1>{title}</h1>" in html
    assert f"<title>{title} - Tallybook</title>" in html
    assert whose in Markup(html).text
    assert re.search(r"<form[^>]*hidden", html) is None
    assert token not in html
