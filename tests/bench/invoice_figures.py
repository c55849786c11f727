"""The deterministic figures of invoices: closing, drafts, the operator's commands, and reads."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from tallybook.domain.audit import OPERATOR
from tallybook.domain.sessions import Session
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store.sessions import put_session
from tests.bench.figures import Figure, measure
from tests.bench.invoicing import MOST_CALLS, MOST_WRITE_UNITS
from tests.support.app import App, Member
from tests.support.call import Answer, call

METERS = (
    ("cpu_seconds", None),
    ("ram_gb_seconds", None),
    ("sandbox_storage_gb_seconds", None),
    ("traffic_gb_seconds", None),
    ("container_minutes", "S"),
    ("container_minutes", "M"),
    ("addon_minutes", "mysql-starter"),
    ("template_storage_gb_hours", None),
)
_ENOUGH = 10**12
_CLOSED = {"most_calls": MOST_CALLS, "most_write": MOST_WRITE_UNITS}


def create_payer(app: App, *, balance: int = _ENOUGH) -> Member:
    """A member on a paid plan, with a balance that covers all usage."""
    member = app.member()
    app.change_account(member, plan="pro", tax_rate=Decimal(20))
    if balance:
        give_credits(app.ctx, app.platform(), Move(member.account.id, balance, "grant", "figures"))
    return member


def use(app: App, member: Member, *, days: int, meters: Any = METERS) -> None:
    """Let this many days pass, with usage in each of these meters."""
    app.clock.advance(days=days)
    times = [app.clock.now() - timedelta(days=back) for back in range(days)]
    app.record(
        *[
            app.event(member, meter=meter, sku=sku, quantity="123456.5", time=time)
            for time in times
            for meter, sku in meters
        ]
    )


def invoice_figures(app: App) -> Iterator[Figure]:
    yield from _closings(app)
    yield from _operator(app)
    yield from _reads(app)


def _closings(app: App) -> Iterator[Figure]:
    member = app.confirm(create_payer(app))
    app.clock.advance(days=31)
    close_due(app.ctx, member.account.id)

    def close() -> None:
        (invoice,) = close_due(app.ctx, member.account.id)
        assert invoice.payment_method == "Balance"

    def draft() -> Answer:
        return call("POST", "/v1/billing/invoice/generate", key=member.api_key)

    use(app, member, days=28)
    app.clock.advance(days=4)
    app.deliver()
    yield measure(app, "close a period, paid from the balance", close, **_CLOSED)
    yield measure(app, "its mail and its events leave (5 and 3)", app.deliver, most_calls=8)
    use(app, member, days=26)
    authenticate(app.ctx, member.api_key)  # notes the hourly last_used_at
    yield measure(app, "generate: the first draft", draft, most_calls=4)
    yield measure(app, "generate: the same draft", draft, most_calls=3, most_write=0)
    app.record(app.event(member))
    yield measure(app, "generate: a newer draft", draft, most_calls=4)
    app.clock.advance(days=6)
    yield measure(app, "close a period that has a draft", close, **_CLOSED)
    use(app, member, days=20)
    late = app.clock.now() - timedelta(days=30)
    app.record(*[app.event(member, meter=meter, sku=sku, quantity=777_777, time=late) for meter, sku in METERS])
    app.clock.advance(days=12)
    more = {**_CLOSED, "most_calls": MOST_CALLS + 1}
    yield measure(app, "close a period with late usage (1 for its period)", close, **more)


def _operator(app: App) -> Iterator[Figure]:
    member = create_payer(app, balance=0)
    use(app, member, days=1)
    app.clock.advance(days=31)
    (invoice,) = close_due(app.ctx, member.account.id)
    app.clock.advance(days=8)
    calls: list[tuple[str, int, Callable[[], Any]]] = [
        ("mark an invoice overdue", 4, lambda: mark_overdue(app.ctx, member.account.id, invoice.position)),
        ("void an invoice", 4, lambda: void_invoice(app.ctx, invoice.id, reason="figures")),
        ("reissue it (1 for what may follow it)", 5, lambda: reissue_invoice(app.ctx, invoice.id)),
    ]
    for name, most, do in calls:
        yield measure(app, name, do, most_calls=most)


def _reads(app: App) -> Iterator[Figure]:
    member = create_payer(app)
    for _ in range(3):
        use(app, member, days=10)
        app.clock.advance(days=21)
        (invoice,) = close_due(app.ctx, member.account.id)
    authenticate(app.ctx, member.api_key)  # notes the hourly last_used_at
    for name, path in (
        ("GET invoices", "/v1/billing/invoices"),
        ("GET an invoice", f"/v1/billing/invoices/inv-{invoice.id}"),
        ("GET periods", "/v1/billing/periods"),
    ):
        read = partial(call, "GET", path, key=member.api_key)
        yield measure(app, name, read, most_calls=3, most_read="returned")
    yield history_figure(app, member, "GET history of a month")


def history_figure(app: App, member: Member, name: str) -> Figure:
    """Reads the caller, the closed periods, the open period, the sessions and their usage, in one call each."""
    authenticate(app.ctx, member.api_key)  # notes the hourly last_used_at
    return measure(app, name, lambda: call("GET", "/v1/billing/history", key=member.api_key), most_calls=5)


def add_sessions(app: App, member: Member, count: int) -> None:
    """Write this many started sessions, a second apart, without the product; each has usage."""
    for _ in range(count):
        app.clock.advance(seconds=1)
        now = app.clock.now()
        one = Decimal(1)
        id = app.ctx.new_id(now)
        session = Session(id, member.account.id, member.user.id, one, one, one, now, now + timedelta(days=1), OPERATOR)
        for put in put_session(session):
            app.ctx.tables.write(put)
