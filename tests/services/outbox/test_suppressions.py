"""An address that bounced or complained is suppressed until the operator lifts it."""

import pytest

from tallybook.domain.errors import NotFound
from tallybook.services.outbox.suppressions import find_suppression, lift_suppression, suppress_addresses
from tests.support.app import App


def test_the_operator_can_lift_a_suppression(app: App) -> None:
    suppress_addresses(app.ctx, ["ada@example.com"], reason="complaint")
    assert find_suppression(app.ctx, "ADA@example.com") == ("complaint", app.clock.now())
    lift_suppression(app.ctx, "Ada@example.com")
    app.member("ada@example.com")
    assert len(app.deliver().mails_to("ada@example.com")) == 1
    assert [item["target"] for item in app.stored("core") if item.get("action") == "suppression.lifted"] == [
        "a***@example.com"
    ]


def test_an_address_that_is_not_suppressed_is_not_found(app: App) -> None:
    for ask in (find_suppression, lift_suppression):
        with pytest.raises(NotFound):
            ask(app.ctx, "ada@example.com")
