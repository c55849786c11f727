"""What void and reissued invoices change in closed periods: part of the account's item until an invoice bills it."""

from collections.abc import Mapping

from tallybook.domain.accounts import Account, Correction
from tallybook.store import keys
from tallybook.store.commands import Item, Update


def corrections_item(corrections: Mapping[str, Correction]) -> Item | None:
    """The account's attribute `corrections`."""
    return {start: _correction_item(correction) for start, correction in corrections.items()} or None


def read_corrections(item: Mapping[str, Item] | None) -> dict[str, Correction]:
    return {start: _read_correction(stored) for start, stored in (item or {}).items()}


def set_corrections(account: Account, corrections: Mapping[str, Correction]) -> tuple[Update, ...]:
    """The transaction must check that the account is as read."""
    if corrections == account.corrections:
        return ()
    return (Update(keys.account(account.id), set={"corrections": corrections_item(corrections)}),)


def _correction_item(correction: Correction) -> Item:
    voided, forgiven, is_void = correction
    values = {"voided": voided or None, "forgiven": forgiven or None, "void": is_void}
    return {name: value for name, value in values.items() if value is not None}


def _read_correction(item: Item) -> Correction:
    return Correction(int(item.get("voided", 0)), int(item.get("forgiven", 0)), item.get("void"))
