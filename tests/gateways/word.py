"""A mail as Outlook for Windows reads it: with the engine of Word, which knows tables but little CSS."""

import re
from html.parser import HTMLParser
from typing import NamedTuple

_ONLY_OTHERS = re.compile(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
_ONLY_WORD = re.compile(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", re.DOTALL)
_EMPTY = frozenset({"meta", "br"})


class Element(NamedTuple):
    """`style`: its inline declarations; `inside`: the elements around it, the outermost first."""

    tag: str
    attributes: dict[str, str]
    style: dict[str, str]
    inside: tuple["Element", ...]

    def within(self, tag: str) -> "Element":
        """The innermost element of this kind around it."""
        return next(element for element in reversed(self.inside) if element.tag == tag)


def as_word_reads(html: str) -> str:
    """The HTML with what only Word reads, and without what only others read."""
    return _ONLY_WORD.sub(r"\1", _ONLY_OTHERS.sub("", html))


def elements_for_word(html: str) -> list[Element]:
    parser = _Elements()
    parser.feed(as_word_reads(html))
    parser.close()
    return parser.elements


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        pairs = (part.partition(":") for part in attributes.get("style", "").split(";") if part)
        style = {name.strip(): value.strip() for name, _, value in pairs}
        element = Element(tag, attributes, style, tuple(self._open))
        self.elements.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag
