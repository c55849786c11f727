"""`/_local/reference` shows all of `docs/openapi.json`, without script and without anything from elsewhere."""

import re
from http import HTTPStatus

import pytest

from infra.local.mailbox import answer_locally
from infra.local.reference import inline
from tests.support.reference import FILE, document


def page() -> str:
    status, headers, content = answer_locally("GET", "/_local/reference", None)
    assert status == HTTPStatus.OK
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
    return content.decode()


def test_the_document_is_served_as_it_is_kept() -> None:
    status, headers, content = answer_locally("GET", "/_local/openapi.json", None)
    assert (status, dict(headers)["Content-Type"]) == (HTTPStatus.OK, "application/json; charset=utf-8")
    assert content == FILE.read_bytes()


def test_the_page_shows_each_operation_field_and_code() -> None:
    shown = page()
    for path, methods in document()["paths"].items():
        assert path in shown
        for operation in methods.values():
            assert f'<details id="{operation["operationId"]}">' in shown
    schemas = document()["components"]["schemas"].values()
    names = {name for schema in schemas for name in schema.get("properties", ())}
    codes = {name.rpartition(".")[2] for name in document()["components"]["examples"]}
    assert [name for name in names | codes if f"<code>{name}</code>" not in shown] == []


def test_each_link_within_the_page_leads_somewhere() -> None:
    shown = page()
    ids = re.findall(r'id="([^"]+)"', shown)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= set(ids)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    shown = page()
    assert not re.search(r"<(script|link|img|iframe)|@import|url\(|\son\w+=", shown)
    assert "://" not in shown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`a<b`", "<code>a&lt;b</code>"),
        ("[here](api.md#part)", '<a href="/_local/documents/docs/api.md">here</a>'),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_code_and_links_are_shown_and_all_else_is_escaped(text: str, html: str) -> None:
    assert inline(text) == html
