"""`docs_url` of an error opens a page of ours, which explains its code."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import tallybook
from tallybook.domain.errors import Invalid, TallybookError, Unauthenticated
from tallybook.wire.dialects import error_presenter
from tallybook.wire.pages import page
from tests.support.app import App
from tests.support.call import call
from tests.support.markup import Markup

AT = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
SOURCES = ("http.py", "domain/accounts.py", "domain/emails.py", "domain/passwords.py", "domain/text_rules.py")
"""Beside the use cases of sign-up and sign-in: what can refuse a request to /auth."""


def explained() -> set[str]:
    return {str(term["id"]) for term in Markup(page("errors").html).all("dt")}


def codes_of_auth() -> set[str]:
    root = Path(tallybook.__file__).parent
    files = [root / source for source in SOURCES]
    files += [*(root / "services/identity").glob("*.py"), root / "services/accounts/sign_up.py"]
    return {code for file in files for code in re.findall(r'code="([a-z_]+)"', file.read_text())}


def test_every_code_of_the_dialect_is_explained() -> None:
    kinds = {kind.code for kind in TallybookError.__subclasses__()}
    assert (kinds | codes_of_auth()) - explained() == set()


@pytest.mark.parametrize("error", [Unauthenticated("who"), Invalid("no", code="weak_password"), Invalid("no")])
def test_the_link_is_on_the_pages_address_with_the_code_as_its_anchor(error: TallybookError) -> None:
    answer = error_presenter("/auth/login", page_url="https://api.example.com")(error, at=AT)
    assert answer.body["error"]["docs_url"] == f"https://api.example.com/auth/errors#{error.code}"


def test_the_link_of_an_answer_opens_a_page_that_has_its_anchor(app: App) -> None:
    refused = call("POST", "/auth/login", body={"email": "nobody@example.com", "password": "wrong"})
    link = urlsplit(refused.json["error"]["docs_url"])
    assert (link.scheme, link.netloc) == ("https", "api.example.com")
    opened = call("GET", link.path)
    assert (opened.status, opened.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert {"id": link.fragment} in Markup(opened.text).all("dt")
