"""ScaleBox's paging: `page` from 1, `limit` (or `page_size`) from 1 to 100. Source: docs/decisions.md, "ScaleBox"."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from tallybook.domain.errors import Invalid
from tallybook.domain.money import ceil_div

_MAX_LIMIT = 100
_MAX_PAGE = 10**9


class PageRequest(NamedTuple):
    number: int
    limit: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.limit


def page_request(default_limit: int) -> object:
    """The dependency of a paged route; `default_limit` is the default in the route's document."""

    async def read(request: Request) -> PageRequest:
        query = request.query_params
        sent = "page_size" if query.get("page_size") and not query.get("limit") else "limit"
        return PageRequest(
            number=_whole(query.get("page") or "1", most=_MAX_PAGE, field="page"),
            limit=_whole(query.get(sent) or str(default_limit), most=_MAX_LIMIT, field=sent),
        )

    return Depends(read)


Page = Annotated[PageRequest, page_request(50)]


def paged(name: str, rows: Sequence[object], page: PageRequest) -> dict[str, object]:
    """One page of the whole list, and `pagination`."""
    return {name: rows[page.offset : page.offset + page.limit], "pagination": pagination(page, total=len(rows))}


def pagination(page: PageRequest, *, total: int) -> dict[str, int]:
    return {
        "page": page.number,
        "limit": page.limit,
        "total": total,
        "total_pages": ceil_div(total, by=page.limit),
        "offset": page.offset,
    }


def _whole(text: str, *, most: int, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= most):
        raise Invalid(f"{field} must be a whole number from 1 to {most}", field=field)
    return int(text)
