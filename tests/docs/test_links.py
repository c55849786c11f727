"""Every link and path in the documents and every citation in the code has a target."""

import re

import pytest

from tests.docs.commands import ROOT, documents
from tests.docs.links import anchors_of, links_of, paths_of, titles_of

each_document = pytest.mark.parametrize("page", documents())

_CITED = re.compile(r'docs/([\w-]+\.md)((?:,?\s+(?:and\s+)?"[^"]+")*)')
_SOURCES = ("layers/core/python", "functions", "infra", "tests")


@each_document
def test_each_link_has_an_existing_file_and_heading(page: str) -> None:
    broken = []
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert not broken, broken


@each_document
def test_each_path_in_backticks_exists(page: str) -> None:
    missing = [text for text, path in paths_of(page) if not path.exists()]
    assert not missing, missing


def test_each_citation_in_the_code_has_an_existing_page_and_heading() -> None:
    wrong = []
    for file in (file for folder in _SOURCES for file in (ROOT / folder).rglob("*.py") if file.parent.name != "docs"):
        for name, titles in _CITED.findall(re.sub(r"\s+", " ", file.read_text())):
            page = ROOT / "docs" / name
            known = titles_of(page) if page.exists() else []
            if not page.exists() or not set(re.findall(r'"([^"]+)"', titles)) <= set(known):
                wrong.append(f"{file.relative_to(ROOT)}: docs/{name}{titles}")
    assert not wrong, wrong


def test_the_readme_links_to_every_page() -> None:
    linked = set(links_of("README.md"))
    pages = {page for page in documents() if page.startswith("docs/") and page.count("/") == 1}
    assert pages - {link.partition("#")[0] for link in linked} == set()
