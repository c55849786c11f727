"""Crash sweeps of invoicing: an account with usage, its period's end, and the comparison with a run without a crash."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.support.app import App, Member
from tests.support.snapshot import restore_snapshot, take_snapshot

type Act = Callable[[App, Any], Any]


def all_items_sorted(app: App) -> list[dict[str, Any]]:
    items = app.stored("core") + app.stored("usage")
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def subscriber(app: App) -> Member:
    """A member on a plan of 20.00 a month, with a balance of 1.00 and 14.00 of usage."""
    app.apply_catalog(free_plan="pro", tax_rate="7.7")
    member = app.member()
    app.record(app.event(member, quantity=1_000_000))
    return member


def end_period(app: App, member: Member) -> None:
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE


def draft(app: App, member: Member) -> Invoice:
    return draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))


def sweep_and_compare(sweep: Sweep, prepare: Callable[[App], Any], act: Act) -> tuple[int, Any]:
    """After each crash the stored data must be as without one. Returns the calls and a crash-free run's answer."""
    clean: dict[str, Any] = {}

    def prepared(app: App) -> Any:
        prepared_value = prepare(app)
        before = take_snapshot()
        clean["answer"] = act(app, prepared_value)
        clean["state"] = all_items_sorted(app)
        restore_snapshot(before)
        assert all_items_sorted(app) != clean["state"]
        return prepared_value

    def check(app: App, prepared_value: Any, answer: Any) -> None:
        assert all_items_sorted(app) == clean["state"]

    return sweep(prepared, act, check), clean["answer"]


def subscriber_with_late_usage(app: App) -> Member:
    """A member with a paid period, late usage for it, a balance of 3.00, and a draft of the next period, at its end."""
    member = subscriber(app)
    end_period(app, member)
    app.invoice_due()
    late = app.event(member, quantity=500_000, time=app.clock.now() - timedelta(hours=1))
    app.record(late, app.event(member, quantity=2_000_000))
    give_credits(app.ctx, app.platform(), Move(member.account.id, 35_620_000 + 3_000_000, "grant", "order 7"))
    draft(app, member)
    end_period(app, member)
    return member
