"""All that is stored of each account's billing, in one place for whoever checks it or adds it up."""

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
    """All that is stored of one account's billing. `fences` are the shards of its periods, by the period's start."""

    account: Account
    invoices: list[Invoice]
    fences: dict[datetime, list[Item]]
    markers: list[Item]
    core: list[Item]
    places: dict[str, Item]
    catalogs: dict[int, Catalog]

    @property
    def issued(self) -> list[Invoice]:
        return [invoice for invoice in self.invoices if invoice.status != "draft"]

    @property
    def opened(self) -> dict[datetime, BillingPeriod]:
        """What each period pinned, oldest first."""
        firsts = {start: next(item for item in shards if "start" in item) for start, shards in self.fences.items()}
        return {start: read_billing_period(firsts[start]) for start in sorted(firsts)}

    @property
    def latest(self) -> dict[datetime, Invoice]:
        """The last revision of each issued period's invoice."""
        ordered = sorted(self.issued, key=lambda invoice: invoice.revision)
        return {invoice.period.start: invoice for invoice in ordered}

    def of(self, prefix: str) -> list[Item]:
        """The account's own items whose sort key starts so."""
        return [item for item in self.core if item["sk"].startswith(prefix)]


def read_billing_records(core: list[Item], usage: list[Item]) -> Iterator[BillingRecords]:
    by_account: dict[str, list[Item]] = defaultdict(list)
    markers: dict[str, list[Item]] = defaultdict(list)
    fences: dict[str, dict[datetime, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in core:
        by_account[item["pk"]].append(item)
    for item in usage:
        if item["sk"] == "EVENT":
            markers[item["account_id"]].append(item)
        elif item["sk"].startswith("period#"):
            _, account_id, start = item["pk"].split("#")
            fences[account_id][parse_instant(start)].append(item)
    versions = [item for item in core if item["sk"].startswith("VERSION#")]
    catalogs = {
        int(item["version"]): parse_catalog(json.loads(item["body"]), version=int(item["version"])) for item in versions
    }
    places: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in core:
        if item["sk"] == "INVOICE":
            places[item["account_id"]][item["pk"].removeprefix("INVOICE#")] = item
    for account in (read_account(item) for item in core if item["sk"] == "ACCOUNT"):
        mine = by_account[f"ACCOUNT#{account.id}"]
        invoices = [read_invoice(item) for item in mine if item["sk"].startswith("INVOICE#")]
        yield BillingRecords(
            account, invoices, fences[account.id], markers[account.id], mine, places.pop(account.id, {}), catalogs
        )
    assert not places, "invoices without an account"
