"""Issues and lists invoices, and gives credits, for tests of billing."""

from typing import Any

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.domain.wallet import Entry
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.wallet.credits import Move, give_credits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants

VOLUME = [{"model": "volume", "tiers": [{"up_to": "100", "unit_price": "1"}, {"unit_price": "0.1"}]}]
"""1.00 a unit up to 100 units, and 0.10 for every unit above."""


def apply_volume_price(app: App, **changes: Any) -> None:
    """A catalog with a meter `bulk` at the volume price, without a welcome credit."""
    bulk = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice", "prices": VOLUME}
    app.apply_catalog(**{"welcome_credit": 0, "meters": app.catalog_data()["meters"] | {"bulk": bulk}, **changes})


def close(app: App, member: Member) -> Invoice:
    """The invoice of the oldest open period, closed half an hour after its end."""
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    issued = [one for one in app.invoice_due() if one.account_id == member.account.id and one.revision == 1]
    check_invariants(app)
    return max(issued, key=lambda invoice: invoice.number or 0)


def invoices(app: App, member: Member) -> list[Invoice]:
    """The account's invoices, in the order of their positions."""
    listed = list_invoices(app.ctx, app.account_of(member), offset=0, limit=1000)
    return sorted(listed, key=lambda invoice: invoice.position)


def grant(app: App, member: Member, amount: int, reference: str = "order 7", *, kind: Any = "grant") -> Entry:
    """Micros, given by a platform with a key of its own."""
    return give_credits(app.ctx, app.platform(), Move(member.account.id, amount, kind, reference))
