"""What reads each kind of stored item."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tallybook.domain.catalog import parse_catalog
from tallybook.domain.times import parse_instant
from tallybook.store import archives, audit, email_changes, ledger, password_tokens
from tallybook.store.accounts import read_account
from tallybook.store.budgets import read_budget, read_message
from tallybook.store.commands import Item
from tallybook.store.costs import read_costs
from tallybook.store.credentials import read_credential
from tallybook.store.events import read_marker, stored_content
from tallybook.store.gauges import gauge_value
from tallybook.store.invoices import read_invoice
from tallybook.store.kept_answers import read_content, read_sealed
from tallybook.store.outbox import content_names, read_announcement, read_mail, read_outbox_item
from tallybook.store.periods import read_billing_period
from tallybook.store.plan_changes import read_plan_change
from tallybook.store.platform_keys import read_key_ids, read_platform_key
from tallybook.store.quotas import read_allocation, read_request
from tallybook.store.sessions import read_session
from tallybook.store.usage_counters import quantities_of
from tallybook.store.users import read_user
from tests.golden.shapes import Row, kind_of


def reader_of(row: Row) -> Callable[[Item], Any]:
    """KeyError for a kind that has no reader here."""
    return READERS[kind_of(row).partition(" ")[0] if row["pk"]["S"].startswith("OUTBOX#") else kind_of(row)]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """A domain object as its fields: `wallet.balance`. One of several things read of an item has its place as name."""
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "_asdict"):
        parts = value._asdict()
    elif isinstance(value, tuple) and path == "":
        parts = {str(place): part for place, part in enumerate(value)}
    else:
        return {path: dict(value) if isinstance(value, Mapping) else value}
    return {name: part for key, of in parts.items() for name, part in flat(of, f"{path}.{key}".strip(".")).items()}


def _operator_entry(item: Item) -> tuple[Any, ...]:
    entry = audit.read_entry(item | {"number": 0})
    return entry.at, entry.actor, entry.action, entry.target, entry.before, entry.after


def _outbox(item: Item) -> tuple[Any, ...]:
    read = read_outbox_item(item)
    return read, content_names(read), read_mail(read) if read.kind == "mail" else read_announcement(read)


def _session(item: Item) -> tuple[Any, ...]:
    return read_session(item), item.get("work"), item.get("due")


def _attributes(*names: str) -> Callable[[Item], tuple[Any, ...]]:
    """For items that services read without a reader in the store."""
    return lambda item: tuple(item[name] for name in names)


READERS: Mapping[str, Callable[[Item], Any]] = {
    "ARCHIVE/core": archives.read_archive,
    "ACCOUNT/ACCOUNT": read_account,
    "ACCOUNT/ALLOCATION": read_allocation,
    "ACCOUNT/APIKEY": read_credential,
    "ACCOUNT/AUDIT": audit.read_entry,
    "ACCOUNT/BUDGET": read_budget,
    "ACCOUNT/CAUSE": _attributes("number"),
    "ACCOUNT/CHANGE": read_plan_change,
    "ACCOUNT/CLOSING": _attributes("work", "due"),
    "ACCOUNT/COSTS": read_costs,
    "ACCOUNT/DIRTY": lambda item: (item["account_id"], item["version"], item.get("seen"), item.get("work")),
    "ACCOUNT/EMAILCHANGE": email_changes.read_change,
    "ACCOUNT/ENTRY": ledger.read_entry,
    "ACCOUNT/INVOICE": read_invoice,
    "ACCOUNT/MESSAGE": read_message,
    "ACCOUNT/PASSWORDTOKEN": lambda item: password_tokens.read_token(item, account_id="a", user_id="u"),
    "ACCOUNT/REQUEST": read_request,
    "ACCOUNT/RUN": _session,
    "ACCOUNT/SIGNIN": read_credential,
    "ACCOUNT/USER": read_user,
    "ATTEMPTS/<instant>": _attributes("count", "expires"),
    "AUDIT/<instant>": _operator_entry,
    "CATALOG/CURRENT": lambda item: (_catalog(item), parse_instant(item["applied_at"])),
    "CATALOG/VERSION": lambda item: (_catalog(item), parse_instant(item["applied_at"])),
    "EMAIL/EMAIL": _attributes("account_id", "user_id"),
    "EMAIL/SUPPRESSED": lambda item: (item["reason"], parse_instant(item["at"])),
    "EMAILTOKEN/TOKEN": email_changes.read_token,
    "EVENT/EVENT": lambda item: (
        read_marker(item, source=item.get("s", "test"), id=item.get("i", "?")),
        stored_content(item),
    ),
    "IDEMPOTENCY/ANSWER": lambda item: (read_content(item), read_sealed(item), int(item["expires"])),
    "INVOICE/INVOICE": _attributes("account_id", "position"),
    "LEVEL/<day>": lambda item: gauge_value(item, None, now=parse_instant(f"{item['sk']}T12:00:00Z")),
    "OUTBOX/OUTBOX": _outbox,
    "PLATFORM/KEY": read_platform_key,
    "PLATFORM/KEYS": read_key_ids,
    "SESSION/SESSION": _session,
    "USAGE/app": lambda item: quantities_of([item]),
    "USAGE/day": lambda item: quantities_of([item]),
    "USAGE/late": lambda item: quantities_of([item]),
    "USAGE/period": lambda item: quantities_of([item]),
    "USAGE/period 0": lambda item: (read_billing_period(item), quantities_of([item])),
    "USAGE/session": lambda item: quantities_of([item]),
    "USAGE/user": lambda item: quantities_of([item]),
}


def _catalog(item: Item) -> Any:
    import json

    return parse_catalog(json.loads(item["body"]), version=int(item["version"]))
