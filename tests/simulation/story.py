"""Random changes of a few accounts, each recorded for the reference implementation."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tallybook.domain.accounts import Account
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Credential, Principal
from tallybook.domain.errors import Conflict, Invalid, Unavailable
from tallybook.domain.history import MAX_DAYS, range_of
from tallybook.domain.invoices import UNPAID
from tallybook.domain.jobs import INVOICES
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.accounts.operator import create_account
from tallybook.services.accounts.profile import change_account
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.history import read_history
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.lookup import find_account
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Update
from tallybook.store.users import read_user
from tests.simulation.reference import Life
from tests.support.app import App
from tests.support.billing_records import BillingRecords, read_billing_records
from tests.support.invariants import check_invariants, check_schedule
from tests.support.snapshot import forget

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ZONES = ("UTC", "America/New_York", "Africa/Cairo", "Pacific/Kiritimati", "Pacific/Niue", "Europe/Dublin")
PEOPLE = [
    [("UTC", "pro"), ("Asia/Kolkata", "hobby"), ("Pacific/Chatham", "annual")],
    [("America/Santiago", "annual"), ("UTC", "hobby"), ("Europe/Dublin", "pro")],
]
PRICES: dict[str, dict[str, Any]] = {
    "per_unit": {"model": "per_unit", "unit_price": "0.0137", "allowance": "100"},
    "graduated": {
        "model": "graduated",
        "tiers": [
            {"up_to": "50", "unit_price": "0.05", "flat_fee": "1"},
            {"up_to": "300", "unit_price": "0.031", "flat_fee": "2.5"},
            {"unit_price": "0.02"},
        ],
        "allowance": "25",
    },
    "volume": {
        "model": "volume",
        "tiers": [{"up_to": "60", "unit_price": "0.5"}, {"unit_price": "0.03", "flat_fee": "7.77"}],
    },
    "package": {"model": "package", "unit_price": "0.99", "block": "40", "allowance": "10.5"},
    "flat": {"model": "flat", "amount": "4.2"},
}
METERS = [*PRICES, "cpu_seconds"]


class Story:
    """Random changes of the accounts, each recorded for the reference implementation."""

    def __init__(self, app: App, seed: int) -> None:
        self.app, self.chance = app, random.Random(seed)
        self.lives: dict[str, Life] = {}
        self.terms: dict[str, tuple[Decimal, Decimal]] = {}
        self.discounts: dict[tuple[str, datetime], Decimal] = {}
        self.sent: list[dict[str, Any]] = []
        self.catalogs: dict[int, dict[str, Any]] = {}
        self.reasons: Counter[str | None] = Counter()
        self.key = app.platform()
        self.prices("1")

    def prices(self, factor: str, *, without: str = "", **more: Any) -> None:
        """Apply a catalog whose prices have this factor, for periods that open from now on; it may lack a meter."""
        plain = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice"}
        dearer = {name: dict(price) for name, price in PRICES.items() if name != without}
        for name in {"per_unit", "package"} & dearer.keys():
            dearer[name]["unit_price"] = str(Decimal(PRICES[name]["unit_price"]) * Decimal(factor))
        meters = {name: plain | {"prices": [price]} for name, price in dearer.items()}
        known = self.app.catalog_data()
        annual = known["plans"]["pro"] | {"price": str(199 * Decimal(factor)), "billing_interval": "year"}
        plans = known["plans"] | {"annual": annual}
        for plan, limit in (("pro", 30), ("annual", 9)):
            plans[plan]["limits"] = plans[plan]["limits"] | {"cpu_seconds_monthly": limit}
        data = known | {"plans": plans, "meters": known["meters"] | meters, "tax_rate": "7.7"} | more
        self.app.apply_catalog(**data)
        self.catalogs[self.app.ctx.catalogs.current().version] = data

    def open_account(self, zone: str, plan: str) -> None:
        self.prices("1", free_plan=plan)
        email = f"{len(self.lives)}@example.com"
        account, _ = create_account(self.app.ctx, email=email, time_zone=zone)
        began = account.first_period_at
        wall = self.app.clock.now().astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, tzinfo=None)
        self.lives[account.id] = Life([(began, zone)], [(began, plan)], [wall])

    def account(self, id: str) -> Account:
        return read_account(self.app.ctx.tables.get(keys.account(id)) or {})

    def records(self) -> list[BillingRecords]:
        return list(read_billing_records(self.app.stored("core"), self.app.stored("usage")))

    def use(self, id: str) -> None:
        """Send some usage, present or late, and repeat some earlier events."""
        now, chance = self.app.clock.now(), self.chance
        events = []
        for _ in range(chance.randint(1, 6)):
            ago = timedelta(seconds=chance.choice([chance.randint(0, 7200), chance.randint(0, 35 * 86_400)]))
            data = {"meter": chance.choice(METERS), "quantity": str(Decimal(chance.randint(1, 90_000)) / 1000)}
            event = {"specversion": "1.0", "source": "two years", "type": "tallybook.usage.v1", "data": data}
            events.append(
                event | {"id": f"{len(self.sent)}-{len(events)}", "subject": f"acc-{id}", "time": stamp(now - ago)}
            )
        again = chance.sample(self.sent, min(2, len(self.sent)))
        for event, result in zip(events, self.app.record(*events, *again), strict=False):
            self.reasons[result.reason] += 1
            if result.status == "accepted":
                used = (parse_instant(event["time"]), event["data"]["meter"], Fraction(event["data"]["quantity"]))
                self.lives[id].used.append(used)
        self.sent += events

    def pass_time(self, by: timedelta, *, scheduled: bool) -> None:
        """Make each scheduled call that finds something; without `scheduled`, only the first call after the outage."""
        clock, until = self.app.clock, self.app.clock.now() + by
        while scheduled and (call := self._next_call()) <= until:
            clock.moment = max(clock.moment, call)
            self.app.invoice_due()
            check_schedule(self.app)
        clock.moment = max(clock.moment, until)
        if not scheduled:
            clock.moment = INVOICES.call_for(clock.moment)
            self.app.invoice_due()
            check_schedule(self.app)

    def _next_call(self) -> datetime:
        work = self.app.stored("core", "CLOSING") + self.app.stored("core", "INVOICE#")
        return INVOICES.call_for(min(parse_instant(item["due"]) for item in work if "work" in item))

    def learn_terms(self) -> None:
        """Note the discount with which each period was opened, and discount and tax rate of each invoice's issue."""
        for records in self.records():
            for start in records.periods:
                self.discounts.setdefault((records.account.id, start), records.account.billing.discount)
            for invoice in records.issued:
                rate = records.account.billing.tax_rate
                self.terms.setdefault(
                    invoice.id, (records.account.billing.discount, Decimal("7.7") if rate is None else rate)
                )

    def suspend_or_resume(self, id: str) -> None:
        now, spans = self.app.clock.now(), self.lives[id].suspended
        is_suspended = self.account(id).status == "suspended"
        status = "active" if is_suspended else "suspended"
        set_account_status(self.app.ctx, id, status, reason="as drawn", actor=OPERATOR)
        if is_suspended:
            spans[-1][1] = now
        else:
            spans.append([now, datetime.max.replace(tzinfo=UTC)])

    def root(self, id: str) -> Principal:
        user = next(item for item in self.app.stored("core", "USER#") if item["account_id"] == id)
        return Principal(self.account(id), read_user(user), Credential("c", "api_key", id, user["id"], "hash", START))

    def draft(self, id: str) -> None:
        draft_invoice(self.app.ctx, self.root(id))

    def void(self, id: str) -> None:
        (records,) = [records for records in self.records() if records.account.id == id]
        unpaid = [invoice for invoice in records.issued if invoice.status in UNPAID]
        for invoice in self.chance.sample(unpaid, min(1, len(unpaid))):
            void_invoice(self.app.ctx, invoice.id, reason="as drawn")

    def reissue(self, id: str) -> None:
        (records,) = [records for records in self.records() if records.account.id == id]
        for invoice in records.latest_invoices.values():
            if invoice.status == "void":
                reissue_invoice(self.app.ctx, invoice.id)

    def new_terms(self, id: str) -> None:
        self.learn_terms()
        terms = {
            "discount": Decimal(self.chance.choice(["0", "12.5", "33"])),
            "tax_rate": self.chance.choice([None, Decimal(20)]),
        }
        self.app.ctx.tables.write(Update(keys.account(id), set=terms))

    def grant(self, id: str) -> None:
        amount = self.chance.randint(1, 40_000_000)
        give_credits(self.app.ctx, self.key, Move(id, amount, "grant", f"order {self.chance.random()}"))

    def change_plan(self, id: str) -> None:
        account, plan = self.account(id), self.chance.choice(["hobby", "pro", "annual"])
        try:
            change_plan(self.app.ctx, find_account(self.app.ctx, id), plan, actor=OPERATOR, must_pay=False)
        except Invalid:
            assert plan == account.plan
        except Conflict:
            assert self.lives[id].plans[-1][0] == self.app.clock.now(), "the plan was changed at this instant already"
        else:
            self.lives[id].change_plan(self.app.clock.now(), plan)

    def change_zone(self, id: str) -> None:
        zone = self.chance.choice(ZONES)
        try:
            change_account(self.app.ctx, self.root(id), {"time_zone": zone})
        except Unavailable:
            pass  # the next period is open already, in the zone before
        else:
            self.lives[id].zones.append((self.app.clock.now(), zone))

    def history_total(self, account: Account) -> int:
        """The sum of all costs in the account's history, read in ranges of a year."""
        total, start, now = 0, START - timedelta(days=2), self.app.clock.now()
        while start < now:
            requested = range_of(start, start + timedelta(days=MAX_DAYS), now=now)
            total += read_history(self.app.ctx, account, requested).total
            start = requested.end + timedelta(days=1)
        return total

    def step(self) -> None:
        """A few random changes of random accounts, and then some time."""
        chance = self.chance
        actions = {
            self.use: 10,
            self.suspend_or_resume: 2,
            self.draft: 2,
            self.void: 2,
            self.reissue: 1,
            self.new_terms: 3,
            self.grant: 2,
            self.change_plan: 2,
            self.change_zone: 1,
        }
        for action in chance.choices(list(actions), list(actions.values()), k=2):
            action(chance.choice(list(self.lives)))
        if chance.random() < 0.15:
            self.prices(chance.choice(["0.5", "1.1", "3"]), without=chance.choice(["", "", *PRICES]))
        hours = chance.choice([0.2, 5, 60, 300, 500, 900])
        self.pass_time(timedelta(hours=hours), scheduled=hours < 900)
        forget("core", "OUTBOX")
        check_invariants(self.app)
