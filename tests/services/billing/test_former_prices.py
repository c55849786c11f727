"""A period whose pinned catalog or plan lacks what was counted in it is rated by the prices that had it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.periods import period_of
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.budgets.spending import read_spending
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store.catalogs import Catalogs
from tallybook.store.commands import Update
from tallybook.store.periods import period_key
from tallybook.wire.requests.cloudevents import read_events
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json
from tests.support.race import interleave

DOLLAR = 1_000_000
ONE = {"model": "per_unit", "unit_price": "1"}
TWO = {"model": "per_unit", "unit_price": "2"}


def meter(*prices: dict[str, Any], settles: str = "invoice") -> dict[str, Any]:
    return {"resource_type": "app", "unit": "seat", "settles": settles, "prices": list(prices)}


def apply_meters(app: App, **meters: dict[str, Any]) -> None:
    app.apply_catalog(meters=app.catalog_data()["meters"] | meters, welcome_credit=0)
    app.ctx.catalogs.current()


@pytest.fixture
def member(app: App) -> Member:
    """A member at the end of its first month, on hobby, whose catalog sells seats at 1.00."""
    apply_meters(app, seats=meter(ONE))
    member = app.member()
    app.clock.moment = member.account.closing_cursor.period.end
    return member


def use(app: App, member: Member, **data: Any) -> None:
    (result,) = app.record(app.event(member, **({"meter": "seats", "quantity": 3} | data)))
    assert result.status == "accepted", result.reason


def change(app: App, member: Member, plan: str = "pro") -> None:
    change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False)


def forget_former(app: App, member: Member) -> None:
    """Store the period key as the releases before `former` wrote it."""
    period = app.account_of(member).closing_cursor.period
    app.ctx.tables.write(Update(period_key(member.account.id, period), remove=("former",)))


def check_billed(app: App, member: Member, amount: int) -> None:
    """The bill, the budget and the invoice of the current period have this amount of usage."""
    account = app.account_of(member)
    assert read_current_bill(app.ctx, account).bill.cost == amount
    assert read_spending(app.ctx, account, [period_of(account.schedule, app.clock.now())])[0][0].used == amount
    app.clock.moment = account.closing_cursor.period.end + GRACE
    (invoice,) = app.invoice_due()
    assert invoice.sum_of("usage") == amount
    check_invariants(app)


@pytest.mark.parametrize("is_old", [False, True], ids=["now", "stored by an earlier release"])
@pytest.mark.parametrize(
    ("sold", "sku"),
    [
        ({"seats": meter(ONE)}, None),
        ({"seats": meter(TWO, ONE | {"sku": "S"})}, "S"),
        ({"seats": meter(ONE | {"plans": ["hobby"]}, TWO | {"plans": ["scale"]})}, None),
    ],
    ids=["the meter", "the sku", "the plan's price"],
)
def test_usage_that_the_new_catalog_lacks_is_rated_by_the_former(
    app: App, member: Member, sold: dict[str, Any], sku: str | None, is_old: bool
) -> None:
    """An event opens the next period, a catalog without its price is applied, and the plan changes at that instant."""
    apply_meters(app, **sold)
    use(app, member, sku=sku)
    left = {"the meter": {}, "the sku": {"seats": meter(TWO)}}
    kind = "the sku" if sku else "the meter"
    apply_meters(app, **(sold if sold["seats"]["prices"][0].get("plans") else left[kind]))
    change(app, member)
    if is_old:
        forget_former(app, member)
        app.forget_caches()
    check_billed(app, member, 3 * DOLLAR)


def test_usage_that_the_new_catalog_has_is_rated_by_the_new(app: App, member: Member) -> None:
    use(app, member)
    apply_meters(app, seats=meter(TWO))
    change(app, member)
    check_billed(app, member, 6 * DOLLAR)


def test_usage_that_no_version_sells_costs_nothing(app: App, member: Member) -> None:
    use(app, member)
    account = app.account_of(member)
    period = period_of(account.schedule, app.clock.now())
    seven = {"q:gone": Decimal(7), "q:seats:gone": Decimal(7)}
    app.ctx.tables.write(Update(period_key(account.id, period), set=seven))
    assert read_current_bill(app.ctx, account).bill.cost == 3 * DOLLAR
    app.clock.moment = period.end + GRACE
    (line,) = app.invoice_due()[-1].lines
    assert [(one.meter, one.sku, one.amount) for one in line.details] == [
        ("gone", None, 0),
        ("seats", None, 3 * DOLLAR),
        ("seats", "gone", 0),
    ]


def test_late_usage_of_a_repinned_period_is_rated_by_the_former(app: App, member: Member) -> None:
    began = app.clock.now()
    use(app, member)
    apply_meters(app)
    change(app, member)
    app.clock.advance(days=3)
    change(app, member, "scale")
    use(app, member, quantity=2, time=began)
    app.clock.advance(days=3)
    change(app, member, "pro")
    invoices = list_invoices(app.ctx, app.account_of(member), offset=0, limit=2)
    assert [one.sum_of("usage", "late_usage") for one in invoices] == [2 * DOLLAR, 3 * DOLLAR]
    check_invariants(app)


def test_wallet_usage_is_not_billed_after_its_meter_settles_by_invoice(app: App, member: Member) -> None:
    """It was paid when the event was accepted; so is more of it in the same period."""
    before = app.account_of(member).wallet.balance
    use(app, member, meter="credits")
    apply_meters(app, credits=meter(TWO))
    change(app, member)
    use(app, member, meter="credits", quantity=2)
    assert app.account_of(member).wallet.balance == before - 5
    check_billed(app, member, 0)


def test_invoiced_usage_is_billed_after_its_meter_settles_from_the_wallet(app: App, member: Member) -> None:
    use(app, member)
    apply_meters(app, seats=meter(TWO, settles="wallet"))
    change(app, member)
    use(app, member, quantity=2)
    assert app.account_of(member).wallet.balance == 0
    check_billed(app, member, 5 * DOLLAR)


def test_a_plan_that_the_cached_catalog_lacks_is_read_before_a_period_opens(app: App, member: Member) -> None:
    """Another process applied a catalog with a new plan and put the account on it."""
    cached = app.ctx
    app.forget_caches()
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"team": plans["pro"]}, welcome_credit=0)
    change(app, member, "team")
    app.reshape()
    app.ctx = cached
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    billing = read_current_bill(app.ctx, app.account_of(member))
    assert billing.plan.name == "team"
    app.clock.advance(hours=1)
    (invoice,) = app.invoice_due()
    assert invoice.plan == "team"
    check_invariants(app)


def test_a_period_whose_pinned_catalog_lacks_its_plan_is_billed_by_a_later_one(app: App, member: Member) -> None:
    """Earlier releases could open a period with a catalog that was cached before the plan was added."""
    before = app.ctx.catalogs.current().version
    plans = app.catalog_data()["plans"]
    app.apply_catalog(plans=plans | {"team": plans["pro"]}, welcome_credit=0)
    change(app, member, "team")
    account = app.account_of(member)
    key = period_key(account.id, account.closing_cursor.period)
    app.ctx.tables.write(Update(key, set={"catalog_version": before}))
    app.clock.advance(days=1)
    assert read_current_bill(app.ctx, account).plan.price == 20 * DOLLAR
    app.clock.moment = account.closing_cursor.period.end + GRACE
    (invoice,) = app.invoice_due()
    assert invoice.sum_of("subscription") == 20 * DOLLAR


@pytest.mark.parametrize("op", ["query", "transact_write_items"])
def test_an_event_that_opens_the_period_during_the_change_keeps_its_price(app: App, member: Member, op: str) -> None:
    """The event's process has the former catalog in its cache."""
    stale = replace(app.ctx, catalogs=Catalogs(app.ctx.tables))
    stale.catalogs.current()
    apply_meters(app)
    event = read_events(as_json([app.event(member, meter="seats", quantity=3)]))

    def use_seats() -> None:
        (result,) = record_usage(stale, event, app.ctx.tables.get_many(account_keys(event)))
        assert result.status == "accepted"

    ctx = interleave(app, op, use_seats)
    change_plan(ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    check_billed(app, member, 3 * DOLLAR)


def test_an_event_that_is_counted_after_the_change_keeps_its_price(app: App, member: Member) -> None:
    """It was priced before the change, and is written after it."""
    use(app, member, quantity=1)
    event = read_events(as_json([app.event(member, meter="seats", quantity=2)]))

    def drop_seats_and_change() -> None:
        apply_meters(app)
        change(app, member)

    ctx = interleave(app, "transact_write_items", drop_seats_and_change)
    (result,) = record_usage(ctx, event, app.ctx.tables.get_many(account_keys(event)))
    assert result.status == "accepted"
    check_billed(app, member, 3 * DOLLAR)
