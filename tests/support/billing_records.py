"""All stored billing data by account, for tests that check it or add it up."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog, parse_catalog
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import parse_instant
from tallybook.store.accounts import read_account
from tallybook.store.invoices import read_invoice
from tallybook.store.periods import read_billing_period

type Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BillingRecords:
    """The stored billing data of one account.

    `period_keys` are the shards of each period's key, by its start; `positions` are the list positions by invoice id.
    """

    account: Account
    invoices: list[Invoice]
    period_keys: dict[datetime, list[Item]]
    markers: list[Item]
    core: list[Item]
    positions: dict[str, Item]
    catalogs: dict[int, Catalog]

    @property
    def issued(self) -> list[Invoice]:
        return [invoice for invoice in self.invoices if invoice.status != "draft"]

    @property
    def periods(self) -> dict[datetime, BillingPeriod]:
        """The billing periods by start, oldest first."""
        first_shards = {
            start: next(item for item in shards if "start" in item) for start, shards in self.period_keys.items()
        }
        return {start: read_billing_period(first_shards[start]) for start in sorted(first_shards)}

    @property
    def latest_invoices(self) -> dict[datetime, Invoice]:
        """The last revision of each issued period's invoice."""
        ordered = sorted(self.issued, key=lambda invoice: invoice.revision)
        return {invoice.period.start: invoice for invoice in ordered}

    def items(self, prefix: str) -> list[Item]:
        """The account's items whose sort key starts with the prefix."""
        return [item for item in self.core if item["sk"].startswith(prefix)]


def read_billing_records(core: list[Item], usage: list[Item]) -> Iterator[BillingRecords]:
    by_account: dict[str, list[Item]] = defaultdict(list)
    markers: dict[str, list[Item]] = defaultdict(list)
    period_keys: dict[str, dict[datetime, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in core:
        by_account[item["pk"]].append(item)
    for item in usage:
        if item["sk"] == "EVENT":
            markers[item["account_id"]].append(item)
        elif item["sk"].startswith("period#"):
            _, account_id, start = item["pk"].split("#")
            period_keys[account_id][parse_instant(start)].append(item)
    versions = [item for item in core if item["sk"].startswith("VERSION#")]
    catalogs = {
        int(item["version"]): parse_catalog(json.loads(item["body"]), version=int(item["version"])) for item in versions
    }
    positions: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in core:
        if item["sk"] == "INVOICE":
            positions[item["account_id"]][item["pk"].removeprefix("INVOICE#")] = item
    for account in (read_account(item) for item in core if item["sk"] == "ACCOUNT"):
        items = by_account[f"ACCOUNT#{account.id}"]
        invoices = [read_invoice(item) for item in items if item["sk"].startswith("INVOICE#")]
        yield BillingRecords(
            account,
            invoices,
            period_keys[account.id],
            markers[account.id],
            items,
            positions.pop(account.id, {}),
            catalogs,
        )
    assert not positions, "invoices without an account"
