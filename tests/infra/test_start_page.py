"""`/` of the local bundle links what there is: mail, the reference of the API, and the documents."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from infra.local.cloud import free_port
from infra.local.documents import DOCUMENTS
from infra.local.proxy import Proxy
from tests.support.markup import Markup

type Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def port(_emulator: Any) -> Iterator[int]:
    number = free_port()
    with Proxy(number) as proxy:
        proxy.serve(_emulator[0], "abcd1234")
        yield number


def get(port: int, path: str, *, method: str = "GET", host: str = "localhost") -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/?from=elsewhere", "/_local", "/_local/"])
def test_the_start_page_links_mail_reference_and_documents(port: int, path: str) -> None:
    status, headers, html = get(port, path)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    links = {link["href"] for link in Markup(html).all("a")}
    assert links >= {"/_local/mail", "/_local/reference", "/auth/errors", "/_local/documents/README.md"}
    assert {f"/_local/documents/{name}" for name in DOCUMENTS} <= links


def test_every_document_that_is_linked_is_shown_as_text(port: int) -> None:
    assert {"README.md", "docs/local.md", "docs/api.md"} <= DOCUMENTS.keys()
    for name, path in DOCUMENTS.items():
        status, headers, text = get(port, f"/_local/documents/{name}")
        assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert text == path.read_text()
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["", "x.md", "../pyproject.toml", "..%2Fpyproject.toml", "docs/../Makefile", "%2Fetc%2Fpasswd"]
)
def test_no_other_file_is_shown(port: int, name: str) -> None:
    assert get(port, f"/_local/documents/{name}")[0] == 404


def test_the_start_page_is_refused_to_others_and_only_read(port: int) -> None:
    assert get(port, "/", host="evil.example")[0] == 403
    assert json.loads(get(port, "/", method="POST")[2]) == {"message": "Not Found"}, "the API answers"
    assert get(port, "/", method="HEAD")[::2] == (200, "")


def test_only_the_root_is_a_page_other_paths_reach_the_api(port: int) -> None:
    for path in ("/index.html", "/nothing?/", "/%2F"):
        assert json.loads(get(port, path)[2]) == {"message": "Not Found"}
