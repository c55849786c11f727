"""The page that the links to confirm an email open. It has a button, so that opening a link confirms nothing yet."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from tallybook.wire.pages import page

router = APIRouter(prefix="/auth/email")


@router.get("/confirm")
async def confirm() -> HTMLResponse:
    """The token is after the link's `#`, which browsers don't send."""
    confirmation = page("email")
    return HTMLResponse(confirmation.html, headers=dict(confirmation.headers))
