"""Ninety days after a user was deleted, no stored item has their email address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.gateways.interceptor import passthrough
from tallybook.services.accounts.email_change import clear_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.accounts.team import delete_user
from tallybook.services.accounts.users import change_user
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.change_password import ask_for_reset, change_password
from tallybook.services.identity.sign_in import login
from tallybook.services.outbox.deliver import deliver, list_outbox, retry
from tallybook.services.outbox.suppressions import lift_suppression, suppress_addresses
from tallybook.services.quotas.requests import file_request
from tallybook.store import keys
from tallybook.store.audit import read_entry
from tallybook.store.commands import Update
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.faults import client_error
from tests.support.invariants import check_invariants

ADA = "ada@example.com"


@pytest.fixture
def root(app: App) -> Member:
    return app.member("root@example.com")


def remains(app: App) -> list[dict[str, Any]]:
    """The stored items that have the address and have not expired."""
    now = app.clock.now().timestamp()
    items = app.stored("core") + app.stored("usage")
    return [item for item in items if ADA in repr(item).lower() and item.get("expires", now + 1) > now]


def refuse_mails(app: App) -> None:
    def refuse(operation: str, call: Callable[[], Any]) -> Any:
        if operation == "send_email":
            raise client_error(operation, "BadRequestException")
        return call()

    app.fake_aws.interceptor = refuse


def live(app: App, root: Member) -> None:
    """All that stores an address of Ada: an invitation, keys, resets, requests, reasons, mails that are refused."""
    as_root = authenticate(app.ctx, root.session)
    request_email_change(app.ctx, as_root, current=root.user.email, new=ADA)
    clear_email_change(app.ctx, reread(app.ctx, as_root))
    ada = app.colleague(root, ADA)
    login(app.ctx, email=ADA, password=PASSWORD, address=HERE)
    ask_for_reset(app.ctx, email=ADA, address=HERE)
    principal = authenticate(app.ctx, ada.session)
    change_password(app.ctx, principal, current=PASSWORD, password="another horse battery", address=HERE)
    create_api_key(app.ctx, reread(app.ctx, principal), name=f"key of {ADA}")
    file_request(app.ctx, reread(app.ctx, principal), {"ram_gb_seconds": 2}, reason="tests")
    as_root = reread(app.ctx, as_root)
    change_user(app.ctx, as_root, ada.user.id, {"name": "Ada@Example.com", "role": "admin"})
    reason = {"status": "suspended", "suspension_reason": f"left, was {ADA}"}
    change_user(app.ctx, reread(app.ctx, as_root), ada.user.id, reason)
    set_account_status(app.ctx, root.account.id, "suspended", reason=f"a complaint of {ADA.upper()}", actor=OPERATOR)
    set_account_status(app.ctx, root.account.id, "active", reason="settled", actor=OPERATOR)
    suppress_addresses(app.ctx, [ADA], reason="bounce")
    lift_suppression(app.ctx, ADA)
    refuse_mails(app)
    app.deliver()
    assert list_outbox(app.ctx, state="parked", limit=9)
    delete_user(app.ctx, reread(app.ctx, as_root), ada.user.id)


def test_no_item_has_the_address_of_a_user_deleted_90_days_ago(app: App, root: Member) -> None:
    live(app, root)
    ask_for_reset(app.ctx, email=ADA, address=HERE)
    app.clock.advance(days=1)
    app.deliver()
    assert remains(app)
    app.clock.advance(days=89)
    assert remains(app) == []
    check_invariants(app)


@pytest.mark.parametrize("is_old", [False, True], ids=["new", "of an earlier release"])
def test_no_item_has_the_former_address_of_a_deleted_user(app: App, is_old: bool) -> None:
    ada = app.member(ADA)
    root = app.colleague(ada, "root@example.com", is_root=True)
    principal = authenticate(app.ctx, ada.session)
    change = request_email_change(app.ctx, principal, current=ADA, new="lovelace@example.com")
    for token in app.email_tokens(change).values():
        confirm_email_change(app.ctx, token=token, address=HERE)
    if is_old:
        app.ctx.tables.write(Update(keys.email_change(ada.account.id), remove=("expires",)))
    app.deliver()
    delete_user(app.ctx, authenticate(app.ctx, root.session), ada.user.id)
    assert remains(app)
    app.clock.advance(days=90)
    assert remains(app) == []


def test_an_old_email_change_expires_in_whichever_form_it_has_the_address(app: App, root: Member) -> None:
    ada = app.colleague(root, "ada@müller.de")
    as_root = authenticate(app.ctx, root.session)
    request_email_change(app.ctx, as_root, current=root.user.email, new="billing@example.com")
    request = keys.email_change(root.account.id)
    app.ctx.tables.write(Update(request, set={"new_email": "ada@xn--mller-kva.de"}, remove=("expires",)))
    delete_user(app.ctx, reread(app.ctx, as_root), ada.user.id)
    assert "expires" in (app.ctx.tables.get(request) or {})


def test_an_email_change_of_others_is_kept_when_a_user_is_deleted(app: App, root: Member) -> None:
    ada = app.colleague(root, ADA)
    as_root = authenticate(app.ctx, root.session)
    request_email_change(app.ctx, as_root, current=root.user.email, new="billing@example.com")
    request = keys.email_change(root.account.id)
    app.ctx.tables.write(Update(request, remove=("expires",)))
    before = app.ctx.tables.get(request)
    delete_user(app.ctx, reread(app.ctx, as_root), ada.user.id)
    assert app.ctx.tables.get(request) == before


def test_a_mail_that_was_given_up_expires_90_days_after_its_change(app: App, root: Member) -> None:
    app.deliver()
    app.invite(root, ADA)
    created_at = app.clock.now()
    app.clock.advance(days=1)
    refuse_mails(app)
    app.deliver()
    [parked] = list_outbox(app.ctx, state="parked", limit=9)
    [item] = [item for item in app.stored("core", "OUTBOX") if item["id"] == parked.id]
    assert item["expires"] == int((created_at + timedelta(days=90)).timestamp())
    app.fake_aws.interceptor = passthrough
    retry(app.ctx, parked.id)
    assert deliver(app.ctx, app.fake_aws.channels(), parked.id) == "delivered"


def test_an_entry_that_has_an_address_is_read_without_it(app: App, root: Member) -> None:
    """Entries are never rewritten, so those of before keep their addresses; nobody is shown them."""
    stored_key = keys.audit(root.account.id, 1)
    old = {"target": ADA, "before": {"email": ADA}, "after": {"email": ADA, "emails": [ADA, "b@example.com"]}}
    app.ctx.tables.write(Update(stored_key, set=old))
    item = app.ctx.tables.get(stored_key)
    assert item is not None
    entry = read_entry(item)
    assert (entry.target, entry.before) == ("a***@example.com", {"email": "a***@example.com"})
    assert entry.after == {"email": "a***@example.com", "emails": ["a***@example.com", "b***@example.com"]}
