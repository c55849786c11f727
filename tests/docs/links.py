"""The links, headings and paths of a document."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.commands import ROOT

PRODUCT = ROOT / "layers/core/python/tallybook"
_IN_REPOSITORY = {"infra", "functions", "layers", "tests", "docs"}
_IN_PRODUCT = {"domain", "services", "store", "gateways", "wire", "cli"}
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(page: str) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", (ROOT / page).read_text())


def links_of(page: str) -> list[str]:
    """The targets of links within the repository."""
    return [target for target in _LINK.findall(prose(page)) if "://" not in target]


def titles_of(page: Path) -> list[str]:
    """The headings without backticks."""
    return [title.replace("`", "") for title in _TITLE.findall(_FENCE.sub("", page.read_text()))]


def anchors_of(page: Path) -> set[str]:
    """The headings as GitHub names them: lower case, no punctuation, a hyphen for each blank."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles_of(page)}


def paths_of(page: str) -> Iterator[tuple[str, Path]]:
    """Each text in backticks that looks like a path, with the file it should be."""
    for text in _CODE.findall(prose(page)):
        first, slash, _ = text.partition("/")
        if not slash or not _PATH.fullmatch(text):
            continue
        if first in _IN_REPOSITORY:
            yield text, ROOT / text
        elif first in _IN_PRODUCT:
            yield text, PRODUCT / text
        elif first == "tallybook":
            yield text, PRODUCT.parent / text
