"""Pages count from 1, a limit is 1 to 100, and `limit` overrides `page_size`."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from tallybook.domain.errors import Invalid
from tallybook.wire.requests.paging import PageRequest, page_request, paged, pagination


def read(query: str, *, default: int = 50) -> PageRequest:
    depends: Any = page_request(default)
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    loop = asyncio.new_event_loop()  # asyncio.run would close the thread's loop, which later tests use
    try:
        return loop.run_until_complete(depends.dependency(request))
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("query", "number", "limit"),
    [
        ("", 1, 50),
        ("page=3", 3, 50),
        ("limit=1", 1, 1),
        ("limit=100&page=2", 2, 100),
        ("page_size=7", 1, 7),
        ("limit=5&page_size=7", 1, 5),
        ("page_size=7&limit=5", 1, 5),
        ("page=&limit=", 1, 50),
        ("page=1000000000", 10**9, 50),
        ("unknown=1", 1, 50),
    ],
)
def test_a_page_is_read_from_the_query(query: str, number: int, limit: int) -> None:
    assert read(query) == PageRequest(number=number, limit=limit)


def test_a_list_may_have_its_own_default_limit() -> None:
    assert read("", default=20).limit == 20


@pytest.mark.parametrize("value", ["0", "-1", "101", "1.5", "abc", "1e1", "%20", "1%20", "%D9%A3", "null", "9" * 30])
@pytest.mark.parametrize("name", ["limit", "page_size"])
def test_a_limit_outside_1_to_100_is_refused(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(f"{name}={value}")
    assert refused.value.field == name


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "abc", "%2B1", "%D9%A3", "1000000001", "9" * 5000])
def test_an_invalid_page_is_refused(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(f"page={value}")
    assert refused.value.field == "page"


@pytest.mark.parametrize(
    ("page", "limit", "total", "pages", "offset"),
    [(1, 50, 0, 0, 0), (1, 50, 1, 1, 0), (1, 50, 50, 1, 0), (2, 50, 51, 2, 50), (3, 7, 20, 3, 14), (9, 7, 20, 3, 56)],
)
def test_pagination_has_pages_and_offset(page: int, limit: int, total: int, pages: int, offset: int) -> None:
    assert pagination(PageRequest(page, limit), total=total) == {
        "page": page,
        "limit": limit,
        "total": total,
        "total_pages": pages,
        "offset": offset,
    }


def test_a_page_has_its_part_of_the_list_and_past_the_end_nothing() -> None:
    rows = list(range(20))
    assert paged("rows", rows, PageRequest(3, 7))["rows"] == [14, 15, 16, 17, 18, 19]
    assert paged("rows", rows, PageRequest(4, 7))["rows"] == []
