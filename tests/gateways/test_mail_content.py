"""Both versions of a mail say the same, and neither has a path of the API: its reader has no terminal open."""

import re

import pytest

from tallybook.gateways.templates import TEMPLATES
from tests.gateways.rendering import PAGES, render_sample, render_texts
from tests.support.markup import Markup

EACH_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES)
OWN_PAGES = ("/auth/password/new", "/auth/password/forgotten", "/auth/email/confirm", "/auth/password")
IN_HTML_ONLY = "If the button does nothing, open this address:"
"""Beside the heading, which says what the subject says."""


def words(text: str) -> set[str]:
    return set(re.findall(r"\w[\w@%.,/-]*[\w%]|\w", text.lower()))


@EACH_TEMPLATE
def test_the_html_says_everything_that_the_text_says(template: str) -> None:
    text, html = render_texts(template)
    assert words(text) - words(html) == set()


@EACH_TEMPLATE
def test_the_text_says_everything_that_the_html_says(template: str) -> None:
    mail = render_sample(template)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", mail.html)
    assert heading is not None
    said = words(mail.text) | words(Markup(heading[0]).text) | words(IN_HTML_ONLY)
    assert words(Markup(mail.html).text) - said == set()


@EACH_TEMPLATE
def test_no_path_of_the_api_stands_in_a_mail(template: str) -> None:
    mail = render_sample(template)
    for shown in (mail.subject, mail.text, Markup(mail.html).text):
        rest = re.sub(rf"{re.escape(PAGES)}(?:{'|'.join(OWN_PAGES)})(?:#\S*)?(?!\S)", "", shown)
        assert not re.search(r"/(?:v\d|auth|api|_local)\b|https?:", rest), rest
        assert not re.search(r"\b(?:GET|POST|PUT|PATCH|DELETE|curl|JSON)\b|[{}]", rest), rest
