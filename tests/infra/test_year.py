"""Years of a running bundle with a moved clock: each month has an invoice, and they add up to the usage."""

import json
import random
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tallybook.cli.aws import stack_output
from tallybook.cli.main import main
from tallybook.domain.accounts import Account
from tallybook.domain.audit import OPERATOR
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budgets import Budget
from tallybook.domain.ids import ACCOUNT, INVOICE
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import JOBS, camel_case
from tallybook.domain.money import round_to_minor
from tallybook.domain.periods import period_of
from tallybook.domain.times import stamp
from tallybook.gateways.clock import Clock
from tallybook.gateways.jobs import Jobs
from tallybook.runtime import connect
from tallybook.services.accounts.operator import create_account
from tallybook.services.accounts.sign_up import register
from tallybook.services.audit_log import audit_entries
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.context import Context
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.advance_clock import advance_clock
from tallybook.services.lookup import find_account
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store import keys
from tallybook.store.budgets import read_budget, read_message
from tests.support.budget_reference import Occurrence, expected_alerts
from tests.support.local_stack import ROOT, LocalStack, free_port, running

CATALOG = tomllib.loads((ROOT / "infra/catalog.toml").read_text())
START = datetime(2030, 3, 10, 12, tzinfo=UTC)  # in each 365 days from here twelve periods end
LONGEST_OPEN = timedelta(minutes=90)
_SETTLED_WITHIN = 60.0
_CPU_PRICE = Decimal(CATALOG["meters"]["cpu_seconds"]["prices"][0]["unit_price"])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A running bundle with its operator's context and jobs, and the seeded account."""

    stack: LocalStack
    ctx: Context
    jobs: Jobs

    @property
    def account(self) -> Account:
        account_id = self.stack.variables["TALLYBOOK_ACCOUNT_ID"].removeprefix(ACCOUNT)
        return find_account(self.ctx, account_id)

    def command(self, *arguments: str) -> None:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code in (0, None)

    def advance(self, by: timedelta) -> None:
        """Advance the clock as `tallybook clock advance` does, with the same AWS clients for all steps."""
        clock = Clock(self.stack.folder / "clock")
        steps = advance_clock(self.ctx, clock.now() + by, move=clock.move_to, call=self.jobs.call, settle=_settle)
        for _ in steps:
            pass

    def use(self, quantity: int) -> int:
        """Use this many CPU seconds of the seeded account now; return their cost."""
        now = stamp(self.ctx.clock.now())
        event = {
            "specversion": "1.0",
            "type": "tallybook.usage.v1",
            "source": "test",
            "id": now,
            "time": now,
            "subject": self.stack.variables["TALLYBOOK_ACCOUNT_ID"],
            "data": {"meter": "cpu_seconds", "quantity": quantity},
        }
        file = self.stack.folder / "usage.ndjson"
        file.write_text(json.dumps(event))
        self.command("send", str(file))
        return round_to_minor(_CPU_PRICE * quantity, CATALOG["currency"])

    def invoices(self, account: Account) -> list[Invoice]:
        return list_invoices(self.ctx, find_account(self.ctx, account.id), offset=0, limit=100)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    folder: Path = tmp_path_factory.mktemp("local")
    Clock(folder / "clock").move_to(START)
    with running(folder, port=free_port()) as stack, pytest.MonkeyPatch.context() as environment:
        for name, value in stack.variables.items():
            environment.setenv(name, value)
        where = {name.lower(): stack.variables[name] for name in ("CORE_TABLE", "USAGE_TABLE")}
        ctx = connect(**where, clock_file=stack.variables["TALLYBOOK_CLOCK_FILE"])
        functions = {job.name: stack_output(f"{camel_case(job.name)}Function") for job in JOBS}
        yield Bundle(stack, ctx, Jobs(stack.client("lambda"), functions))


def test_a_year_in_one_step_has_twelve_invoices_with_the_usage(bundle: Bundle) -> None:
    used = bundle.use(123_456)
    bundle.command("clock", "advance", "365d")
    found = bundle.invoices(bundle.account)
    assert [invoice.number for invoice in found] == list(range(12, 0, -1))
    assert sum(invoice.total for invoice in found) == found[-1].total == used
    assert {invoice.status for invoice in found[:-1]} == {"paid"}
    assert found[-1].status == "overdue"


def test_a_year_with_usage_and_fees_has_twelve_invoices_with_both(bundle: Bundle) -> None:
    before = len(bundle.invoices(bundle.account))
    changed = change_plan(
        bundle.ctx, find_account(bundle.ctx, bundle.account.id), "pro", actor=OPERATOR, must_pay=False
    )
    used = 0
    for months in range(1, 7):
        used += bundle.use(1_000 * months)
        bundle.advance(timedelta(days=62))
    *year, cut = bundle.invoices(bundle.account)[:-before]
    assert (len(year), cut.id) == (12, changed.invoice.id)
    fee = int(Decimal(CATALOG["plans"]["pro"]["price"]) * 1_000_000)
    assert sum(invoice.sum_of("usage") for invoice in year) == used
    assert [invoice.sum_of("subscription") for invoice in year] == [fee] * 12
    assert sum(invoice.total for invoice in year) == used + 12 * fee


def test_the_operators_run_closes_all_due_periods_once(bundle: Bundle, capfd: pytest.CaptureFixture[str]) -> None:
    created = [create_account(bundle.ctx, email=f"one{number}@example.com")[0] for number in range(20)]
    clock = Clock(bundle.stack.folder / "clock")
    clock.move_to(clock.now() + timedelta(days=40))
    report = _read(bundle, capfd, "invoices", "run", "--json")
    assert (report["failed"], report["failures"]) == (0, [])
    assert report["accounts"] >= 20
    assert [len(bundle.invoices(account)) for account in created] == [1] * 20
    again = _read(bundle, capfd, "invoices", "run", "--json")
    assert (again["accounts"], again["periods_closed"]) == (0, 0)


def test_no_period_was_open_90_minutes_past_its_end(bundle: Bundle) -> None:
    account = bundle.account
    ends = {INVOICE + invoice.id: invoice.period.end for invoice in bundle.invoices(account)}
    entries = audit_entries(bundle.ctx, account.id, newest=account.counts.audit_count, limit=1000)
    issued = [entry for entry in entries if entry.action == "invoice.issued" and entry.actor.kind == "job"]
    assert len(issued) >= 24
    assert max(entry.at - ends[entry.target] for entry in issued) < LONGEST_OPEN


class Spender:
    """A separate account with a budget; its root user calls by HTTP, and each change is recorded."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.chance = bundle, random.Random(7)
        principal = register(
            bundle.ctx, email="spender@example.com", password="correct horse battery", address="192.0.2.1"
        )
        self.account = principal.account
        self.key = create_api_key(bundle.ctx, authenticate(bundle.ctx, principal.text), name="years").text
        self.occurrences: list[Occurrence] = []

    def live(self) -> None:
        """Make a random change, then move the clock by hours or weeks.

        Successive days have different times, so it makes no difference whether the stream or the sweep checks first.
        """
        what, value = self.chance.choice((self._use, self._use, self._edit))()
        self.occurrences.append((self.bundle.ctx.clock.now(), len(self.occurrences) + 1, what, value))
        now = self.bundle.ctx.clock.now()
        then = now + timedelta(hours=self.chance.choice((7, 20, 26, 200, 700, 1000)))
        then = then.replace(minute=16 if then.toordinal() % 2 else 36, second=self.chance.randrange(60))
        self.bundle.advance(then - now)

    def _use(self) -> tuple[str, Decimal]:
        units = self.chance.choice((20, 40, 90))
        data = {"meter": "cpu_seconds", "quantity": int(units / _CPU_PRICE)}
        event = {
            "specversion": "1.0",
            "type": "tallybook.usage.v1",
            "source": "years",
            "id": str(len(self.occurrences)),
        }
        now = stamp(self.bundle.ctx.clock.now())
        event |= {"time": now, "subject": ACCOUNT + self.account.id, "data": data}
        result = self._call(
            "POST", "/v1/platform/events", [event], key=self.bundle.stack.variables["TALLYBOOK_PLATFORM_KEY"]
        )
        assert result["accepted"] == 1
        return "used", Decimal(units)

    def _edit(self) -> tuple[str, Budget | None]:
        present = self._budget()
        if present is None:
            self._call("POST", "/v1/budgets", {"budget_amount": 100, "alert_thresholds": [25, 50, 80, 100, 150]})
        elif self.chance.random() < 0.1:
            self._call("DELETE", "/v1/budgets", None)
        else:
            amounts = (300, 900) if present.amount <= 150_000_000 else (40, 99.99, 150)
            change = self.chance.choice(
                (
                    *[{"budget_amount": self.chance.choice(amounts)}] * 6,
                    {"limit_type": self.chance.choice(("soft", "hard"))},
                    {"alert_thresholds": sorted(self.chance.sample((25, 33.33, 50, 80, 100, 150), 4))},
                )
            )
            self._call("PUT", "/v1/budgets", change)
        return "edited", self._budget()

    def _budget(self) -> Budget | None:
        item = self.bundle.ctx.tables.get(keys.budget(self.account.id))
        return read_budget(item) if item else None

    def messages(self) -> list[BudgetMessage]:
        """All messages of its budgets."""
        account = find_account(self.bundle.ctx, self.account.id)
        message_keys = [
            keys.budget_message(account.id, number) for number in range(1, account.counts.message_count + 1)
        ]
        items = self.bundle.ctx.tables.get_many(message_keys)
        return [read_message(items[key]) for key in message_keys]

    def _call(self, method: str, path: str, body: Any, *, key: str | None = None) -> Any:
        request = Request(
            self.bundle.stack.variables["TALLYBOOK_URL"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": key or self.key, "Content-Type": "application/json"},
        )
        with urlopen(request) as answer:
            return json.load(answer).get("data")


def test_half_a_year_of_budget_alerts_equals_that_of_the_reference(bundle: Bundle) -> None:
    spender = Spender(bundle)
    began = bundle.ctx.clock.now()
    while bundle.ctx.clock.now() < began + timedelta(days=182):
        spender.live()
    account = find_account(bundle.ctx, spender.account.id)
    starts = [account.first_period_at]
    while starts[-1] < bundle.ctx.clock.now():
        starts.append(period_of(account.schedule, starts[-1]).end)
    found = [(one.budget, one.period.start, one.threshold.percent) for one in spender.messages()]
    assert found == expected_alerts(spender.occurrences, starts)
    assert len(found) > 10
    assert max(Counter(found).values()) > 1, "some thresholds must alert twice in a period"


def _settle(job: str, left: Callable[[], int]) -> None:
    deadline = time.monotonic() + _SETTLED_WITHIN
    while left():
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def _read(bundle: Bundle, capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capfd.readouterr()
    bundle.command(*arguments)
    return json.loads(capfd.readouterr().out)
