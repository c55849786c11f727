"""Which email addresses are valid, how they are shown, and which are one mailbox."""

import sys

import pytest

from tallybook.domain.emails import address_in, distinct, mailbox, normalize_email
from tallybook.domain.errors import Invalid

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 57, "com"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+Bills@Example.COM ", "ada.lovelace+bills@example.com"),
        ("a@b.cd", "a@b.cd"),
        ("a@1and1.com", "a@1and1.com"),
        ("a@b--c.com", "a@b--c.com"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
        (f"ada@{'a' * 63}.com", f"ada@{'a' * 63}.com"),
        (f"a@{LONGEST}", f"a@{LONGEST}"),
        ("User@M\u00fcller.de", "user@m\u00fcller.de"),
        ("user@mu\u0308ller.de", "user@m\u00fcller.de"),
        ("user@XN--MLLER-KVA.de", "user@xn--mller-kva.de"),
        ("user@stra\u00dfe.de", "user@stra\u00dfe.de"),
        ("user@例え。テスト", "user@例え.テスト"),
        ("user@उदाहरण.परीक्षा", "user@उदाहरण.परीक्षा"),
        ("user@ｅｘａｍｐｌｅ.com", "user@example.com"),
    ],
)
def test_an_address_is_kept_as_written_in_lower_case_without_space(text: str, expected: str) -> None:
    assert normalize_email(text) == expected
    assert normalize_email(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@@example.com",
        "ada@exa mple.com",
        "ada lovelace@example.com",
        "ada@example..com",
        "ada..l@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@example.com\nbcc: eve@example.com",
        "ada@example.com,eve@example.com",
        "<ada@example.com>",
        "ädä@example.com",
        "\u212aate@example.com",  # the Kelvin sign, whose lower case is k
        f"{'a' * 65}@example.com",
        f"ada@{'a' * 64}.com",
        f"ada@{'.'.join(['a' * 60] * 5)}.com",
        f"a@x{LONGEST}",
        "a@-bad-.com",
        "a@-bad.com",
        "a@bad-.com",
        "a@example.-com",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "a@example.123",
        "a@under_score.com",
        "user@müller",
        "user@müller.de.",
        "user@müller。",
        "user@-müller.de",
        "user@mü ller.de",
        "user@mü@ller.de",
        "user@☕.com",
        "user@mü\u200bller.-de",
        f"user@{'ü' * 60}.de",
        f"user@{'ü' * 300}.de",
        "user@ü.1",
        "user@xn--mller-kva.xn--ü.de",
    ],
)
def test_a_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        normalize_email(text)
    assert (refused.value.code, refused.value.field) == ("invalid_email", "email")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("user@xn--mller-kva.de", "user@xn--mller-kva.de"),
        ("user@müller.de", "user@xn--mller-kva.de"),
        (" USER@MÜLLER.DE ", "user@xn--mller-kva.de"),
        ("user@mu\u0308ller.de", "user@xn--mller-kva.de"),
        ("user@straße.de", "user@xn--strae-oqa.de"),
        ("user@STRASSE.de", "user@strasse.de"),
        ("user@例え。テスト", "user@xn--r8jz45g.xn--zckzah"),
        ("no address", "no address"),
        ("user@☕.com", "user@☕.com"),
        ("ÄDÄ@example.com", "ädä@example.com"),
        ("ü", "ü"),
        ("\ud800@\ud800.de", "\ud800@\ud800.de"),
        (f"user@{'Ü' * 300}.de", f"user@{'ü' * 300}.de"),
    ],
)
def test_every_form_of_an_address_is_one_mailbox(address: str, expected: str) -> None:
    assert mailbox(address) == expected
    assert mailbox(expected) == expected


def test_an_ascii_address_costs_no_import_of_the_tables_of_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "idna", None)
    assert normalize_email("Ada@Example.com") == mailbox("Ada@Example.com") == "ada@example.com"


def test_addresses_are_distinct_by_mailbox_and_the_first_form_stays() -> None:
    forms = ("User@müller.de", "user@xn--mller-kva.de", "ada@example.com", "user@mu\u0308ller.de")
    assert distinct(forms) == ("user@müller.de", "ada@example.com")


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        " Ada@Example.com ",
        "<ada@example.com>",
        "Ada Lovelace <Ada@example.com>",
        '"Lovelace, Ada" <ada@example.com>',
        '"ada@home" <ada@example.com>',
        "=?UTF-8?Q?Ad=C3=A4?= < ada@example.com >",
        "'ada@example.com'",
        '"ada"@example.com',
        "rfc822;ada@example.com",
        "RFC822; <ada@example.com>",
        "mailto:ada@example.com",
    ],
)
def test_the_address_is_found_in_a_text_with_a_name_quotes_or_brackets(text: str) -> None:
    assert address_in(text) == "ada@example.com"


def test_an_address_ignores_case_and_surrounding_space() -> None:
    assert distinct(["b@example.com", "A@example.com", " a@EXAMPLE.com"]) == ("b@example.com", "a@example.com")
    assert distinct([]) == ()


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(Invalid) as refused:
        normalize_email("s3cr3t\n")
    assert "s3cr3t" not in str(refused.value)
