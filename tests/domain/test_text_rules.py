"""The rules for a password, a name and other texts."""

from collections.abc import Callable

import pytest

from tallybook.domain.errors import Invalid
from tallybook.domain.text_rules import (
    check_description,
    check_line,
    check_name,
    check_password,
    check_source_prefix,
    check_text,
)


@pytest.mark.parametrize("text", ["12345678", "ää ää ää", "a\u0308" * 8, "x" * 1024, "a\u0308" * 1024])
def test_a_password_has_8_to_1024_characters(text: str) -> None:
    assert check_password(text) == text


@pytest.mark.parametrize("text", ["", "1234567", "ä" * 7, "a\u0308" * 7, "x" * 1025, "a\u0308" * 1025])
def test_a_shorter_or_longer_password_is_weak(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(text)
    assert (refused.value.code, refused.value.field) == ("weak_password", "password")


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "Ada Lovelace",
        "阿达",
        "x" * 100,
        "a'; DROP--",
        "👩‍💻",
        "❤️‍🔥",
        "1️⃣ team",
        "葛\U000e0100城",  # an ideograph in its variant
        "نامه\u200cای",  # Persian needs the non-joiner
        "한글",
        "\u0e01\u0e33",
    ],
)
def test_a_name_has_1_to_100_characters(text: str) -> None:
    assert check_name(text) == text


@pytest.mark.parametrize(
    "text", ["", " ", "\t", "\u3000", "x" * 101, "a\nb", "a\x00", "a\x7f", "a\x85", "a\ud800", "a\u202eb", "\u2066"]
)
def test_an_empty_or_long_name_or_one_with_control_characters_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_name(text, field="display_name")
    assert (refused.value.code, refused.value.field) == ("invalid_name", "display_name")


INVISIBLE = {
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "left-to-right mark": "\u200e",
    "non-joiner": "\u200c",
    "joiner": "\u200d",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u3164",
    "Hangul choseong filler": "\u115f",
    "Hangul jungseong filler": "\u1160",
    "half-width Hangul filler": "\uffa0",
    "Braille blank": "\u2800",
    "grapheme joiner": "\u034f",
    "Khmer inherent vowel": "\u17b4",
    "Mongolian vowel separator": "\u180e",
    "Mongolian variation selector": "\u180b",
    "variation selector": "\ufe0f",
    "variation selector of ideographs": "\U000e0100",
    "tag": "\U000e0041",
    "unassigned ignorable": "\u2065",
    "musical null notehead": "\U0001d159",
    "musical begin beam": "\U0001d173",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "interlinear anchor": "\ufff9",
    "Khitan filler": "\U00016fe4",
    "shorthand overlap": "\U0001bca0",
}
each_invisible = pytest.mark.parametrize("char", INVISIBLE.values(), ids=INVISIBLE)


@each_invisible
def test_a_name_with_an_invisible_character_is_refused(char: str) -> None:
    for name in (char, char * 3, f"Ada{char}", f"{char}Ada", f"A{char}da", f" {char}", f"é{char} "):
        if name == f"é{char} " and char in "\ufe0f\U000e0100":
            continue  # a variant of a letter
        with pytest.raises(Invalid) as refused:
            check_name(name)
        assert (refused.value.code, refused.value.field) == ("invalid_name", "name")


@each_invisible
def test_a_text_or_reason_without_a_visible_character_is_refused(char: str) -> None:
    for text in (char, f" {char}\u3000", f"{char}\u200d{char}"):
        with pytest.raises(Invalid):
            check_text(text, field="review_notes")
        with pytest.raises(Invalid):
            check_line(text, field="reason")


@each_invisible
def test_a_description_or_source_prefix_is_not_only_invisible(char: str) -> None:
    with pytest.raises(Invalid):
        check_description(f" {char}\n")
    with pytest.raises(Invalid):
        check_source_prefix(char)


UNDRAWN = {
    "unassigned": "\u0378",
    "noncharacter": "\ufffe",
    "Arabic noncharacter": "\ufdd0",
    "last noncharacter": "\U0010ffff",
    "private use": "\ue000",
    "private plane": "\U000f0000",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("char", UNDRAWN.values(), ids=UNDRAWN)
def test_a_name_with_a_character_that_has_no_meaning_is_refused(char: str) -> None:
    for name in (char, f"Ada{char}", f"{char}Ada", f"A {char} da"):
        with pytest.raises(Invalid) as refused:
            check_name(name)
        assert (refused.value.code, refused.value.field) == ("invalid_name", "name")
    with pytest.raises(Invalid):
        check_line(f" {char}", field="reason")


@pytest.mark.parametrize("marks", ["\u0301", "\u20dd", " \u0301\u0302", "\u3164\u0301", "\u093e"])
def test_a_text_of_marks_without_a_visible_base_is_refused(marks: str) -> None:
    with pytest.raises(Invalid):
        check_name(marks)
    with pytest.raises(Invalid):
        check_text(marks, field="notes")
    assert check_name(f"e{marks}".replace("\u3164", "")) == f"e{marks}".replace("\u3164", "")


def test_a_description_may_be_empty_and_longer_text_has_line_breaks() -> None:
    assert check_description("") == ""
    assert check_text("a\r\n\tb", field="notes") == check_description("a\r\n\tb")
    for text in ("a\x00", "a\x1b[31m", "a\x85", "x" * 1001):
        with pytest.raises(Invalid):
            check_text(text, field="notes")


@pytest.mark.parametrize("text", ["", "a\nb", "a\tb", "a\x7f", "\ud800", "x" * 257])
def test_a_line_has_no_control_characters_and_a_length(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_line(text, field="reference", longest=256)
    assert refused.value.field == "reference"


@pytest.mark.parametrize("text", ["see\u200bhere", "שלום\u200f!", "a\u00adb", "a\u2028"])
def test_a_longer_text_may_have_invisible_characters_among_others(text: str) -> None:
    assert check_text(text, field="notes") == check_line(text, field="reason") == check_description(text) == text


@pytest.mark.parametrize("check", [check_password, check_name])
def test_a_refusal_does_not_repeat_what_was_sent(check: Callable[[str], str]) -> None:
    with pytest.raises(Invalid) as refused:
        check("s3cr3t\n" if check is not check_password else "s3cr3t")
    assert "s3cr3t" not in str(refused.value)
