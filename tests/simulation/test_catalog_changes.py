"""Random catalogs that add and drop meters, skus, prices and plans: everything that was accepted is billed once.

Each unit costs 1.00 in every version, so what the account owes does not depend on the version that prices it.
"""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import Conflict, Invalid, TooManyRequests
from tallybook.domain.periods import period_of
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.budgets.spending import read_spending
from tallybook.services.quotas.consumption import read_plan
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store.catalogs import Catalogs
from tallybook.store.ledger import read_entry
from tests.support.app import App, Member
from tests.support.invoice_invariants import check_invoices

DOLLAR = 1_000_000
METERS = ("disks", "ports", "seats")
SKUS = (None, "S")
STEPS = 30


class Story:
    """Two processes, of which one may have cached an old catalog, and an account that uses and changes its plan."""

    def __init__(self, app: App, seed: int) -> None:
        self.app, self.chance = app, random.Random(seed)
        self.processes = [app.ctx, replace(app.ctx, catalogs=Catalogs(app.ctx.tables))]
        self.plans = dict(app.catalog_data()["plans"])
        self.used = self.sent = 0
        self.apply()
        self.member: Member = app.member()

    def apply(self) -> None:
        """A catalog of some meters, each with prices for some skus and plans; sometimes with one more plan."""
        chance = self.chance
        if chance.random() < 0.3:
            self.plans[f"team{len(self.plans)}"] = self.plans["pro"]
        meters = {name: self._meter() for name in METERS if chance.random() < 0.6}
        known = self.app.catalog_data()
        self.app.apply_catalog(plans=self.plans, meters=known["meters"] | meters, welcome_credit=0)

    def _meter(self) -> dict[str, Any]:
        chance = self.chance
        skus = chance.sample(SKUS, chance.randint(1, 2))
        some = [None, *(chance.sample(list(self.plans), 2) for _ in range(2))]
        prices = [{"model": "per_unit", "unit_price": "1"} | ({"sku": sku} if sku else {}) for sku in skus]
        for price in prices:
            if plans := chance.choice(some):
                price["plans"] = plans
        settles = chance.choice(["invoice", "invoice", "wallet"])
        return {"resource_type": "app", "unit": "unit", "settles": settles, "prices": prices}

    def use(self) -> None:
        """Events now, of the last days, and of the last millisecond; not all are sold."""
        now, chance = self.app.clock.now(), self.chance
        ago = [timedelta(), timedelta(milliseconds=1), timedelta(hours=chance.randint(1, 90))]
        events = []
        for _ in range(4):
            self.sent += 1
            sku = {"sku": "S"} if chance.random() < 0.5 else {}
            event = self.app.event(self.member, meter=chance.choice(METERS), quantity=chance.randint(1, 9), **sku)
            events.append(event | {"id": f"unit-{self.sent}", "time": (now - chance.choice(ago)).isoformat()})
        for event, result in zip(events, self.app.record(*events), strict=True):
            assert result.status == "accepted" or result.reason in ("unknown_meter", "unknown_sku", "before_account")
            self.used += event["data"]["quantity"] if result.status == "accepted" else 0

    def change_plan(self) -> None:
        plan = self.chance.choice(list(self.plans))
        try:
            account = self.app.account_of(self.member)
            change_plan(self.app.ctx, account, plan, actor=OPERATOR, must_pay=False)
        except (Invalid, Conflict, TooManyRequests):
            pass

    def read(self) -> None:
        """What customers and admissions read is readable, and the estimate is what the budget counts."""
        account, now = self.app.account_of(self.member), self.app.clock.now()
        read_plan(self.app.ctx, account, now=now)
        spending, _ = read_spending(self.app.ctx, account, [period_of(account.schedule, now)])
        assert read_current_bill(self.app.ctx, account).bill.cost == spending[0].used

    def to_the_end(self) -> None:
        self.app.clock.moment = max(self.app.clock.now(), self.app.account_of(self.member).closing_cursor.period.end)

    def change_at_the_end(self) -> None:
        """An event opens the next period, a catalog is applied, and the plan changes, all at one instant."""
        for act in (self.to_the_end, self.use, self.apply, self.change_plan, self.read):
            act()

    def pass_time(self) -> None:
        self.app.clock.advance(hours=self.chance.randint(1, 200))
        self.app.invoice_due()

    def step(self) -> None:
        self.app.ctx = self.chance.choice(self.processes)
        acts = [self.use, self.use, self.apply, self.change_plan, self.read, self.pass_time, self.change_at_the_end]
        self.chance.choice(acts)()


@pytest.mark.parametrize("seed", range(6))
def test_what_was_accepted_is_billed_once_whichever_catalog_sells_it(app: App, seed: int) -> None:
    story = Story(app, seed)
    for _ in range(STEPS):
        story.step()
        check_invoices(app.stored("core"), app.stored("usage"))
    for _ in range(3):
        app.clock.moment = app.account_of(story.member).closing_cursor.period.end + GRACE
        app.invoice_due()
        check_invoices(app.stored("core"), app.stored("usage"))
    invoices = list_invoices(app.ctx, app.account_of(story.member), offset=0, limit=100)
    billed = sum(invoice.sum_of("usage", "late_usage") for invoice in invoices)
    paid = -sum(entry.amount for item in app.stored("core", "ENTRY#") if (entry := read_entry(item)).kind == "usage")
    assert billed + paid == story.used * DOLLAR > 0
