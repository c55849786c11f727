"""Gives or takes credits for the platform, once for each reference; a new balance pays unpaid invoices at once.

Source: docs/money.md, "The wallet" and "Invoices".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor, platform_actor
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict, NotFound, Unavailable
from tallybook.domain.events.billing import wallet_moved
from tallybook.domain.ids import ENTRY
from tallybook.domain.text_rules import check_description, check_line
from tallybook.domain.wallet import Entry, check_move, entry_id
from tallybook.services.billing.pay_unpaid import pay_unpaid
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.store import keys, ledger
from tallybook.store.accounts import read_account, set_receivables
from tallybook.store.commands import Item
from tallybook.store.keys import Key


@dataclass(frozen=True, slots=True)
class Move:
    """The platform's request: a signed `amount` of credits (micros), carried out once for each `reference`."""

    account_id: str
    amount: int
    kind: Literal["grant", "adjustment"]
    reference: str
    note: str | None = None


def give_credits(ctx: Context, platform: PlatformCaller, move: Move) -> Entry:
    """The ledger entry of the reference, written now or before.

    Invalid for an amount, and for a new entry's reference or note, that breaks a rule; NotFound for an unknown or
    deleted account; Conflict `reference_reused` if the reference was used for another kind or amount.
    """
    check_move(move.kind, move.amount)
    account_key = keys.account(move.account_id)
    cause_key = keys.ledger_cause(move.account_id, entry_id(move.account_id, move.kind, move.reference))
    key, items = authorize_platform(ctx, platform, "accounts:admin", also=[account_key, cause_key])
    actor = platform_actor(key, address=platform.address)

    def give(items: Mapping[Key, Item]) -> Entry:
        if cause_key in items:
            return _find_earlier(ctx, move, number=int(items[cause_key]["number"]))
        if account_key not in items or items[account_key]["status"] == "deleted":
            raise NotFound("There is no such account", resource="account")
        check_line(move.reference, field="reference", longest=256)
        check_description(move.note or "", field="note")
        return _post(ctx, read_account(items[account_key]), move, actor=actor)

    return retry_on_conflict(ctx, give, items, reload=lambda: ctx.tables.get_many([account_key, cause_key]))


def _post(ctx: Context, account: Account, move: Move, *, actor: Actor) -> Entry:
    entry = ledger.number_entry(
        account,
        Entry(
            id=entry_id(account.id, move.kind, move.reference),
            account_id=account.id,
            kind=move.kind,
            amount=move.amount,
            cause=move.reference,
            created_at=ctx.clock.now(),
            note=move.note,
        ),
    )
    payments = pay_unpaid(ctx, ledger.after_entry(account, entry), now=entry.created_at, actor=actor)
    change = Change(
        actor,
        "wallet.moved",
        ENTRY + entry.id,
        before={"balance": account.wallet.balance},
        after={"balance": entry.balance_after, "kind": entry.kind, "reference": entry.cause, "note": entry.note},
        events=(wallet_moved(entry),),
    )
    ctx.tables.transact(
        [
            *ledger.post(account, entry, *payments.entries),
            *payments.commands,
            *((set_receivables(payments.account),) if payments.invoices else ()),
            *record(account, change, *payments.changes, at=entry.created_at),
        ]
    )
    return entry


def _find_earlier(ctx: Context, move: Move, *, number: int) -> Entry:
    item = ctx.tables.get(keys.ledger_entry(move.account_id, number))
    if item is None:
        raise Unavailable("The entry could not be read; try again")
    entry = ledger.read_entry(item)
    if (entry.kind, entry.amount) != (move.kind, move.amount):
        raise Conflict("This reference was used for another kind or amount", code="reference_reused", field="reference")
    return entry
