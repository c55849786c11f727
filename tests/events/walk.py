"""A walk through every kind of change of an account, by the services."""

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from tallybook.domain.audit import OPERATOR
from tallybook.domain.budgets import Threshold
from tallybook.domain.credentials import Principal
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES, USAGE_CHECK
from tallybook.domain.quotas import FIELDS
from tallybook.services.accounts.billing_settings import set_terms_as_platform
from tallybook.services.accounts.email_change import clear_email_change, request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.operator import confirm_email
from tallybook.services.accounts.profile import change_account
from tallybook.services.accounts.sign_up import register
from tallybook.services.accounts.suspension import set_account_status_as_platform
from tallybook.services.accounts.team import delete_user
from tallybook.services.accounts.users import change_user
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.api_keys import create_api_key, revoke_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, change_password, set_password
from tallybook.services.identity.sign_in import login, logout
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.services.jobs.usage_check import run_task as check
from tallybook.services.lookup import find_account
from tallybook.services.metering.sessions import SessionRequest, end_session, start_session
from tallybook.services.quotas.allocations import allocate, change_allocation, remove_allocation, revoke_allocation
from tallybook.services.quotas.requests import change_request, file_request, withdraw_request
from tallybook.services.quotas.reviews import review_request
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.wallet.credits import Move, give_credits
from tests.events.listener import Listener
from tests.support.app import HERE, PASSWORD, Member

ADA, GRACE, NOBODY = "ada@example.com", "grace@example.com", "nobody@example.com"


def walk(listener: Listener) -> None:
    """Make each kind of change at least once, with and without optional fields, and deliver all events."""
    ctx = listener.app.ctx
    confirm_email(ctx, register(ctx, email=NOBODY, password=PASSWORD, address=HERE).account.id)
    owner = register(ctx, email=ADA, password=PASSWORD, name="Ada Łovelace", address=HERE)
    grace = _team(listener, owner.text)
    _keys(listener, owner.text)
    _quotas(listener, Member(owner.account, owner.user, session=owner.text, api_key=""), grace)
    _budgets(listener, Member(owner.account, owner.user, session=owner.text, api_key=""))
    _money(listener, owner.account.id, owner.user.id)
    _passwords(listener)
    _invoices(listener, Member(owner.account, owner.user, session=owner.text, api_key=""))
    delete_user(ctx, _principal_of(listener, ADA), grace)
    _emails(listener, owner.user.id)
    listener.deliver()


def _team(listener: Listener, text: str) -> str:
    """Invite two users, and change one of them, Grace, in every way; return her id."""
    ctx = listener.app.ctx
    principal = authenticate(ctx, text)
    invite_user(ctx, principal, Invitation("root@example.com", role="admin", is_root=True))
    user = invite_user(ctx, authenticate(ctx, text), Invitation(GRACE, name="東京"))
    invite_again(ctx, authenticate(ctx, text), user.id)
    listener.deliver()
    set_password(ctx, token=listener.token("root@example.com"), password=PASSWORD, address=HERE)
    set_password(ctx, token=listener.token(GRACE), password=PASSWORD, name="Grace", address=HERE)
    for changes in (
        {"name": "Grace Hopper", "role": "admin", "is_root": True},
        {"name": None, "is_root": False},
        {"status": "suspended", "suspension_reason": 'on "leave"\N{SNOWMAN}'},
        {"status": "active", "name": "Grace"},
        {"status": "disabled"},
        {"status": "suspended"},
        {"status": "active"},
    ):
        listener.app.clock.advance(minutes=1)
        change_user(ctx, authenticate(ctx, text), user.id, changes)
    return user.id


def _keys(listener: Listener, text: str) -> None:
    ctx = listener.app.ctx
    soon = ctx.clock.now() + timedelta(days=30)
    for name, expires_at in (("ci", None), ("a month's", soon)):
        created = create_api_key(ctx, authenticate(ctx, text), name=name, expires_at=expires_at)
        revoke_api_key(ctx, authenticate(ctx, created.text), created.key.id)
    grace = login(ctx, email=GRACE, password=PASSWORD, address=HERE)
    create_api_key(ctx, authenticate(ctx, grace.text), name="left behind")


def _quotas(listener: Listener, owner: Member, user_id: str) -> None:
    """Allocations with and without each field, usage of one, an expired session, and quota requests."""
    app, ctx = listener.app, listener.app.ctx
    allocation = allocate(ctx, _principal_of(listener, ADA), user_id, {"concurrent_sandboxes": 2})
    others = {**dict.fromkeys(FIELDS, 100), "concurrent_sandboxes": None}
    change_allocation(ctx, _principal_of(listener, ADA), allocation.id, others)
    start_session(ctx, app.platform(), _session(owner.account.id, user_id))
    app.record(app.event(owner, quantity="80.5", user_id=f"usr-{user_id}"))
    app.clock.advance(hours=1)
    for task in list(due_tasks(ctx, USAGE_CHECK)):
        check(ctx, task)
    filed = file_request(ctx, _principal_of(listener, GRACE), {"cpu_seconds_monthly": 200}, reason="Ł" * 1000)
    change_request(
        ctx, _principal_of(listener, GRACE), filed.id, {**dict.fromkeys(FIELDS, 3), "cpu_seconds_monthly": None}
    )
    withdraw_request(ctx, _principal_of(listener, GRACE), filed.id)
    denied = file_request(ctx, _principal_of(listener, GRACE), {"concurrent_sandboxes": 3}, reason="tests")
    review_request(ctx, _principal_of(listener, ADA), denied.id, "deny")
    approved = file_request(ctx, _principal_of(listener, GRACE), {"concurrent_sandboxes": 1}, reason="tests")
    review_request(ctx, _principal_of(listener, ADA), approved.id, "approve", notes="until May")
    revoke_allocation(ctx, _principal_of(listener, ADA), allocation.id)
    remove_allocation(ctx, _principal_of(listener, ADA), allocation.id)


def _budgets(listener: Listener, owner: Member) -> None:
    """A hard budget with each kind of threshold, used up, raised and deleted."""
    app, ctx = listener.app, listener.app.ctx
    thresholds = (Threshold(Decimal("66.67")), Threshold(Decimal(80), enabled=False), Threshold(Decimal(100)))
    terms = {"amount": Decimal("0.01"), "thresholds": thresholds, "limit_type": "hard", "emails": ["cfo@example.com"]}
    create_budget(ctx, _principal_of(listener, ADA), terms)
    app.record(app.event(owner, quantity=1000))
    check_budget(ctx, owner.account.id)
    change_budget(ctx, _principal_of(listener, ADA), {"amount": Decimal(10**9)})
    remove_budget(ctx, _principal_of(listener, ADA))


def _session(account_id: str, user_id: str) -> SessionRequest:
    return SessionRequest(account_id, user_id, Decimal(1), Decimal(2), Decimal(5), 3600)


def _money(listener: Listener, account_id: str, user_id: str) -> None:
    """The platform's changes: credits, a session, terms, suspension; and the account's own profile."""
    ctx, platform = listener.app.ctx, listener.app.platform()
    moves: tuple[tuple[int, Literal["grant", "adjustment"]], ...] = (
        (1, "grant"),
        (10**15, "grant"),
        (-(10**15), "adjustment"),
        (-5_000_000, "adjustment"),
    )
    for number, (amount, kind) in enumerate(moves):
        give_credits(ctx, platform, Move(account_id, amount, kind, f"order {number}", note="by hand"))
    running = start_session(ctx, platform, _session(account_id, user_id))
    end_session(ctx, platform, running.id)
    for terms in ({"tax_rate": Decimal("19.5"), "discount": Decimal(25)}, {"tax_rate": None}):
        set_terms_as_platform(ctx, platform, account_id, terms)
    changes = {"display_name": "Platform Team", "description": "", "time_zone": "Europe/Berlin"}
    change_account(ctx, _principal_of(listener, ADA), changes)
    set_account_status_as_platform(ctx, platform, account_id, "suspended", reason="x" * 1000)
    set_account_status_as_platform(ctx, platform, account_id, "active", reason="paid")


def _invoices(listener: Listener, member: Member) -> None:
    """An overdue invoice, paid in part, voided, reissued and paid; one that a balance pays in part; and empty ones."""
    ctx, platform = listener.app.ctx, listener.app.platform()
    _use_and_close(listener, member)
    listener.app.clock.advance(days=7)
    (overdue,) = _invoicing(listener)
    give_credits(ctx, platform, Move(member.account.id, 6_000_000, "grant", "goodwill"))
    void_invoice(ctx, overdue.id, reason="Ł" * 1000)
    reissue_invoice(ctx, overdue.id)
    give_credits(ctx, platform, Move(member.account.id, 14_000_000, "grant", "more goodwill"))
    draft_invoice(ctx, _principal_of(listener, ADA))
    (partly_paid,) = (invoice for invoice in _use_and_close(listener, member) if invoice.total)
    void_invoice(ctx, partly_paid.id, reason="too much")
    change_plan(ctx, find_account(ctx, member.account.id), "pro", actor=OPERATOR, must_pay=False)


def _use_and_close(listener: Listener, member: Member) -> list[Invoice]:
    """Use CPU for 14.00 and close the period."""
    app = listener.app
    app.record(app.event(member, quantity=1_000_000))
    app.clock.advance(days=31)
    return _invoicing(listener)


def _invoicing(listener: Listener) -> list[Invoice]:
    ctx = listener.app.ctx
    return [invoice for task in list(due_tasks(ctx, INVOICES)) for invoice in run_task(ctx, task)]


def _passwords(listener: Listener) -> None:
    ctx = listener.app.ctx
    change_password(ctx, _principal_of(listener, GRACE), current=PASSWORD, password=PASSWORD, address=HERE)
    ask_for_reset(ctx, email=GRACE, address=HERE)
    listener.deliver()
    set_password(ctx, token=listener.token(GRACE), password=PASSWORD, address=HERE)
    logout(ctx, _principal_of(listener, GRACE))


def _emails(listener: Listener, owner: str) -> None:
    """Email changes: one cleared, one with the login of the same address, one after that user's deletion."""
    ctx, clock = listener.app.ctx, listener.app.clock
    request_email_change(ctx, _principal_of(listener, ADA), current=ADA, new="never@example.com")
    clear_email_change(ctx, _principal_of(listener, ADA))
    clock.advance(minutes=30)
    _email(listener, ADA, current=ADA, new="ada@example.org")
    delete_user(ctx, _principal_of(listener, "root@example.com"), owner)
    clock.advance(minutes=30)
    _email(listener, "root@example.com", current="ada@example.org", new="billing@example.org")


def _email(listener: Listener, by: str, *, current: str, new: str) -> None:
    ctx = listener.app.ctx
    request_email_change(ctx, _principal_of(listener, by), current=current, new=new)
    listener.deliver()
    for address in (current, new):
        confirm_email_change(ctx, token=listener.token(address), address=HERE)


def _principal_of(listener: Listener, email: str) -> Principal:
    ctx = listener.app.ctx
    return authenticate(ctx, login(ctx, email=email, password=PASSWORD, address=HERE).text)
