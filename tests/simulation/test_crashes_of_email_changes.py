"""A crash at any external call of an email change: request, delivery, both confirmations, clearing."""

from contextlib import suppress
from typing import Any

import pytest

from tallybook.domain.credentials import Principal
from tallybook.domain.email_change import EmailChange
from tallybook.domain.errors import Invalid, TooManyRequests
from tallybook.domain.outbox import LEASE
from tallybook.services.accounts.email_change import clear_email_change, last_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.sign_in import login
from tests.simulation.conftest import Sweep
from tests.support.app import HERE, PASSWORD, App

OLD, NEW = "root@example.com", "moved@example.com"


def root(app: App) -> Principal:
    principal = authenticate(app.ctx, app.member(OLD).session, address=HERE)
    app.deliver()
    return principal


def requested(app: App) -> Principal:
    principal = root(app)
    request_email_change(app.ctx, reread(app.ctx, principal), current=OLD, new=NEW)
    return principal


def delivered(app: App) -> tuple[Principal, str, str]:
    principal = requested(app)
    app.deliver()
    return principal, app.fake_aws.mails_to(OLD)[-1].token, app.fake_aws.mails_to(NEW)[-1].token


def half_confirmed(app: App) -> tuple[Principal, str, str]:
    prepared = delivered(app)
    confirm(app, prepared[1])
    return prepared


def confirm(app: App, token: str) -> EmailChange:
    return confirm_email_change(app.ctx, token=token, address=HERE)


def actions(app: App) -> list[str]:
    return [entry["action"].rpartition(".")[2] for entry in app.stored("core", "AUDIT#")]


def test_a_request(sweep: Sweep) -> None:
    def act(app: App, principal: Principal) -> None:
        with suppress(TooManyRequests):
            request_email_change(app.ctx, reread(app.ctx, principal), current=OLD, new=NEW)

    def check(app: App, principal: Principal, _: Any) -> None:
        assert actions(app).count("email_change_requested") == 1
        mails = len(app.fake_aws.mails)
        app.deliver()
        assert [mail.to for mail in app.fake_aws.mails[mails:]] in ([OLD, NEW], [NEW, OLD])
        confirm(app, app.fake_aws.mails_to(NEW)[-1].token)
        assert confirm(app, app.fake_aws.mails_to(OLD)[-1].token).state == "completed"

    assert sweep(root, act, check) == 4


def test_the_delivery_of_both_mails(sweep: Sweep) -> None:
    def act(app: App, _: Principal) -> None:
        app.clock.advance(seconds=LEASE.total_seconds())
        app.deliver()

    def check(app: App, _: Principal, __: Any) -> None:
        assert app.waiting() == []
        assert 3 <= len(app.fake_aws.mails_to(OLD)) + len(app.fake_aws.mails_to(NEW)) <= 4, (
            "a welcome mail, two links, one of them perhaps twice"
        )
        confirm(app, app.fake_aws.mails_to(NEW)[-1].token)
        assert confirm(app, app.fake_aws.mails_to(OLD)[-1].token).state == "completed"

    assert sweep(requested, act, check) == 17  # of these, 3 read a user and count two strangers


def test_the_first_confirmation(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> EmailChange:
        return confirm(app, prepared[2])

    def check(app: App, prepared: Any, change: EmailChange) -> None:
        assert (change.state, change.unconfirmed) == ("pending", (OLD,))
        assert actions(app).count("email_change_confirmed") == 1
        assert confirm(app, prepared[1]).state == "completed"

    assert sweep(delivered, act, check) == 4


def test_the_second_confirmation_and_the_notices(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> EmailChange:
        change = confirm(app, prepared[2])
        app.clock.advance(seconds=LEASE.total_seconds())
        app.deliver()
        return change

    def check(app: App, prepared: Any, change: EmailChange) -> None:
        assert change.state == "completed"
        assert app.waiting() == []
        assert actions(app).count("email_changed") == 1
        assert len({detail["id"] for detail in app.fake_aws.events_named("AccountEmailChanged")}) == 1
        for address, others in ((OLD, 2), (NEW, 1)):
            assert others + 1 <= len(app.fake_aws.mails_to(address)) <= others + 2
        assert reread(app.ctx, prepared[0]).account.email == NEW
        assert login(app.ctx, email=NEW, password=PASSWORD, address=HERE)
        assert app.member(OLD), "the old address must be free"

    assert sweep(half_confirmed, act, check) == 15


def test_a_clearing(sweep: Sweep) -> None:
    def act(app: App, prepared: Any) -> None:
        clear_email_change(app.ctx, reread(app.ctx, prepared[0]))

    def check(app: App, prepared: Any, _: Any) -> None:
        assert actions(app).count("email_change_cleared") == 1
        change = last_email_change(app.ctx, prepared[0])
        assert change is not None
        assert change.state == "cleared"
        for token in prepared[1:]:
            with pytest.raises(Invalid):
                confirm(app, token)

    assert sweep(half_confirmed, act, check) == 3
