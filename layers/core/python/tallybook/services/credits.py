"""Credits given or taken by the platform: once for each reference, however often it is asked."""

from dataclasses import dataclass
from typing import Literal

from tallybook.domain.errors import Conflict, NotFound, Unavailable
from tallybook.domain.wallet import Entry, check_move, entry_id
from tallybook.services.authenticate import authorize_platform
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.accounts import read_account
from tallybook.store.table import Refused

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Move:
    """What the platform asks for: `amount` credits (micros), signed, for the reason that `reference` names."""

    account_id: str
    amount: int
    kind: Literal["grant", "adjustment"]
    reference: str
    note: str | None = None


def give_credits(ctx: Context, credential: str, move: Move) -> Entry:
    """The ledger entry of the reference, written now or before.

    NotFound for an unknown or deleted account; Conflict `reference_reused` where the reference moved something else.
    """
    check_move(move.kind, move.amount)
    account_key = keys.account(move.account_id)
    cause_key = keys.ledger_cause(move.account_id, entry_id(move.account_id, move.kind, move.reference))
    _, items = authorize_platform(ctx, credential, "accounts:admin", also=[account_key, cause_key])
    for _ in range(_ATTEMPTS):
        if cause_key in items:
            return _as_before(ctx, move, number=int(items[cause_key]["number"]))
        if account_key not in items or items[account_key]["status"] == "deleted":
            raise NotFound("There is no such account", resource="account")
        account = read_account(items[account_key])
        entry = ledger.numbered(
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
        try:
            ctx.tables.transact(ledger.post(account, entry))
        except Refused:
            items = ctx.tables.get_many([account_key, cause_key])
            continue
        return entry
    raise Unavailable("The account's wallet is busy; try again")


def _as_before(ctx: Context, move: Move, *, number: int) -> Entry:
    item = ctx.tables.get(keys.ledger_entry(move.account_id, number))
    if item is None:
        raise Unavailable("The entry could not be read; try again")
    entry = ledger.read_entry(item)
    if (entry.kind, entry.amount) != (move.kind, move.amount):
        raise Conflict("This reference was used for another kind or amount", code="reference_reused", field="reference")
    return entry
