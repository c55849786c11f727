"""An account's tax rate and discount, set by the platform or the operator. Source: docs/decisions.md, "ScaleBox".

They apply to everything billed from now on: the open period's draft and invoice, and reissued invoices. Only a year of
a yearly plan keeps the discount with which it began.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tallybook.domain.accounts import Account, BillingTerms
from tallybook.domain.audit import Actor, platform_actor
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.events.accounts import account_terms_changed
from tallybook.domain.ids import ACCOUNT
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.lookup import live_account
from tallybook.store import keys
from tallybook.store.accounts import set_account
from tallybook.store.commands import Item


def set_terms_as_platform(
    ctx: Context, platform: PlatformCaller, account_id: str, changes: Mapping[str, Any]
) -> Account:
    """As `set_terms`, for a platform key with the scope accounts:admin."""
    key = keys.account(account_id)
    platform_key, items = authorize_platform(ctx, platform, "accounts:admin", also=[key])
    return _set(ctx, items.get(key), account_id, changes, actor=platform_actor(platform_key, address=platform.address))


def set_terms(ctx: Context, account_id: str, changes: Mapping[str, Any], *, actor: Actor) -> Account:
    """The account with a new `tax_rate` or `discount`, checked percentages; an omitted one stays unchanged.

    None removes it: then the catalog's `tax_rate` applies, and no discount. NotFound for an unknown or deleted account.
    """
    return _set(ctx, ctx.tables.get(keys.account(account_id)), account_id, changes, actor=actor)


def _set(ctx: Context, item: Item | None, account_id: str, changes: Mapping[str, Any], *, actor: Actor) -> Account:
    def change(item: Item | None) -> Account:
        account = live_account(item)
        before = account.billing
        unset = BillingTerms._field_defaults
        after = before._replace(**{name: unset[name] if value is None else value for name, value in changes.items()})
        if after == before:
            return account
        changed = replace(account, billing=after)
        audited = Change(
            actor,
            "account.terms_set",
            ACCOUNT + account_id,
            before=before._asdict(),
            after=after._asdict(),
            events=(account_terms_changed(changed),),
        )
        ctx.tables.transact([set_account(account, **after._asdict()), *record(account, audited, at=ctx.clock.now())])
        return changed

    return retry_on_conflict(ctx, change, item, reload=lambda: ctx.tables.get(keys.account(account_id)))
