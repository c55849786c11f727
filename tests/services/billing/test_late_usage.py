"""An invoice and its late-usage corrections together bill what all the usage costs at once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.money import round_to_minor
from tallybook.domain.rating import rate
from tallybook.services.billing.invoices import list_invoices
from tests.support.app import App
from tests.support.hypothesis_settings import deterministic
from tests.support.invariants import check_invariants
from tests.support.snapshot import restore_snapshot, take_snapshot

TIERS = [
    {"up_to": "5", "unit_price": "1", "flat_fee": "0.3"},
    {"up_to": "20", "unit_price": "0.8"},
    {"unit_price": "0.1"},
]
MODELS: dict[str, dict[str, Any]] = {
    "per_unit": {"model": "per_unit", "unit_price": "0.337", "allowance": "2"},
    "graduated": {"model": "graduated", "tiers": TIERS, "allowance": "1.5"},
    "volume": {"model": "volume", "tiers": TIERS},
    "package": {"model": "package", "unit_price": "1.5", "block": "4", "allowance": "3"},
    "flat": {"model": "flat", "amount": "7.77"},
}
METER = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice"}

amounts = st.decimals("0.001", 15, places=3)
usage = st.lists(st.tuples(st.sampled_from(list(MODELS)), amounts), max_size=4)


@settings(deterministic, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_time=usage, late=st.lists(usage, min_size=1, max_size=2))
def test_an_invoice_and_its_corrections_add_up_to_the_full_cost(
    app: App, in_time: list[tuple[str, Decimal]], late: list[list[tuple[str, Decimal]]]
) -> None:
    fresh, start = take_snapshot(), app.clock.now()
    try:
        meters = {name: METER | {"prices": [price]} for name, price in MODELS.items()}
        app.apply_catalog(meters=app.catalog_data()["meters"] | meters)
        member = app.member()
        first = member.account.closing_cursor.period
        for batch in [in_time, *late]:
            day = max(first.start, app.clock.now() - timedelta(days=34))
            events = [app.event(member, meter=meter, quantity=str(quantity), time=day) for meter, quantity in batch]
            assert all(result.status == "accepted" for result in (app.record(*events) if events else []))
            app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
            app.invoice_due()
            check_invariants(app)
            if app.clock.now() - timedelta(days=34) >= first.end:
                break
        issued = list_invoices(app.ctx, app.account_of(member), offset=0, limit=10)
        billed = sum(one.sum_of("usage") for one in issued if one.period == first)
        billed += sum(line.amount for one in issued for line in one.lines if line.period_start == first.start)
        billed_usage = [in_time, *late][: len(issued)]
        used: dict[str, Decimal] = {"graduated": Decimal(0), "volume": Decimal(0)}  # their base fees are always billed
        for meter, quantity in (pair for batch in billed_usage for pair in batch):
            used[meter] = used.get(meter, Decimal(0)) + quantity
        catalog = app.ctx.catalogs.current()
        whole = {meter: rate(catalog.meters[meter].prices[0], quantity) for meter, quantity in used.items()}
        assert billed == sum(round_to_minor(cost, "USD") for cost in whole.values())
    finally:
        app.clock.moment = start
        restore_snapshot(fresh)
        app.forget_caches()
