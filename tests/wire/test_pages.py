"""The app's own pages: the browser may run only their own script, and they are accessible."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from tallybook.wire.pages import SCRIPTS, TITLES, page
from tests.support.markup import Markup

FORMS = [name for name in TITLES if SCRIPTS[name]]
"""The pages that send something; the others only say something."""


def policy(name: str) -> dict[str, str]:
    """The directives of the page's Content-Security-Policy."""
    parts = page(name).headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def hashes(name: str, element: str) -> list[str]:
    """The hash of each such element's content, as a browser computes it."""
    contents = re.findall(rf"<{element}>(.*?)</{element}>", page(name).html, re.DOTALL)
    return [f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" for content in contents]


@pytest.mark.parametrize("name", TITLES)
def test_the_policy_allows_only_the_pages_own_script_and_style(name: str) -> None:
    assert policy(name) == {
        "default-src": "'none'",
        "script-src": hashes(name, "script")[0] if SCRIPTS[name] else "'none'",
        "style-src": hashes(name, "style")[0],
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert (len(hashes(name, "script")), len(hashes(name, "style"))) == (bool(SCRIPTS[name]), 1)


@pytest.mark.parametrize("name", TITLES)
def test_no_attribute_has_a_script_or_style_that_the_policy_blocks(name: str) -> None:
    attributes = {attribute for _, attributes in Markup(page(name).html).tags for attribute in attributes}
    assert not {attribute for attribute in attributes if attribute == "style" or attribute.startswith("on")}


@pytest.mark.parametrize("name", TITLES)
def test_a_page_loads_nothing_and_links_nowhere_else(name: str) -> None:
    html = page(name).html
    assert "//" not in re.sub(r"^// .*$", "", html, flags=re.MULTILINE)
    assert "url(" not in html
    assert not {"img", "link", "iframe", "object"} & {tag for tag, _ in Markup(html).tags}
    assert all(str(link["href"]).startswith(("/", "#")) for link in Markup(html).all("a"))


@pytest.mark.parametrize("name", TITLES)
def test_a_page_is_not_cached_and_sends_no_referrer(name: str) -> None:
    headers = page(name).headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", FORMS)
def test_every_field_has_a_label_and_messages_are_announced(name: str) -> None:
    markup = Markup(page(name).html)
    assert markup.all("html") == [{"lang": "en"}]
    fields = {field["id"] for field in markup.all("input")}
    assert fields or name == "email", "the email page needs only its link"
    assert {label["for"] for label in markup.all("label")} == fields
    [message] = [each for each in markup.all("p") if each.get("id") == "message"]
    assert (message["role"], message["aria-live"]) == ("status", "polite")
    assert TITLES[name] in markup.text


@pytest.mark.parametrize("name", FORMS)
def test_without_scripts_the_form_is_hidden_with_an_explanation(name: str) -> None:
    markup = Markup(page(name).html)
    assert all("hidden" in form for form in markup.all("form"))
    assert markup.all("noscript")
    assert "needs JavaScript" in markup.text


def test_a_new_password_is_hidden_and_entered_twice() -> None:
    fields = [field for field in Markup(page("password").html).all("input") if field["type"] == "password"]
    assert [(field["type"], field["autocomplete"]) for field in fields] == [("password", "new-password")] * 2
    assert fields[0]["minlength"] == "8"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("forgotten", "/auth/password/reset"),
        ("password", "/auth/password/confirm"),
        ("email", "/v1/user-management/account/confirm-email-change"),
    ],
)
def test_a_page_posts_to_its_path(name: str, path: str) -> None:
    assert f'"{path}"' in page(name).html


def test_the_page_of_a_reset_ends_the_keys_unless_told_not_to() -> None:
    html = page("password").html
    [end] = [field for field in Markup(html).all("input") if field["type"] == "checkbox"]
    assert "checked" in end
    assert '"/auth/password/link"' in html
    assert "innerHTML" not in html


def test_an_email_is_confirmed_only_by_a_button() -> None:
    markup = Markup(page("email").html)
    assert [button["type"] for button in markup.all("button")] == ["submit"]
    assert page("email").html.count("submit(") == 2, "once to define it, once for the button"


def test_a_page_is_built_once() -> None:
    assert page("password") is page("password")


@pytest.mark.parametrize("name", ["", "layout", "../pages/password", "password.html"])
def test_an_unknown_page_is_a_lookup_error(name: str) -> None:
    with pytest.raises(LookupError):
        page(name)


def test_a_password_manager_finds_the_username_before_the_password() -> None:
    """It needs a text field in the form that is present for it, although nobody edits it: not `hidden`, no `none`."""
    markup = Markup(page("password").html)
    fields = [(field["type"], field.get("autocomplete")) for field in markup.all("input")]
    assert fields[:3] == [("text", "username"), ("password", "new-password"), ("password", "new-password")]
    username = markup.all("input")[0]
    assert username["name"] == "username"
    assert {"readonly", "tabindex"} <= username.keys()
    assert not {"hidden", "disabled"} & username.keys()
    assert {"class": "unseen", "aria-hidden": "true"} in markup.all("div")
    assert "display" not in re.findall(r"\.unseen \{(.*?)\}", page("password").html)[0]


@pytest.mark.parametrize("brand", ["Tallybook", 'A "B" <i>& Sons</i>'])
def test_a_page_names_the_product(brand: str) -> None:
    for name in TITLES:
        markup = Markup(page(name, brand=brand).html)
        assert {"data-brand": brand} in markup.all("main")
        assert not markup.all("i")


@pytest.mark.parametrize("name", ["password", "email"])
@pytest.mark.parametrize("app_url", ["https://app.example.com/", "http://localhost:8000/"])
def test_after_success_a_page_links_to_the_product(name: str, app_url: str) -> None:
    markup = Markup(page(name, brand="Tallybook", app_url=app_url).html)
    assert "hidden" in next(one for one in markup.all("p") if one.get("id") == "next")
    assert {"href": app_url} in markup.all("a")
    assert "Go on to Tallybook" in markup.text


@pytest.mark.parametrize("app_url", ["", "javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_without_an_address_of_the_product_the_next_step_is_a_sentence(app_url: str) -> None:
    markup = Markup(page("password", brand="Tallybook", app_url=app_url).html)
    assert {link["href"] for link in markup.all("a")} == {"/auth/password/forgotten"}
    assert "Sign in where you use Tallybook." in markup.text
