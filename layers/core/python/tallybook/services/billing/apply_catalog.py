"""Makes the operator's catalog the current version. Each period pins the version that is current when it opens."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tallybook.domain.catalog import Catalog
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.store.audit import put_operator_entry
from tallybook.store.commands import Put


def apply_catalog(ctx: Context, data: Mapping[str, Any]) -> Catalog:
    """Make checked catalog data the current version; the same data again changes nothing.

    Invalid if a plan of the current version is missing, because accounts may be on it and their next periods could not
    open; if the currency differs, because wallets and invoices are in it; and if a plan's interval differs, because a
    yearly fee would be charged on top of monthly ones, or not at all.
    """

    def check(current: Catalog) -> None:
        _check_successor(current, data)

    return _apply(ctx, data, check=check)


def apply_first_catalog(ctx: Context, data: Mapping[str, Any]) -> Catalog | None:
    """Make checked catalog data the first version; None, and no change, if there is a version already."""

    def check(_: Catalog) -> None:
        raise Conflict("There is a catalog already")

    try:
        ctx.catalogs.stored()
    except NotFound:
        with suppress(Conflict):  # another one was applied just now
            return _apply(ctx, data, check=check)
    return None


def _apply(ctx: Context, data: Mapping[str, Any], *, check: Callable[[Catalog], None]) -> Catalog:
    now = ctx.clock.now()

    def entry(version: int) -> Put:
        return put_operator_entry(
            ctx.new_id(now), at=now, action="catalog.applied", target=f"catalog {version}", after={}
        )

    return ctx.catalogs.apply(data, applied_at=stamp(now), check=check, record=entry)


def _check_successor(current: Catalog, data: Mapping[str, Any]) -> None:
    if missing := sorted(current.plans.keys() - data["plans"].keys()):
        raise Invalid(f"plans.{missing[0]} is missing: accounts may be on it", field="plans")
    if data["currency"] != current.currency:
        raise Invalid(f"currency must stay {current.currency}: balances and invoices are in it", field="currency")
    for name, plan in current.plans.items():
        if data["plans"][name]["billing_interval"] != plan.billing_interval:
            raise Invalid(
                f"plans.{name}.billing_interval must stay {plan.billing_interval}: make another plan", field="plans"
            )
