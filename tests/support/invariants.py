"""What is true of the stored data after every call, whether it crashed, was repeated or raced with others."""

import re
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tallybook.domain.emails import mailbox
from tallybook.domain.outbox import LANES
from tallybook.domain.times import parse_instant
from tallybook.domain.usage import Quantities
from tallybook.store.usage_counters import quantities_of
from tests.support.app import App
from tests.support.budget_invariants import check_budgets
from tests.support.invoice_invariants import check_invoices
from tests.support.period_invariants import check_periods
from tests.support.quota_invariants import check_quotas

type Item = dict[str, Any]

_HASH = re.compile(r"[0-9a-f]{64}")


def check_invariants(app: App) -> None:
    core, usage = app.stored("core"), app.stored("usage")
    _money_adds_up(core)
    _usage_is_counted_once(usage)
    _wallet_usage_is_paid_once(core, usage)
    _keys_and_users_are_counted(core)
    _audit_entries_are_numbered(core)
    _undelivered_items_are_indexed(core)
    _addresses_lead_to_users(core)
    _links_are_stored_as_hashes(core)
    _platform_keys_are_listed(core)
    check_periods(core, usage, now=app.ctx.clock.now())
    check_invoices(core, usage)
    check_quotas(app, core, usage)
    check_budgets(app, core, usage)


def check_schedule(app: App) -> None:
    """If the scheduled jobs run, no period is open 90 minutes past its end."""
    now = app.ctx.clock.now()
    for account in app.stored("core", "ACCOUNT"):
        assert parse_instant(account["cycle"]["end"]) + timedelta(minutes=90) > now, account["id"]


def _platform_keys_are_listed(core: list[Item]) -> None:
    (listed,) = [item["key_ids"] for item in _of(core, "KEYS")] or [[]]
    assert sorted(listed) == sorted(item["id"] for item in _of(core, "KEY") if item["sk"] == "KEY")


def _of(items: list[Item], prefix: str) -> list[Item]:
    return [item for item in items if item["sk"].startswith(prefix)]


def _money_adds_up(core: list[Item]) -> None:
    """Each balance is the sum of its ledger entries; they are numbered without a gap, and each has one cause item."""
    entries = defaultdict(list)
    for entry in _of(core, "ENTRY#"):
        entries[entry["account_id"]].append(entry)
    causes = {(item["pk"], item["sk"].removeprefix("CAUSE#")): item["number"] for item in _of(core, "CAUSE#")}
    for account in _of(core, "ACCOUNT"):
        mine = sorted(entries.pop(account["id"], []), key=lambda entry: entry["number"])
        assert [entry["number"] for entry in mine] == list(range(1, len(mine) + 1))
        assert account["entries"] == len(mine)
        assert account["balance"] == sum(entry["amount"] for entry in mine)
        balance = 0
        for entry in mine:
            balance += entry["amount"]
            assert entry["balance_after"] == balance
            assert causes.pop((account["pk"], entry["id"])) == entry["number"]
    assert not entries, "entries without an account"
    assert not causes, "causes without an entry"


def _usage_is_counted_once(usage: list[Item]) -> None:
    """In each period the markers, the period's and the days' counters have the same sums for each meter and sku.

    The markers of late usage have the same sums as its own counters.
    """
    marked: dict[tuple[str, str], dict[str, Quantities]] = defaultdict(lambda: defaultdict(dict))
    for marker in _of(usage, "EVENT"):
        sums = marked[marker["account_id"], marker["period"]][marker.get("late_for", "")]
        what = (marker["meter"], marker.get("sku"))
        sums[what] = sums.get(what, Decimal(0)) + Decimal(marker["quantity"])
    periods = defaultdict(list)
    for item in usage:
        if item["pk"].startswith("USAGE#"):
            _, account_id, start = item["pk"].split("#")
            periods[account_id, start].append(item)
    for period, items in periods.items():
        expected = marked.pop(period, defaultdict(dict))
        timely = expected.pop("", {})
        assert quantities_of(_of(items, "period#")) == timely
        assert quantities_of(_of(items, "day#")) == timely
        assert {item["sk"].split("#")[1] for item in _of(items, "late#")} == set(expected)
        for target, late in expected.items():
            assert quantities_of(_of(items, f"late#{target}#")) == late
            (period_key,) = [item for item in periods[period[0], target] if item["sk"] == "period#0"]
            assert period[1] in period_key["late"]
        for kind in ("user#", "session#"):
            for what, quantity in quantities_of(_of(items, kind)).items():
                assert quantity <= timely[what]
        for what, quantity in quantities_of(_of(items, "app#")).items():
            assert quantity <= sum(sums.get(what, Decimal(0)) for sums in (timely, *expected.values()))
    assert not marked, "counted events without a period"


def _wallet_usage_is_paid_once(core: list[Item], usage: list[Item]) -> None:
    """The ledger's debits for usage are what the counted wallet events cost: a micro for each credit.

    Each entry is the sum of the amounts of the events that name it.
    """
    used: Counter[str] = Counter()
    for marker in _of(usage, "EVENT"):
        if marker["meter"] == "credits":
            used[marker["account_id"]] += int(Decimal(marker["quantity"]))
    paid: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    for entry in _of(core, "ENTRY#"):
        if entry["kind"] == "usage":
            paid[entry["account_id"]] -= int(entry["amount"])
            entries[entry["id"]] -= int(entry["amount"])
    assert used == paid
    events: Counter[str] = Counter()
    for marker in _of(usage, "EVENT"):
        assert ("e" in marker) == ("m" in marker and marker["m"] > 0)
        if "e" in marker:
            events[str(UUID(bytes=bytes(marker["e"])))] += int(marker["m"])
    assert events == entries


def _keys_and_users_are_counted(core: list[Item]) -> None:
    """The key counts of accounts and users are right, and the user counts of accounts, deleted users included.

    A key that was made with another one has not outlived it.
    """
    keys = _of(core, "APIKEY#")
    assert {key["parent_id"] for key in keys if "parent_id" in key} <= {key["id"] for key in keys}
    by_account, by_user = Counter(key["account_id"] for key in keys), Counter(key["user_id"] for key in keys)
    users = _of(core, "USER#")
    for user in users:
        assert user["keys"] == by_user[user["id"]]
    members = Counter(user["account_id"] for user in users)
    for account in _of(core, "ACCOUNT"):
        assert (account["keys"], account["users"]) == (by_account[account["id"]], members[account["id"]])


def _audit_entries_are_numbered(core: list[Item]) -> None:
    """Audit entries are numbered without a gap, and none has a password hash."""
    numbers = defaultdict(list)
    for entry in _of(core, "AUDIT#"):
        numbers[entry["pk"]].append(entry["number"])
        assert entry["by"] in ("user", "api_key", "platform", "operator", "job", "anyone")
        assert "$2b$" not in repr(entry)
    for account in _of(core, "ACCOUNT"):
        assert sorted(numbers.pop(account["pk"], [])) == list(range(1, int(account["audits"]) + 1))
    assert not numbers, "audit entries without an account"


def _undelivered_items_are_indexed(core: list[Item]) -> None:
    """An outbox item is in the index until it is delivered. Earlier releases put those of both lanes under `outbox`."""
    for item in _of(core, "OUTBOX"):
        is_fast = item["kind"] == "mail" and LANES.get(item["body"].get("letter")) == "fast"
        lane = "outbox#" if is_fast else ("slow#", "outbox#")
        prefix = {"waiting": lane, "parked": "parked#", "delivered": ""}[item["state"]]
        assert item.get("work", "").startswith(prefix)
        assert ("work" in item) == ("due" in item) == (item["state"] != "delivered")
        assert "pwt_" not in repr(item), "there is a token in the outbox"


def _addresses_lead_to_users(core: list[Item]) -> None:
    """Each address belongs to one user and each user has an address; each account has a root user."""
    addresses = {item["pk"].removeprefix("EMAIL#"): item for item in core if item["sk"] == "EMAIL"}
    users = [user for user in _of(core, "USER#") if user["status"] != "deleted"]
    for user in users:
        owner = addresses.pop(mailbox(user["email"]))
        assert (owner["account_id"], owner["user_id"]) == (user["account_id"], user["id"])
    assert not addresses, "addresses without a user"
    accounts = {account["id"] for account in _of(core, "ACCOUNT")}
    assert accounts == {user["account_id"] for user in users if user["is_root"]}


def _links_are_stored_as_hashes(core: list[Item]) -> None:
    """Each token hash of an email change is stored as a token, and no mail in the outbox has a link."""
    known = {item["pk"].removeprefix("EMAILTOKEN#"): item for item in _of(core, "TOKEN")}
    assert all(_HASH.fullmatch(hashed) for hashed in known)
    for change in _of(core, "EMAILCHANGE"):
        for side in ("current_hash", "new_hash"):
            if side in change:
                assert known[change[side]]["account_id"] == change["account_id"]
    assert not [item for item in _of(core, "OUTBOX") if "/auth/email/confirm" in repr(item)]
