"""Each cause makes one ledger entry: a grant adds, an adjustment goes either way, usage takes whole micros."""

from decimal import Decimal
from itertools import combinations

import pytest

from tallybook.domain.catalog import Price
from tallybook.domain.errors import Invalid
from tallybook.domain.wallet import check_move, debit, entry_id, payment_id


def test_a_reference_is_one_entry_for_grants_and_adjustments() -> None:
    assert entry_id("a", "grant", "order 7") == entry_id("a", "adjustment", "order 7")


def test_another_account_kind_or_cause_is_another_entry() -> None:
    entries = [
        entry_id("a", "grant", "7"),
        entry_id("b", "grant", "7"),
        entry_id("a", "grant", "8"),
        entry_id("a", "usage", "7"),
        entry_id("a", "welcome", "7"),
    ]
    assert all(one != other for one, other in combinations(entries, 2))


def test_each_part_of_an_invoices_payment_is_an_entry_of_its_own() -> None:
    whole, part = (payment_id("a", "i", paid_before=paid) for paid in (0, 7))
    assert whole == entry_id("a", "invoice_payment", "i")
    assert part != whole


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("grant", 1), ("grant", 10**15), ("adjustment", -1), ("adjustment", 5), ("adjustment", -(10**15))],
)
def test_a_grant_adds_and_an_adjustment_adds_or_takes(kind: str, amount: int) -> None:
    assert check_move(kind, amount) == amount


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("grant", 0),
        ("grant", -1),
        ("grant", 10**15 + 1),
        ("adjustment", 0),
        ("adjustment", 10**15 + 1),
        ("adjustment", -(10**15) - 1),
    ],
)
def test_an_entry_of_zero_or_above_the_limit_is_refused(kind: str, amount: int) -> None:
    with pytest.raises(Invalid) as refused:
        check_move(kind, amount)
    assert refused.value.field == "amount"


@pytest.mark.parametrize(
    ("price", "quantity", "micros"),
    [
        ("0.000001", "28100", 28_100),
        ("0.000003", "7", 21),
        ("1", "1E+15", 10**21),
        ("999999999999999.999999", "999999999999999", 999999999999999999999 * 999999999999999),
    ],
)
def test_wallet_usage_takes_whole_micros_for_each_unit(price: str, quantity: str, micros: int) -> None:
    assert debit(Price("per_unit", unit_price=Decimal(price)), Decimal(quantity)) == micros
