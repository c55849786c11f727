"""Invariants of the stored quotas, sessions and storage gauges."""

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from tallybook.domain.catalog import parse_catalog
from tallybook.domain.jobs import partition
from tallybook.domain.periods import Period, period_of
from tallybook.domain.quotas import FIELDS, GAUGE_METER, MONTHLY, NOTIFY_PERCENTAGES, Quota
from tallybook.domain.times import parse_instant, stamp
from tallybook.store.accounts import read_account
from tallybook.store.quotas import read_allocation
from tallybook.store.usage_counters import quantities_of
from tests.support.app import App

type Item = dict[str, Any]

_TICK = timedelta(milliseconds=1)


def check_quotas(app: App, core: list[Item], usage: list[Item]) -> None:
    _allocations_are_counted(core)
    _requests_are_counted(core)
    _allocations_fit_the_plan(core)
    _sessions_are_counted(core)
    _running_sessions_are_due(core)
    _dirty_marks_are_due_until_seen(core, usage)
    _unsent_quota_mails_are_due(core, usage, app.ctx.clock.now())
    _gauges_sum_up_to_events(usage)
    _use_ahead_of_time_is_carried(core, usage)


def _of(items: list[Item], prefix: str) -> list[Item]:
    return [item for item in items if item["sk"].startswith(prefix)]


def _sums(quotas: list[Quota]) -> dict[str, int]:
    sums = {name: sum(int(quota.get(name, 0)) for quota in quotas) for name in FIELDS}
    return {name: amount for name, amount in sums.items() if amount}


def _allocations_are_counted(core: list[Item]) -> None:
    """The account's allocation count and allocated sums are right.

    A user has at most one active allocation, and the user item has its id and its quota.
    """
    rows = _of(core, "ALLOCATION#")
    by_account = Counter(row["account_id"] for row in rows)
    active = [row for row in rows if row["status"] == "active"]
    quotas = defaultdict(list)
    for row in active:
        quotas[row["account_id"]].append(row["quota"])
    for account in _of(core, "ACCOUNT"):
        assert account["allocations"] == by_account[account["id"]]
        assert account["allocated"] == _sums(quotas[account["id"]])
    allocations = {(row["account_id"], row["user_id"]): (row["id"], row["quota"]) for row in active}
    assert len(allocations) == len(active), "a user with two active allocations"
    for user in _of(core, "USER#"):
        allocation = allocations.pop((user["account_id"], user["id"]), (None, {}))
        assert (user.get("allocation_id"), user["quota"]) == allocation
        assert user["status"] != "deleted" or allocation == (None, {})
    assert not allocations, "active allocations without a user"


def _requests_are_counted(core: list[Item]) -> None:
    """The account's request count is right, and the user item has the id of its pending request."""
    rows = _of(core, "REQUEST#")
    by_account = Counter(row["account_id"] for row in rows)
    for account in _of(core, "ACCOUNT"):
        assert account["requests"] == by_account[account["id"]]
    pending = [row for row in rows if row["status"] == "pending"]
    by_user = {(row["account_id"], row["user_id"]): row["id"] for row in pending}
    assert len(by_user) == len(pending), "a user with two pending requests"
    for user in _of(core, "USER#"):
        assert user.get("request_id") == by_user.pop((user["account_id"], user["id"]), None)
        assert user["status"] != "deleted" or "request_id" not in user
    assert not by_user, "pending requests without a user"
    for row in rows:
        assert (row["status"] == "pending") == ("reviewed_at" not in row) == ("reviewed_by" not in row)


def _allocations_fit_the_plan(core: list[Item]) -> None:
    """No account has allocated more than some version of its plan gives, unless a plan was retired."""
    versions = [parse_catalog(json.loads(row["body"]), version=1).plans for row in _of(core, "VERSION#")]
    retired = {row["account_id"] for row in _of(core, "CHANGE#") if row["reason"] == "plan_retired"}
    for account in _of(core, "ACCOUNT"):
        gives = [plans[account["plan"]].quotas for plans in versions if account["plan"] in plans]
        for name, amount in account["allocated"].items() if account["id"] not in retired else ():
            assert any(amount <= quotas.get(name, amount) for quotas in gives), (account["id"], name)


def _sessions_are_counted(core: list[Item]) -> None:
    """The running counts of accounts and users are right."""
    running = [item for item in _of(core, "SESSION") if item["status"] == "running"]
    by_account = Counter(session["account_id"] for session in running)
    by_user = Counter((session["account_id"], session["user_id"]) for session in running)
    users = _of(core, "USER#")
    for account in _of(core, "ACCOUNT"):
        of_users = sum(user["running"] for user in users if user["account_id"] == account["id"])
        assert account["running"] == by_account[account["id"]] == of_users
    for user in users:
        assert user["running"] == by_user[user["account_id"], user["id"]]


def _running_sessions_are_due(core: list[Item]) -> None:
    """A session's item by id and its item in the account's list agree; it is in the index until it has ended."""
    runs = {row["id"]: row for row in _of(core, "RUN#")}
    for session in _of(core, "SESSION"):
        run = runs.pop(session["id"])
        where = {"work": run.pop("work", None), "due": run.pop("due", None)}
        ended = session["status"] == "ended"
        due = (None, None) if ended else (partition("running", session["account_id"]), session["expires_at"])
        assert (where["work"], where["due"]) == due
        assert _content(run) == _content(session)
        assert ("ended_at" in session) == ended
        assert session.get("ended_at", "") <= session["expires_at"]
        assert ("ended_by" in session) == ended
    assert not runs, "runs without a session"


def _content(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def _dirty_marks_are_due_until_seen(core: list[Item], usage: list[Item]) -> None:
    """An account with usage has a dirty mark, which is due until a check has seen its version."""
    marks = {mark["account_id"]: mark for mark in _of(core, "DIRTY")}
    assert {marker["account_id"] for marker in _of(usage, "EVENT")} <= set(marks)
    for account_id, mark in marks.items():
        seen = mark.get("seen") == mark["version"]
        due = (None, False) if seen else (partition("dirty", account_id), True)
        assert (mark.get("work"), "due" in mark) == due


def _unsent_quota_mails_are_due(core: list[Item], usage: list[Item], now: datetime) -> None:
    """A user has been mailed about each percentage reached, unless a check of the account is still due."""
    due = {mark["account_id"] for mark in _of(core, "DIRTY") if "work" in mark}
    periods = {
        account["id"]: period_of(read_account(account).schedule, now)
        for account in _of(core, "ACCOUNT")
        if account["status"] != "deleted"
    }
    for allocation in map(read_allocation, _of(core, "ALLOCATION#")):
        if allocation.status != "active" or allocation.account_id in due or allocation.account_id not in periods:
            continue
        period = periods[allocation.account_id]
        notified = allocation.notified.get(stamp(period.start), {})
        used = _used(usage, allocation.account_id, allocation.user_id, period)
        for name in MONTHLY.keys() & allocation.quota.keys():
            reached = [
                one for one in NOTIFY_PERCENTAGES if used[name] and used[name] * 100 >= allocation.quota[name] * one
            ]
            assert notified.get(name, 0) >= max(reached, default=0), (allocation.id, name)


def _used(usage: list[Item], account_id: str, user_id: str, period: Period) -> dict[str, Decimal]:
    pk = f"USAGE#{account_id}#{stamp(period.start)}"
    mine = [item for item in usage if item["pk"] == pk and item["sk"].startswith(f"user#{user_id}#")]
    by_meter = {meter: quantity for (meter, _), quantity in quantities_of(mine).items()}
    return {name: by_meter.get(meter, Decimal(0)) for name, meter in MONTHLY.items()}


def _gauges_sum_up_to_events(usage: list[Item]) -> None:
    """An account's gauges sum up to its counted storage events; in no hour do its users have more than the account."""
    counted: dict[str, Decimal] = defaultdict(Decimal)
    for marker in _of(usage, "EVENT"):
        if marker["meter"] == GAUGE_METER:
            counted[marker["account_id"]] += Decimal(marker["quantity"])
    hours: dict[tuple[str, str, str], dict[bool, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for item in (item for item in usage if item["pk"].startswith("LEVEL#")):
        _, account_id, user = item["pk"].split("#")
        for hour in (name for name in item if name.startswith("h:")):
            hours[account_id, item["sk"], hour][user == "-"] += item[hour]
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for (account_id, _, _), gauge in hours.items():
        assert gauge[False] <= gauge[True]
        whole[account_id] += gauge[True]
    assert whole == counted


def _use_ahead_of_time_is_carried(core: list[Item], usage: list[Item]) -> None:
    """A period that a plan change began has what was used ahead of time in the one before, late usage included."""
    plans = {int(row["version"]): json.loads(row["body"])["plans"] for row in _of(core, "VERSION#")}
    counters = defaultdict(list)
    for item in usage:
        counters[item["pk"]].append(item)
    first = {item["pk"]: item for item in usage if item["sk"] == "period#0"}
    for item in (item for item in first.values() if "carries" in item):
        after = first[f"USAGE#{item['account_id']}#{item['end']}"]
        start, end, whole = (parse_instant(item[name]) for name in ("start", "end", "cut_from"))
        part = Fraction((end - start) // _TICK, (whole - start) // _TICK)
        names = ("period#", f"late#{item['end']}#")
        used = _by_meter([one for one in counters[item["pk"]] if one["sk"].startswith(names)])
        for name in item["carries"]:
            limit = plans[int(item["catalog_version"])][item["plan"]]["limits"][name]
            carried = max(Decimal(0), item.get(f"ahead:{name}", Decimal(0)))
            ran = Decimal(ceil(limit * part * 10**9)).scaleb(-9)
            assert after[f"ahead:{name}"] == used.get(MONTHLY[name], Decimal(0)) + carried - ran, (item["pk"], name)


def _by_meter(counters: list[Item]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (meter, _), quantity in quantities_of(counters).items():
        sums[meter] += quantity
    return sums
