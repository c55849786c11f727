"""Two years of random changes of a few accounts: in the end they are billed exactly what they used."""

from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest

from tallybook.services.billing.current_bill import read_current_bill
from tests.simulation.reference import half_up
from tests.simulation.story import PEOPLE, START, Story
from tests.support.app import App
from tests.support.invariants import check_invariants


@pytest.mark.parametrize("seed", range(2))
def test_in_two_years_everything_is_billed_once(app: App, seed: int) -> None:
    app.clock.moment = START
    story = Story(app, seed)
    for zone, plan in PEOPLE[seed]:
        story.open_account(zone, plan)
        story.pass_time(timedelta(days=9), scheduled=True)
    while app.clock.now() < START + timedelta(days=730):
        story.step()
    story.pass_time(timedelta(days=70), scheduled=True)
    for id in story.lives:
        story.reissue(id)
    story.pass_time(timedelta(days=70), scheduled=True)
    check_invariants(app)
    story.learn_terms()
    seen: Counter[str] = Counter()
    for records in story.records():
        life, closed_until = story.lives[records.account.id], records.account.closing_cursor.period.start
        valid = [invoice for invoice in records.issued if invoice.status != "void"]
        by_start = {invoice.period.start: invoice for invoice in valid}
        periods = life.periods(closed_until)
        assert [period[:2] for period in periods] == [(start, by_start[start].period.end) for start in sorted(by_start)]
        usage = fees = taxes = 0
        opened = {
            start: (story.catalogs[pinned.catalog_version], story.discounts[records.account.id, start])
            for start, pinned in records.periods.items()
        }
        for period in periods:
            invoice = by_start[period[0]]
            catalog = opened[period[0]][0]
            discount, rate = story.terms[invoice.id]
            has_own = invoice.revision > 1 or not life.is_yearly(catalog, period[3])
            usage += life.usage(catalog, period)
            fees += life.fee(opened, period, discount if has_own else None)
            net = sum(line.amount for line in invoice.lines if line.type != "carried") // 10_000
            taxes += half_up(net * Fraction(rate) / 100)
        assert usage * 10_000 == sum(invoice.sum_of("usage", "late_usage") for invoice in valid)
        assert fees * 10_000 == sum(invoice.fee.final for invoice in valid)
        assert (usage + fees + taxes) * 10_000 == sum(
            invoice.total for invoice in valid
        ) - records.account.closing_cursor.carried_credit
        own_usage = sum(invoice.sum_of("usage") for invoice in valid)
        assert story.history_total(records.account) == own_usage + read_current_bill(app.ctx, records.account).bill.cost
        seen.update(line.type for invoice in valid for line in invoice.lines)
        seen.update(invoice.status for invoice in records.issued)
    assert set(seen) >= {"subscription", "discount", "credit", "usage", "late_usage", "paid", "overdue", "void"}
    assert set(story.reasons) <= {None, "before_account", "unknown_meter"}
    assert story.reasons["unknown_meter"]
