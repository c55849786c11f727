"""Two years of budgets with random usage and edits, while the stream loses, duplicates and delays its records.

The alerts must be those of a second implementation of the rule.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budgets import Budget
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of
from tallybook.domain.times import parse_instant
from tallybook.services.accounts.operator import create_account
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import set_password
from tallybook.services.identity.sign_in import login
from tallybook.services.jobs.due_tasks import Task
from tallybook.services.jobs.usage_check import run_task
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.budget_reference import Occurrence, expected_alerts
from tests.support.budgets import UNIT, edit_budget, messages_of, remove_budget_of, set_up_budget, thresholds
from tests.support.invariants import check_invariants

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
END = START + timedelta(days=730)
ZONES = (("UTC", "Asia/Kolkata"), ("America/Santiago", "Pacific/Chatham"))
PERCENTS = tuple(map(Decimal, ("25", "33.33", "50", "80", "100", "150")))


def owner(app: App, zone: str) -> Member:
    """The root user of an account that the operator created in this time zone."""
    account, user = create_account(app.ctx, email=f"{zone}@example.com", time_zone=zone)
    set_password(app.ctx, token=app.password_token(user), password=PASSWORD, address=HERE)
    signed_in = login(app.ctx, email=user.email, password=PASSWORD, address=HERE)
    key = create_api_key(app.ctx, authenticate(app.ctx, signed_in.text), name="test")
    return Member(account, user, signed_in.text, key.text)


class Story:
    """Random usage and edits at distinct instants.

    Instants of successive days are never exactly 24 hours apart, so it makes no difference whether the stream checks at
    once or the sweep some minutes later.
    """

    def __init__(self, app: App, seed: int) -> None:
        self.app, self.chance = app, random.Random(seed)
        self.members = [owner(app, zone) for zone in ZONES[seed]]
        self.occurrences: dict[str, list[Occurrence]] = {member.account.id: [] for member in self.members}
        self.delayed: list[str] = []
        self.edits: Counter[str] = Counter()

    def run(self) -> None:
        step = 0
        while self.app.clock.now() < END:
            self._pass_time(self._next_instant())
            self._stream(self.delayed)
            for _ in range(self.chance.choice((1, 1, 1, 2))):
                self._act(self.chance.choice(self.members))
            step += 1
            if step % 50 == 0:
                check_invariants(self.app)
        self._pass_time(END + timedelta(days=40))
        check_invariants(self.app)

    def _next_instant(self) -> datetime:
        """Some hours or days from now, at minutes reserved for that day; or close to the end of an account's period."""
        now, chance = self.app.clock.now(), self.chance
        if chance.random() < 0.15:
            end = min(self._end(member, now) for member in self.members)
            return max(now, end - timedelta(milliseconds=chance.choice((0, 1, 2000, 240_000))))
        then = now + timedelta(hours=chance.choice((3, 7, 12, 20, 26, 45, 200, 350)))
        minute = 16 if then.toordinal() % 2 else 36
        return then.replace(minute=minute + chance.randrange(3), second=chance.randrange(60))

    def _end(self, member: Member, now: datetime) -> datetime:
        return period_of(self.app.account_of(member).schedule, now).end

    def _pass_time(self, until: datetime) -> None:
        """Make each scheduled call that finds due tasks, until then."""
        while (due := self._due()) and (call := USAGE_CHECK.call_for(due[0][0])) <= until:
            self.app.clock.moment = max(self.app.clock.moment, call)
            for at, task in due:
                if at <= call:
                    run_task(self.app.ctx, task)
        self.app.clock.moment = until

    def _due(self) -> list[tuple[datetime, Task]]:
        """The due tasks, read from the items, since thousands of index queries would be slow."""
        rows = {"check": self.app.stored("core", "DIRTY"), "budget": self.app.stored("core", "BUDGET")}
        due = [
            (parse_instant(row["due"]), Task(kind, row["account_id"]))
            for kind in ("check", "budget")
            for row in rows[kind]
            if "work" in row
        ]
        return sorted(due, key=lambda one: one[0])

    def _stream(self, records: list[str]) -> None:
        """Deliver each record never, once, twice or later."""
        for account_id in records[:]:
            records.remove(account_id)
            match self.chance.choice(("lost", "once", "twice", "later")):
                case "once":
                    check_budget(self.app.ctx, account_id)
                case "twice":
                    check_budget(self.app.ctx, account_id)
                    check_budget(self.app.ctx, account_id)
                case "later":
                    self.delayed.append(account_id)

    def _act(self, member: Member) -> None:
        what, value = self.chance.choice((self._use, self._edit))(member)
        mine = self.occurrences[member.account.id]
        mine.append((self.app.clock.now(), len(mine) + 1, what, value))

    def _use(self, member: Member) -> tuple[str, Decimal]:
        units = Decimal(self.chance.choice((20, 40, 90)))
        event = self.app.event(member, meter="traffic_gb_seconds", quantity=int(units * 50_000))
        copies = self.chance.choice((1, 1, 1, 1, 1, 2))
        assert [self.app.record(event)[0].status for _ in range(copies)] == ["accepted", "duplicate"][:copies]
        self._stream([member.account.id])
        return "used", units

    def _edit(self, member: Member) -> tuple[str, Budget | None]:
        chance = self.chance
        mine = [value for *_, what, value in self.occurrences[member.account.id] if what == "edited"]
        if not mine or mine[-1] is None:
            self.edits["set up"] += 1
            some = thresholds(*sorted(chance.sample(PERCENTS, 4)))
            return "edited", set_up_budget(self.app, member, thresholds=some, limit_type="hard").budget
        what = chance.choice((*["amount"] * 6, "is_active", "limit_type", "thresholds", "drop"))
        what = what if mine[-1].is_active else "is_active"
        self.edits[what] += 1
        if what == "drop":
            remove_budget_of(self.app, member)
            return "edited", None
        new = {
            "amount": chance.choice((40, "99.99", 150) if mine[-1].amount > 200 * UNIT else (300, 900)),
            "is_active": not mine[-1].is_active,
            "limit_type": chance.choice(("soft", "hard")),
            "thresholds": thresholds(*sorted(chance.sample(PERCENTS, 5))),
        }
        return "edited", edit_budget(self.app, member, **{what: new[what]}).budget


@pytest.mark.parametrize("seed", range(2))
def test_two_years_of_alerts_equal_those_of_the_reference(app: App, seed: int) -> None:
    app.clock.moment = START
    story = Story(app, seed)
    story.run()
    alerts_of_all: Counter[int] = Counter()
    for member in story.members:
        starts = [member.account.closing_cursor.period.start]
        while starts[-1] < app.clock.now():
            starts.append(period_of(app.account_of(member).schedule, starts[-1]).end)
        found = [(one.budget, one.period.start, one.threshold.percent) for one in messages_of(app, member)]
        assert found == expected_alerts(story.occurrences[member.account.id], starts)
        alerts_of_all.update(Counter(found).values())
    assert alerts_of_all.total() > 50
    assert alerts_of_all[2] > 1, "some thresholds must alert twice in a period"
    assert min(story.edits.values()) > 2
