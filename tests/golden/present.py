"""The story acted by the present code: every item that it stores, always the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from unittest.mock import patch

import bcrypt

from tallybook import delivery, runtime
from tallybook.services.accounts.operator import create_account
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.platform_keys import create_platform_key
from tallybook.services.jobs.archive import archive_table
from tallybook.services.outbox.suppressions import lift_suppression
from tests.golden.actions import Cast, fixed_bytes
from tests.golden.story import END, act
from tests.support.app import App
from tests.support.budgets import run_usage_check

_YEAR = timedelta(days=365)


def act_story(app: App) -> dict[str, str]:
    """Act it on empty tables; return the credentials with which it goes on."""
    app.reshape(random_bytes=fixed_bytes())
    cast = Cast(
        app=app,
        channels=app.fake_aws,
        invite=app.invite,
        check_usage=lambda: run_usage_check(app),
        void=lambda invoice_id, reason: void_invoice(app.ctx, invoice_id, reason=reason),
        reissue=lambda invoice_id: reissue_invoice(app.ctx, invoice_id),
        platform_key=lambda: create_platform_key(
            app.ctx, name="meters", scopes=["usage:write"], expires_at=app.clock.now() + _YEAR, source_prefix="meters/"
        ),
        invite_account=lambda email: create_account(app.ctx, email=email, name="Gus", time_zone="America/New_York"),
        lift=lambda address: lift_suppression(app.ctx, address),
    )
    with handlers_of(app), patch.object(bcrypt, "gensalt", lambda rounds: b"$2b$%02d$" % rounds + b"." * 22):
        credentials = act(cast)
        archive_table(app.ctx, _Exports(), "core", "core")
    app.reshape()
    return credentials


@contextmanager
def handlers_of(app: App) -> Iterator[None]:
    """The handlers use this app, and its fake channels."""
    with (
        patch.object(runtime, "context", lambda: app.ctx),
        patch.object(delivery, "channels", app.fake_aws.channels),
        patch.object(runtime, "queue", app.fake_aws.queue),
    ):
        yield


class _Export(NamedTuple):
    arn: str
    at: datetime


class _Exports:
    """An export of a table that never ends."""

    def start(self, name: str, **_: object) -> _Export:
        return _Export(f"arn:aws:dynamodb:eu-west-1:000000000000:table/{name}/export/01", END)

    def status(self, _arn: str) -> Literal["running", "done", "failed"]:
        return "running"
