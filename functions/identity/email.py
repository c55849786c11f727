"""Where the links lead that confirm an account's email: a page with a button, so that opening one confirms nothing."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tallybook.wire.pages import page

router = APIRouter(prefix="/auth/email")


@router.get("/confirm")
async def confirm() -> HTMLResponse:
    """The link's token stands behind the `#`, which no server is sent."""
    shown = page("email")
    return HTMLResponse(shown.html, headers=dict(shown.headers))
