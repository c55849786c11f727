"""A grant that AWS denies is logged with its action: no retry helps, and the item alone would wait unseen."""

import logging
from typing import Any

import pytest

from tallybook.domain.outbox import Mail
from tallybook.services.outbox.deliver import deliver
from tallybook.store.outbox import put_mail
from tests.support.app import App
from tests.support.faults import client_error

DENIED = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"]


def deny(app: App, code: str) -> None:
    """Let each call of AWS's mail and bus fail with this code."""

    def fail(operation: str, call: Any) -> Any:
        raise client_error(operation, code)

    app.fake_aws.interceptor = fail


def denials(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.parametrize("code", DENIED)
def test_a_denied_mail_is_an_error_line_with_the_action(app: App, caplog: pytest.LogCaptureFixture, code: str) -> None:
    mail = Mail("account_resumed", ("ada@example.com",), {"account": "Acme", "at": "now"})
    command = put_mail(mail, "x", at=app.clock.now())
    app.ctx.tables.write(command)
    deny(app, code)
    item_id = str(command.item["id"])
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "postponed"
    (line,) = denials(caplog)
    assert line == f"outbox item {item_id}: ses:SendEmail is denied ({code})"


def test_denied_events_are_an_error_line_with_the_action(app: App, caplog: pytest.LogCaptureFixture) -> None:
    app.member()
    deny(app, "AccessDeniedException")
    item_id = next(row["id"] for row in app.stored("core", "OUTBOX") if row["kind"] == "events")
    assert deliver(app.ctx, app.fake_aws.channels(), item_id) == "postponed"
    assert denials(caplog) == [f"outbox item {item_id}: events:PutEvents is denied (AccessDeniedException)"]


def test_another_failure_is_no_error_line(app: App, caplog: pytest.LogCaptureFixture) -> None:
    app.member()
    deny(app, "TooManyRequestsException")
    for item_id in app.waiting():
        deliver(app.ctx, app.fake_aws.channels(), item_id)
    assert denials(caplog) == []
