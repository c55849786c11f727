"""Random histories of closings, late usage, void and reissued invoices, grants and debits keep every invariant.

At each step `check_invariants` adds up what stands: no credit for what was never owed, numbers and dates in one order,
no unpaid invoice beside a balance.
"""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import UNPAID
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import apply_volume_price, grant, invoices

STEPS = 40


class Story:
    """One account's random history; every step leaves the stored data right."""

    def __init__(self, app: App, seed: int) -> None:
        self.app = app
        self.random = random.Random(seed)
        apply_volume_price(app, tax_rate="20")
        self.member: Member = app.member()
        self.references = 0

    def step(self) -> None:
        weighted: list[tuple[Callable[[], None], int]] = [
            (self.use, 6),
            (self.close, 3),
            (self.wait, 1),
            (self.void, 3),
            (self.reissue, 1),
            (self.move_money, 1),
            (self.draft, 1),
        ]
        (act,) = self.random.choices([act for act, _ in weighted], [weight for _, weight in weighted])
        act()
        check_invariants(self.app)

    def use(self) -> None:
        """Often 100 units, the most expensive quantity, or one more; now, or in the period before."""
        account, quantity = self.app.account_of(self.member), self.random.choice([100, 100, 1, 1, 57, 1_400])
        last = account.closing_cursor.period.start - timedelta(hours=1)
        earliest = max(self.member.account.first_period_at, self.app.clock.now() - timedelta(days=34))
        at = max(earliest, self.random.choice([self.app.clock.now(), last, last]))
        self.app.record(self.app.event(self.member, meter="bulk", quantity=quantity, time=at))

    def close(self) -> None:
        end = self.app.account_of(self.member).closing_cursor.period.end
        self.app.clock.moment = max(self.app.clock.now(), end + GRACE)
        self.app.invoice_due()

    def wait(self) -> None:
        """Up to ten minutes after the period's end, where a reissue may come before the closing; or some days."""
        end = self.app.account_of(self.member).closing_cursor.period.end
        at = self.random.choice([end + timedelta(minutes=10), self.app.clock.now() + timedelta(days=8)])
        self.app.clock.moment = max(self.app.clock.now(), at)
        if self.random.random() < 0.5:
            self.reissue()
        self.app.invoice_due()

    def void(self) -> None:
        if unpaid := [one for one in invoices(self.app, self.member) if one.status in UNPAID]:
            void_invoice(self.app.ctx, self.random.choice(unpaid[-3:]).id, reason="as asked")

    def reissue(self) -> None:
        if void := [one for one in invoices(self.app, self.member) if one.status == "void"]:
            reissue_invoice(self.app.ctx, self.random.choice(void).id)

    def move_money(self) -> None:
        self.references += 1
        amount = self.random.choice([420_000, 99_999, 5_000_000, 20_000_000, -3_000_000])
        grant(self.app, self.member, amount, f"order {self.references}", kind="adjustment")

    def draft(self) -> None:
        draft_invoice(self.app.ctx, authenticate(self.app.ctx, self.member.api_key))


@pytest.mark.parametrize("seed", range(12))
def test_any_history_of_corrections_keeps_the_invariants(app: App, seed: int) -> None:
    story = Story(app, seed)
    for _ in range(STEPS):
        story.step()
    story.close()
    story.close()
    check_invariants(app)
