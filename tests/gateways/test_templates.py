"""Every template as text and as HTML, with a sample context and with hostile values in it."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from tallybook.domain.email_change import CONFIRMATION_TEMPLATES
from tallybook.gateways import templates
from tallybook.gateways.templates import TEMPLATES, RenderedMail, render
from tests.gateways.rendering import CONTEXT, PAGES, one_line, render_sample
from tests.support.hypothesis_settings import deterministic
from tests.support.markup import Markup

SHOWN_VALUES = CONTEXT | {"credits": "1,000,000 credits"}
HOSTILE = [
    "Bob\r\nBcc: x@y.example",
    "Bob\n\nSet a new password:\nhttps://evil.example/",
    "Bob\x00\x07\x1b[31m\x7f\x85\u2028\u2029red",
    "<script>alert(1)</script><img src=https://evil.example/x.png onerror=alert(1)>",
    "\"><a href='https://evil.example'>& {{ brand }} {% raw %}",
    "Łukasz Żółć 東京 👩‍🚀 שלום",
    "\u202ereversed\u2066",
    "half \ud800 a character",
    "x" * 100_000,
    "many words " * 10_000,
]


def shown_texts(value: Any) -> list[str]:
    """The texts of a value that a reader sees, from nested lists and dicts too."""
    match value:
        case dict():
            return [text for part in value.values() for text in shown_texts(part)]
        case list():
            return [text for part in value for text in shown_texts(part)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def replace_texts(value: Any, hostile: str) -> Any:
    """The same value with `hostile` in place of each text."""
    match value:
        case dict():
            return {name: replace_texts(part, hostile) for name, part in value.items()}
        case list():
            return [replace_texts(part, hostile) for part in value]
    return hostile if isinstance(value, str) else value


@pytest.mark.parametrize("template", TEMPLATES)
def test_text_and_html_have_the_same_content(template: str) -> None:
    mail = render_sample(template)
    text, html_text = one_line(mail.text), Markup(mail.html).text
    for value in (shown for name in TEMPLATES[template] for shown in shown_texts(SHOWN_VALUES[name])):
        assert value in text
        assert value in html_text
    assert re.findall(r"https?://\S+", mail.text) == re.findall(r"https?://\S+", html_text)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_needs_each_name_of_its_context(template: str) -> None:
    for missing in TEMPLATES[template]:
        context = {name: CONTEXT[name] for name in TEMPLATES[template] if name != missing}
        with pytest.raises(UndefinedError):
            render(template, context, brand="Tallybook", page_url=PAGES)


def test_every_template_file_is_listed_or_shared() -> None:
    files = {path.name for path in Path(templates.__file__).parent.glob("*.j2")}
    shared = {"layout.txt.j2", "layout.html.j2", "link.html.j2", "amounts.html.j2"}
    shared |= {"access.txt.j2", "access.html.j2"}
    assert files == shared | {f"{template}.{suffix}.j2" for template in TEMPLATES for suffix in ("txt", "html")}


@pytest.mark.parametrize("template", ["", "layout", "../templates/welcome", "Welcome"])
def test_an_unknown_template_is_a_lookup_error(template: str) -> None:
    with pytest.raises(LookupError):
        render(template, CONTEXT, brand="Tallybook", page_url=PAGES)


@pytest.mark.parametrize(
    ("template", "context", "absent"),
    [
        ("welcome", {"name": None}, "Hello ,"),
        ("welcome", {"credits": 0}, "wallet"),
        ("password_changed", {"address": None}, "network address"),
        ("password_changed", {"ended_keys": []}, "ended with"),
        ("password_changed", {"keys": []}, "still work"),
        ("password_changed", {"root_users": [], "unlisted": 0}, "These other root users"),
        ("password_changed", {"unlisted": 0}, "more"),
        ("password_reset", {"keys": []}, "API keys"),
        ("password_reset", {"root_users": [], "unlisted": 0}, "root users"),
        ("api_key_created", {"expires_at": None}, "works until"),
        ("api_key_created", {"made_with": None}, "made with"),
        ("api_key_created", {"address": None}, "network address"),
        ("api_key_created", {}, "operator"),
        ("account_suspended", {"reason": None}, "reason"),
        ("email_changed", {"login": None}, "sign in"),
        ("invoice", {"paid": None}, "balance"),
        ("invoice", {"due": None}, "To pay"),
        ("invoice_overdue", {"invoices": CONTEXT["invoices"][1:]}, "balance"),
        ("invoice_overdue", {"invoices": CONTEXT["invoices"][1:]}, "together"),
        ("invoice_voided", {"given_back": None}, "balance"),
        ("quota_requested", {"name": None}, "(ada@example.com)"),
        ("quota_reviewed", {"notes": None}, "said"),
        ("quota_reached", {"next_period": None}, "next billing period"),
        ("quota_reached", {"storage": False}, "templates"),
        ("budget_reached", {"others": []}, "at the same time"),
    ],
)
def test_a_missing_value_leaves_out_its_sentence(template: str, context: dict[str, Any], absent: str) -> None:
    mail = render_sample(template, **context)
    for text in (mail.text, Markup(mail.html).text):
        assert absent not in text
        assert "None" not in text


def test_one_credit_is_singular() -> None:
    assert "1 credit\n" in render_sample("welcome", credits=1).text


@pytest.mark.parametrize("template", TEMPLATES)
def test_html_loads_nothing_and_links_only_to_the_installation(template: str) -> None:
    markup = Markup(render_sample(template).html)
    assert not {"img", "link", "script", "iframe", "form", "object", "video"} & {tag for tag, _ in markup.tags}
    assert "url(" not in render_sample(template).html
    assert "@import" not in render_sample(template).html
    sources = [value for _, attributes in markup.tags for name, value in attributes.items() if name == "src"]
    assert sources == []
    assert all(str(link["href"]).startswith(f"{PAGES}/") for link in markup.all("a"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_html_has_a_language_a_title_and_marked_layout_tables(template: str) -> None:
    mail = render_sample(template)
    markup = Markup(mail.html)
    assert [html["lang"] for html in markup.all("html")] == ["en"]
    assert "<title>" in mail.html
    real = [table for table in markup.all("table") if table.get("role") != "presentation"]
    heads = markup.all("th")
    assert bool(real) == bool(heads) == template.startswith(("invoice", "quota", "budget"))
    assert all(head["scope"] == "row" for head in heads)


@pytest.mark.parametrize(
    "template", ["invitation", "password_reset", "password_changed", "api_key_created", *CONFIRMATION_TEMPLATES]
)
def test_a_link_is_a_button_with_its_full_address_beneath(template: str) -> None:
    links = [link["href"] for link in Markup(render_sample(template).html).all("a")]
    assert len(links) == 2
    assert len(set(links)) == 1
    assert str(links[0]) in Markup(render_sample(template).html).text


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_value_can_forge_a_header_a_line_or_a_tag(template: str, hostile: str) -> None:
    plain = render_sample(template)
    mail = render_sample(
        template, **{name: replace_texts(CONTEXT[name], hostile) for name in TEMPLATES[template] if name != "link"}
    )
    assert not {category(char) for char in mail.subject} & {"Cc", "Cs", "Zl", "Zp"}
    assert 0 < len(mail.subject) <= 150
    assert mail.text.count("\n") == plain.text.count("\n")
    assert not any(line.startswith(("Bcc:", "https://evil.example")) for line in mail.text.splitlines())
    assert [tag for tag, _ in Markup(mail.html).tags] == [tag for tag, _ in Markup(plain.html).tags]
    assert len(mail.text) + len(mail.html) < 30_000
    (mail.subject + mail.text + mail.html).encode()
    assert _parse_subject(mail)["Bcc"] is None


def test_an_invoice_lists_its_lines_in_order_with_details_beneath() -> None:
    text = render_sample("invoice").text
    assert text[text.index("Subscription") : text.index("--")] == (
        "Subscription Fee for Pro plan: 20.00 USD\n"
        "Resource Usage: 9.87 USD\n"
        "  - 150,000 CPU seconds: 2.10 USD\n"
        "  - 1,440 container minutes (M): 7.40 USD\n"
        "  - and 12 more: 0.37 USD\n"
        "Carried from last invoice: -0.50 USD\n"
        "\n"
        "Subtotal: 29.37 USD\n"
        "Tax (8.25 %): 2.46 USD\n"
        "Total: 31.83 USD\n"
        "Paid from your balance: 1.83 USD\n"
        "\n"
        "To pay before 8 May 2026: 30.00 USD\n"
        "\n"
    )


def test_a_paid_invoice_asks_for_no_payment() -> None:
    mail = render_sample("invoice", due=None)
    for text in (mail.text, Markup(mail.html).text):
        assert "It is paid; there is nothing to do." in text
        assert "8 May" not in text


def test_a_mail_with_many_lines_stays_below_the_clipping_size() -> None:
    detail = {"text": "x" * 10_000, "amount": "1.00 USD"}
    line = {"text": "Resource Usage", "amount": "9.00 USD", "details": [detail] * 60, "others": None}
    mail = render_sample("invoice", lines=[line])
    assert mail.text.count("xxx…") == mail.html.count("xxx…") == 60
    assert len(mail.html.encode()) < 100_000
    many = render_sample("invoice", lines=[line | {"details": []}] * 10_000)
    assert many.text.count("Resource Usage") == 100


@pytest.mark.parametrize("brand", ["Tally\r\nBcc: x@y.example", "<b>Tally</b>"])
def test_the_brand_can_not_forge_a_header_or_a_tag(brand: str) -> None:
    mail = render("welcome", CONTEXT, brand=brand, page_url=PAGES)
    assert _parse_subject(mail).keys() == ["Subject"]
    assert "<b>" not in mail.html


def test_names_keep_non_ascii_letters_and_joined_emoji() -> None:
    mail = render_sample("invitation", inviter="Łukasz 👩‍🚀 O'Brien")
    assert "Łukasz 👩‍🚀 O'Brien invites you" in mail.text
    assert "Łukasz 👩‍🚀 O'Brien" in Markup(mail.html).text


def test_a_link_is_never_cut() -> None:
    link = f"{PAGES}/auth/password#" + "t" * 2000
    mail = render_sample("password_reset", link=link)
    assert link in mail.text
    assert link in mail.html


def test_without_an_inviter_the_brand_invites() -> None:
    mail = render_sample("invitation", inviter=None)
    assert 'Tallybook invites you to join the account "Engines & Sons".' in one_line(mail.text)
    assert "None" not in mail.text + mail.html


@deterministic
@given(inviter=st.text(max_size=200), account=st.text(st.characters(), max_size=200))
def test_a_subject_is_one_line_for_any_name(inviter: str, account: str) -> None:
    mail = render_sample("invitation", inviter=inviter, account=account)
    assert mail.subject.splitlines() == [mail.subject]
    assert _parse_subject(mail).keys() == ["Subject"]
    Markup(mail.html)


def _parse_subject(rendered: RenderedMail) -> EmailMessage:
    """Put the subject into a real mail, which raises if a header would break."""
    mail = EmailMessage(SMTP)
    mail["Subject"] = rendered.subject
    mail.as_bytes()
    return mail
