"""A typed text that a stranger is shown has no `://` and nothing like a domain."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallybook.domain.strangers import REMOVED, remove_links, shown_addresses, without_links, without_tag
from tests.support.hypothesis_settings import deterministic

LINKS = [
    "https://evil.example/login",
    "HTTP://evil",
    "evil.example",
    "www.evil.example/x?y=1#z",
    "a.b.evil.example:8080",
    "evil.example.",
    "(evil.example)",
    "ada@evil.example",
    "bücher.example",
    "xn--bcher-kva.example",
    "пример.рф",
    "例え。テスト",
    "ｅｖｉｌ．ｅｘａｍｐｌｅ",
    "evil․example",
    "evil\u200b.example",
    "evil.\u00adexample",
    "ev\u2060il.ex\ufeffample",
    "evil｡example",
    "evil\u3164.\ufe0fexample",
    "http\uff1a\uff0f\uff0fevil",
    "203.0.113.7",
    "203.0.113.7/login",
    "[2001:db8::1]",
    "http:\\\\evil\\x",
    "http:/\\evil",
    "\\\\evil\\share",
    "उदाहरण.भारत",
    "x.భారత్",
    "x.ભારત",
    "x.ভারত",
    "x.ලංකා",
    "банк.р\U000e0100ф",
    "evil.c\u180bom",
    "evil.c\u180fom",
    "evil.\u0301com",
    "evil\u0338.co\u20ddm",
    "evil.c\U00016fe4om",
    "evil.c\u2800om",
]
INITIALS = {
    "A.Smith": "A. Smith",
    "J.R.R.Tolkien": "J. R. R. Tolkien",
    "É.Zola": "É. Zola",
    "F.O'Brien": "F. O'Brien",
    "A.Smith-Jones,": "A. Smith-Jones,",
    "(A.McDonald)": "(A. McDonald)",
    "A.Page": "A. Page",  # a name and a domain: with the space no program makes a link of it
    "T.Co": "T. Co",
    "Ａ.Smith": "A. Smith",
    "Dr.Smith": "Dr. Smith",
    "St.Gallen,": "St. Gallen,",
    "Prof.Dr.A.Smith": "Prof. Dr. A. Smith",
}
NO_INITIALS = [
    *("a.io", "A.io", "A.IO", "a.Io", "t.co", "g.page", "x.com", "AB.Smith", "A.Smith.com", "A.Smith/login", "A.SMITH"),
    *("A.Smith:8080", "A.Smith@evil", "A.Smith?x=1", "A.Smith#x", "www.A.Smith", "A.Smith1.com", "xA.Smith", "1.Smith"),
    *("Dr.smith", "dr.Smith", "Dr.Smith.com", "DR.Smith", "Evil.Com", "Dr.Smith/x", "xSt.Gallen"),
    *("A.B.io", "例.テスト", "A.Smith\u200b.com", "A。Smith", "-A.Smith", "http://A.Smith"),
]
AUTO_LINKED = re.compile(r"://|\bwww\.|[\w-]\.[^\W\d_]{2,}|@[\w-]+\.\w|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
"""What Gmail, Outlook or Apple Mail may make a link of: they know more or fewer top-level domains, so any counts."""

HARMLESS = [
    "Ada Lovelace",
    "Engines & Sons Ltd.",
    "J. R. R. Tolkien",
    "Acme Inc., Berlin",
    "Version 1.2.3",
    "3.50 USD",
    "and so on...",
    "Müller GmbH & Co. KG",
    "日本電気株式会社",
    "C/C++: tests",
    "👩\u200d💻 team",
    "at 12:30",
    "[12:30]",
    "C:\\Programs",
    "भारत की टीम",
    "e\u0301quipe",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_replaced_and_the_words_around_it_stay(link: str) -> None:
    assert remove_links(link) == REMOVED
    assert remove_links(f"Log in at {link} today") == f"Log in at {REMOVED} today"
    assert remove_links(f"{link}\n{link}") == f"{REMOVED}\n{REMOVED}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_shown_as_it_is(text: str) -> None:
    assert remove_links(text) == text


@pytest.mark.parametrize(("text", "shown"), INITIALS.items())
def test_initials_before_a_name_are_set_apart(text: str, shown: str) -> None:
    assert remove_links(text) == shown
    assert remove_links(f"From {text} today") == f"From {shown} today"
    assert remove_links(shown) == shown


@pytest.mark.parametrize("text", NO_INITIALS)
def test_a_single_letter_before_a_domain_is_no_initial(text: str) -> None:
    assert remove_links(text) == REMOVED


@given(
    st.lists(
        st.sampled_from(
            ["A", "B.", "a", "x", ".", "Smith", "io", "Co", "com", "/", "@", " ", "-", "'", "(", ":", "\u200b"]
        )
        | st.sampled_from([*LINKS, *NO_INITIALS, *INITIALS, "。", "．", "é", "1", "\n", "\u0301", "＠", ":", "\u200b"]),
        max_size=12,
    )
)
@settings(deterministic, max_examples=500)
def test_nothing_is_left_that_a_mail_program_makes_a_link_of(parts: list[str]) -> None:
    shown = remove_links("".join(parts))
    assert not AUTO_LINKED.search(unicodedata.normalize("NFKC", shown).replace("。", "."))


def test_what_is_left_has_no_link_for_any_pair_of_texts() -> None:
    for one in (*LINKS, *HARMLESS):
        for other in (*LINKS, *HARMLESS):
            shown = remove_links(f"{one} {other}")
            assert "://" not in shown
            assert remove_links(shown) == shown


def test_only_typed_values_are_changed_and_known_addresses_stay() -> None:
    context = {"account": "evil.example", "inviter": "ada@example.com", "name": None, "link": "https://ours.example"}
    assert shown_addresses(context) == ("ada@example.com",)
    assert without_links(context, known={"ada@example.com"}) == context | {"account": REMOVED}
    assert without_links(context, known=()) == context | {"account": REMOVED, "inviter": REMOVED}


def test_a_known_mailbox_stays_in_each_of_its_forms() -> None:
    context = {"account": "user@müller.de", "inviter": "User@xn--mller-kva.de"}
    assert without_links(context, known={"user@xn--mller-kva.de"}) == context


def test_a_text_that_is_too_long_for_an_address_is_not_looked_up() -> None:
    assert shown_addresses({"reason": f"a@{'😀' * 254}", "notes": f"{'a' * 65}@b.de"}) == ()


@pytest.mark.parametrize(
    ("email", "person"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada+news@Example.com", "ada@example.com"),
        ("ada+a+b@example.com", "ada@example.com"),
        ("+a@example.com", "+a@example.com"),
    ],
)
def test_the_tags_of_an_address_are_one_person(email: str, person: str) -> None:
    assert without_tag(email) == person
