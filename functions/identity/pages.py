"""The pages that links in mails and `docs_url` of errors open. A link's token is after the `#`, which browsers don't
send. Opening a page changes nothing: each has a button.
"""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tallybook import runtime
from tallybook.wire.pages import page

router = APIRouter(prefix="/auth")


@router.get("/password/forgotten")
async def forgotten() -> HTMLResponse:
    return _html("forgotten")


@router.get("/password/new")
async def new_password() -> HTMLResponse:
    return _html("password")


@router.get("/email/confirm")
async def confirm_email() -> HTMLResponse:
    return _html("email")


@router.get("/errors")
async def errors() -> HTMLResponse:
    return _html("errors")


def _html(name: str) -> HTMLResponse:
    found = page(name, brand=runtime.brand(), app_url=runtime.app_url())
    return HTMLResponse(found.html, headers=dict(found.headers))
