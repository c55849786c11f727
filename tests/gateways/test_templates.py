"""Every kind of letter, as text and as HTML, with good facts and with the worst that anybody may have typed."""

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
from tests.support.hypothesis_settings import deterministic
from tests.support.markup import Markup

PAGES = "https://api.example.com"
FACTS: dict[str, Any] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "plan": "Pro",
    "credits": 1_000_000,
    "inviter": "Grace Hopper",
    "account": "Engines & Sons",
    "link": f"{PAGES}/auth/password#rst-Zx81_-" + "k" * 40,
    "expires_at": "27 April 2026, 12:34 UTC",
    "requester": "Grace Hopper",
    "current_email": "owner@example.com",
    "new_email": "billing@example.com",
    "login": "billing@example.com",
    "at": "28 April 2026, 07:00 UTC",
    "address": "203.0.113.7",
    "reason": "Two bills are overdue",
    "number": "7",
    "period": "1 April 2026 to 30 April 2026",
    "issued": "1 May 2026",
    "lines": [
        {"text": "Subscription Fee for Pro plan", "amount": "20.00 USD", "details": [], "others": None},
        {
            "text": "Resource Usage",
            "amount": "9.87 USD",
            "details": [
                {"text": "150,000 CPU seconds", "amount": "2.10 USD"},
                {"text": "1,440 container minutes (M)", "amount": "7.40 USD"},
            ],
            "others": {"count": 12, "amount": "0.37 USD"},
        },
        {"text": "Carried from last invoice", "amount": "-0.50 USD", "details": [], "others": None},
    ],
    "subtotal": "29.37 USD",
    "tax_rate": "8.25 %",
    "tax": "2.46 USD",
    "total": "31.83 USD",
    "paid": "1.83 USD",
    "due": "30.00 USD",
    "due_date": "8 May 2026",
    "given_back": "4.56 USD",
    "wishes": [
        {"quota": "CPU seconds a month", "wanted": "500,000", "now": "200,000"},
        {"quota": "GB of template storage", "wanted": "10", "now": None},
    ],
    "request": "qrq-019676a2-11a0-7c1b-9d5e-3f8a6b2c4d10",
    "approved": True,
    "numbers": [{"quota": "CPU seconds a month", "wanted": "500,000"}],
    "notes": "Until the launch",
    "percent": 100,
    "uses": [
        {"quota": "CPU seconds a month", "percent": 100, "used": "500,012.5", "limit": "500,000"},
        {"quota": "GB of template storage", "percent": 80, "used": "8.75", "limit": "10"},
    ],
    "next_period": "1 May 2026",
    "storage": True,
    "threshold": "80 %",
    "others": ["50 %", "66.67 %"],
    "used": "1,082.50 USD",
    "percent_used": "82.5 %",
    "budget": "1,312.12 USD",
    "hard": True,
    "restricted": False,
    "ended": False,
    "since": None,
}
SHOWN = FACTS | {"credits": "1,000,000 credits"}
NASTY = [
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


def letter(kind: str, **facts: Any) -> RenderedMail:
    return render(kind, {name: FACTS[name] for name in TEMPLATES[kind]} | facts, brand="Tallybook", page_url=PAGES)


def one_line(text: str) -> str:
    return " ".join(text.split())


def leaves(fact: Any) -> list[str]:
    """What of a fact a reader sees, however deep it lies."""
    match fact:
        case dict():
            return [leaf for part in fact.values() for leaf in leaves(part)]
        case list():
            return [leaf for part in fact for leaf in leaves(part)]
    return [] if fact is None or isinstance(fact, bool) else [str(fact)]


def worst(fact: Any, nasty: str) -> Any:
    """The same fact with this in place of each text."""
    match fact:
        case dict():
            return {name: worst(part, nasty) for name, part in fact.items()}
        case list():
            return [worst(part, nasty) for part in fact]
    return nasty if isinstance(fact, str) else fact


@pytest.mark.parametrize("kind", TEMPLATES)
def test_text_and_html_hold_the_same_facts(kind: str) -> None:
    made = letter(kind)
    said, read = one_line(made.text), Markup(made.html).text
    for fact in (leaf for name in TEMPLATES[kind] for leaf in leaves(SHOWN[name])):
        assert fact in said
        assert fact in read
    assert re.findall(r"https?://\S+", made.text) == re.findall(r"https?://\S+", read)


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_fact_that_is_listed_is_needed(kind: str) -> None:
    for missing in TEMPLATES[kind]:
        facts = {name: FACTS[name] for name in TEMPLATES[kind] if name != missing}
        with pytest.raises(UndefinedError):
            render(kind, facts, brand="Tallybook", page_url=PAGES)


def test_every_template_belongs_to_a_kind() -> None:
    files = {path.name for path in Path(templates.__file__).parent.glob("*.j2")}
    shared = {"layout.txt.j2", "layout.html.j2", "link.html.j2", "amounts.html.j2", "calls.html.j2"}
    assert files == shared | {f"{kind}.{form}.j2" for kind in TEMPLATES for form in ("txt", "html")}


@pytest.mark.parametrize("kind", ["", "layout", "../templates/welcome", "Welcome"])
def test_a_kind_there_is_not_is_an_error(kind: str) -> None:
    with pytest.raises(LookupError):
        render(kind, FACTS, brand="Tallybook", page_url=PAGES)


@pytest.mark.parametrize(
    ("kind", "facts", "unsaid"),
    [
        ("welcome", {"name": None}, "Hello ,"),
        ("welcome", {"credits": 0}, "wallet"),
        ("password_changed", {"address": None}, "network address"),
        ("account_suspended", {"reason": None}, "reason"),
        ("email_changed", {"login": None}, "sign in"),
        ("invoice", {"paid": None}, "balance"),
        ("invoice", {"due": None}, "To pay"),
        ("invoice_overdue", {"paid": None}, "balance"),
        ("invoice_voided", {"given_back": None}, "balance"),
        ("quota_requested", {"name": None}, "(ada@example.com)"),
        ("quota_reviewed", {"notes": None}, "said"),
        ("quota_reached", {"next_period": None}, "next billing period"),
        ("quota_reached", {"storage": False}, "templates"),
        ("budget_reached", {"others": []}, "at the same time"),
    ],
)
def test_what_is_not_known_is_not_spoken_of(kind: str, facts: dict[str, Any], unsaid: str) -> None:
    made = letter(kind, **facts)
    for said in (made.text, Markup(made.html).text):
        assert unsaid not in said
        assert "None" not in said


def test_one_credit_is_one() -> None:
    assert "1 credit\n" in letter("welcome", credits=1).text


@pytest.mark.parametrize("kind", TEMPLATES)
def test_html_asks_nobody_for_anything_and_leads_nowhere_else(kind: str) -> None:
    markup = Markup(letter(kind).html)
    assert not {"img", "link", "script", "iframe", "form", "object", "video"} & {tag for tag, _ in markup.tags}
    assert "url(" not in letter(kind).html
    assert "@import" not in letter(kind).html
    sources = [value for _, attributes in markup.tags for name, value in attributes.items() if name == "src"]
    assert sources == []
    assert all(str(link["href"]).startswith(f"{PAGES}/") for link in markup.all("a"))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_html_says_its_language_and_title_and_which_tables_are_none(kind: str) -> None:
    made = letter(kind)
    markup = Markup(made.html)
    assert markup.all("html") == [{"lang": "en"}]
    assert "<title>" in made.html
    real = [table for table in markup.all("table") if table.get("role") != "presentation"]
    heads = markup.all("th")
    assert bool(real) == bool(heads) == kind.startswith(("invoice", "quota", "budget"))
    assert all(head["scope"] == "row" for head in heads)


@pytest.mark.parametrize("kind", ["invitation", "password_reset", "password_changed", *CONFIRMATION_TEMPLATES])
def test_a_link_is_one_button_with_its_address_in_full_beneath(kind: str) -> None:
    links = [link["href"] for link in Markup(letter(kind).html).all("a")]
    assert len(links) == 2
    assert len(set(links)) == 1
    assert str(links[0]) in Markup(letter(kind).html).text


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("kind", TEMPLATES)
def test_no_fact_forges_a_header_a_line_or_a_tag(kind: str, nasty: str) -> None:
    plain = letter(kind)
    made = letter(kind, **{name: worst(FACTS[name], nasty) for name in TEMPLATES[kind] if name != "link"})
    assert not {category(char) for char in made.subject} & {"Cc", "Cs", "Zl", "Zp"}
    assert 0 < len(made.subject) <= 150
    assert made.text.count("\n") == plain.text.count("\n")
    assert not any(line.startswith(("Bcc:", "https://evil.example")) for line in made.text.splitlines())
    assert [tag for tag, _ in Markup(made.html).tags] == [tag for tag, _ in Markup(plain.html).tags]
    assert len(made.text) + len(made.html) < 30_000
    (made.subject + made.text + made.html).encode()
    assert _sent(made)["Bcc"] is None


def test_an_invoice_lists_its_lines_in_order_with_their_details_beneath() -> None:
    text = letter("invoice").text
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


def test_an_invoice_that_is_paid_asks_for_nothing() -> None:
    made = letter("invoice", due=None)
    for said in (made.text, Markup(made.html).text):
        assert "It is paid; there is nothing to do." in said
        assert "8 May" not in said


def test_a_mail_with_many_lines_stays_within_what_mail_readers_show() -> None:
    detail = {"text": "x" * 10_000, "amount": "1.00 USD"}
    line = {"text": "Resource Usage", "amount": "9.00 USD", "details": [detail] * 60, "others": None}
    made = letter("invoice", lines=[line])
    assert made.text.count("xxx…") == made.html.count("xxx…") == 60
    assert len(made.html.encode()) < 100_000
    many = letter("invoice", lines=[line | {"details": []}] * 10_000)
    assert many.text.count("Resource Usage") == 100


@pytest.mark.parametrize("brand", ["Tally\r\nBcc: x@y.example", "<b>Tally</b>"])
def test_the_brand_forges_nothing_either(brand: str) -> None:
    made = render("welcome", FACTS, brand=brand, page_url=PAGES)
    assert _sent(made).keys() == ["Subject"]
    assert "<b>" not in made.html


def test_names_keep_their_letters_and_what_joins_them() -> None:
    made = letter("invitation", inviter="Łukasz 👩‍🚀 O'Brien")
    assert "Łukasz 👩‍🚀 O'Brien invites you" in made.text
    assert "Łukasz 👩‍🚀 O'Brien" in Markup(made.html).text


def test_a_link_is_never_cut() -> None:
    link = f"{PAGES}/auth/password#" + "t" * 2000
    made = letter("password_reset", link=link)
    assert link in made.text
    assert link in made.html


def test_without_an_inviter_it_is_we_who_invite() -> None:
    made = letter("invitation", inviter=None)
    assert 'Tallybook invites you to join the account "Engines & Sons".' in one_line(made.text)
    assert "None" not in made.text + made.html


@deterministic
@given(inviter=st.text(max_size=200), account=st.text(st.characters(), max_size=200))
def test_whatever_a_name_is_a_subject_is_one_line(inviter: str, account: str) -> None:
    made = letter("invitation", inviter=inviter, account=account)
    assert made.subject.splitlines() == [made.subject]
    assert _sent(made).keys() == ["Subject"]
    Markup(made.html)


def _sent(made: RenderedMail) -> EmailMessage:
    """A real mail library takes the subject as it is; it raises where a header would break."""
    mail = EmailMessage(SMTP)
    mail["Subject"] = made.subject
    mail.as_bytes()
    return mail
