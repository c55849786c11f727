"""What is stored reads back as it was: each thing with all it may hold, and with only what it must."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import SESSIONS, Actor
from tallybook.domain.credentials import Credential, Named, PlatformKey
from tallybook.domain.cycle import Cycle
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.periods import Calendar, Period
from tallybook.domain.sessions import Session
from tallybook.domain.usage import MARKER_LIFE, Event, merged
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.domain.wallet import Entry
from tallybook.store import accounts, attempts, credentials, events, keys, ledger, periods, sessions
from tallybook.store.commands import Put
from tallybook.store.keys import Key
from tallybook.store.table import Due, Refused, Tables
from tests.support.cloud import NAMES

NOW = datetime(2026, 4, 20, 12, 34, 56, 789_000, tzinfo=UTC)
APRIL = Period(start=datetime(2026, 4, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC), zone="Asia/Kolkata")

ACCOUNT = Account(
    id="a",
    email="a@example.com",
    created_at=NOW,
    status="active",
    plan="pro",
    subscription_id="s",
    subscribed_at=NOW + timedelta(seconds=1),
    calendar=Calendar(
        NOW - timedelta(days=1),
        "Asia/Kolkata",
        since=NOW,
        first=3,
        before=Calendar(NOW - timedelta(days=1), "UTC", before=Calendar(NOW - timedelta(days=60), "UTC")),
    ),
    first_period_at=NOW - timedelta(days=2),
    cycle=Cycle(APRIL),
)
FULL_ACCOUNT = replace(
    ACCOUNT,
    display_name="A",
    description="",
    balance=-5,
    entries=7,
    audits=9,
    running=2,
    users=3,
    keys=4,
    status="suspended",
    invoices=6,
    issued=5,
    cycle=Cycle(APRIL, carried=12_340_000),
    tax_rate=Decimal("7.7"),
    discount=Decimal(25),
    suspended_ms={"2026-03-01T00:00:00.000Z": 86_400_000},
    suspended_at=NOW,
    suspension_reason="abuse",
    allocations=2,
    requests=1,
    allocated={"ram_gb_seconds": 10**15},
)
USER = User(
    id="u",
    account_id="a",
    email="u@example.com",
    created_at=NOW,
    status="active",
    role="admin",
    is_root=False,
    password_hash="hash",
)
FULL_USER = replace(
    USER,
    name="U",
    running=3,
    keys=4,
    generation=5,
    is_root=True,
    status="suspended",
    role="user",
    suspended_at=NOW,
    suspension_reason="left",
    allocation_id="q",
    quota={"ram_gb_seconds": 10**15, "concurrent_sandboxes": 0},
    request_id="r",
)
KEY = Credential(id="c", kind="api_key", account_id="a", user_id="u", secret_hash="h", created_at=NOW)
FULL_KEY = replace(KEY, expires_at=NOW + timedelta(days=1), name="ci", hint="abcd")
SIGN_IN = replace(KEY, kind="session", expires_at=NOW + timedelta(hours=24))
ENTRY = Entry(id="e", account_id="a", kind="grant", amount=500, cause="order 7", created_at=NOW)
SESSION = Session(
    id="x",
    account_id="a",
    user_id="u",
    cpu_cores=Decimal("0.125"),
    memory_gb=Decimal(4),
    storage_gb=Decimal("1E+2"),
    started_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    started_by=Actor("platform", "plk-p", address="203.0.113.7"),
)
ENDED = replace(SESSION, status="ended", ended_at=datetime(2026, 4, 20, 13, tzinfo=UTC), ended_by=SESSIONS)
EVENT = Event(
    source="metal-7", id="1", time=NOW, account_id="a", meter="cpu_seconds", quantity=Decimal("2.50"), user_id="u"
)


@pytest.fixture
def tables(client: Any) -> Tables:
    return Tables(client, NAMES)


def stored(tables: Tables, put: Put) -> dict[str, Any]:
    tables.write(put)
    item = tables.get(put.key)
    assert item is not None
    return item


@pytest.mark.parametrize("account", [ACCOUNT, FULL_ACCOUNT])
def test_an_account_reads_back(tables: Tables, account: Account) -> None:
    assert accounts.read_account(stored(tables, accounts.put_account(account))) == account


@pytest.mark.parametrize("user", [USER, FULL_USER])
def test_a_user_reads_back(tables: Tables, user: User) -> None:
    assert accounts.read_user(stored(tables, accounts.put_user(user))) == user


@pytest.mark.parametrize("credential", [KEY, FULL_KEY, SIGN_IN])
def test_a_credential_reads_back(tables: Tables, credential: Credential) -> None:
    assert credentials.read_credential(stored(tables, credentials.put_credential(credential))) == credential


def test_a_sign_in_is_tidied_away_after_it_has_expired_and_an_api_key_never(tables: Tables) -> None:
    item = stored(tables, credentials.put_credential(SIGN_IN))
    assert item["expires"] == int((NOW + timedelta(hours=24)).timestamp())
    assert "expires" not in stored(tables, credentials.put_credential(FULL_KEY))


def test_what_a_text_names_leads_to_credential_user_and_account() -> None:
    for kind, key in (("api_key", keys.api_key("a", "c")), ("session", keys.sign_in("a", "c"))):
        named = Named(kind, account_id="a", user_id="u", credential_id="c")  # type: ignore[arg-type]
        assert credentials.keys_named(named) == (key, keys.user("a", "u"), keys.account("a"))


def test_a_platform_key_reads_back(tables: Tables) -> None:
    key = PlatformKey(id="p", name="ci", scopes=("usage:write", "sessions:write"), secret_hash="h", created_at=NOW)
    assert credentials.read_platform_key(stored(tables, credentials.put_platform_key(key))) == key


def test_a_session_reads_back_running_and_ended(tables: Tables) -> None:
    """Alike by its id and among its account's."""
    both = (keys.session("x"), keys.run("a", NOW, "x"))
    tables.transact(sessions.put_session(SESSION))
    assert [sessions.read_session(item) for item in tables.get_many(both).values()] == [SESSION, SESSION]
    tables.transact(sessions.end_session(ENDED))
    assert [sessions.read_session(item) for item in tables.get_many(both).values()] == [ENDED, ENDED]


def test_a_session_is_due_when_its_time_is_up_until_it_has_ended(tables: Tables) -> None:
    own, due = replace(SESSION, account_id="1"), f"{sessions.RUNNING}#1"
    tables.transact(sessions.put_session(own))
    assert list(tables.work(due, until="2026-04-20T13:34:56.788Z")) == []
    assert list(tables.work(due)) == [Due(keys.run("1", NOW, "x"), "2026-04-20T13:34:56.789Z")]
    tables.transact(sessions.end_session(replace(ENDED, account_id="1")))
    assert list(tables.work(due)) == []


def test_an_accounts_sessions_are_found_by_their_start_both_ends_included(tables: Tables) -> None:
    starts = [NOW + timedelta(hours=hours) for hours in (0, 1, 2, 3)]
    for number, start in enumerate(starts):
        tables.transact(sessions.put_session(replace(SESSION, id=f"x{number}", started_at=start)))
    pk, first, last = sessions.runs_range("a", starts[1], starts[2])
    found = [sessions.read_session(item).id for item in tables.query("core", pk, start=first, end=last)]
    assert found == ["x1", "x2"]


def test_a_session_ends_once(tables: Tables) -> None:
    tables.transact(sessions.put_session(SESSION))
    tables.transact(sessions.end_session(ENDED))
    for half in sessions.end_session(ENDED):
        with pytest.raises(Refused):
            tables.write(half)


def test_running_sessions_are_counted_on_account_and_user(tables: Tables) -> None:
    tables.transact([accounts.put_account(ACCOUNT), accounts.put_user(USER)])
    start = sessions.count_started(ACCOUNT, USER, most=None)
    for commands, running in ((start, 1), (start, 2), (sessions.count_ended(account_id="a", user_id="u"), 1)):
        tables.transact(commands)
        found = tables.get_many([keys.account("a"), keys.user("a", "u")])
        assert {item["running"] for item in found.values()} == {running}


@pytest.mark.parametrize(
    ("account", "user", "most"),
    [
        (replace(ACCOUNT, running=2), USER, 2),
        (ACCOUNT, replace(USER, running=2, quota={"concurrent_sandboxes": 2}), None),
        (ACCOUNT, replace(USER, quota={"concurrent_sandboxes": 0}), None),
        (ACCOUNT, USER, 0),
        (replace(ACCOUNT, status="suspended"), USER, None),
        (ACCOUNT, replace(USER, status="suspended"), None),
        (ACCOUNT, replace(USER, status="deleted"), None),
    ],
)
def test_no_session_is_counted_where_there_is_no_room_or_somebody_is_not_active(
    tables: Tables, account: Account, user: User, most: int | None
) -> None:
    tables.transact([accounts.put_account(account), accounts.put_user(user)])
    with pytest.raises(Refused) as refused:
        tables.transact(sessions.count_started(account, user, most=most))
    assert len(refused.value.failures) == 1


def test_a_session_is_counted_for_the_share_that_its_user_was_read_with(tables: Tables) -> None:
    own = replace(USER, running=1, quota={"concurrent_sandboxes": 2})
    tables.transact([accounts.put_account(replace(ACCOUNT, running=1)), accounts.put_user(own)])
    for other in (USER, replace(own, quota={"concurrent_sandboxes": 9})):
        with pytest.raises(Refused):
            tables.transact(sessions.count_started(ACCOUNT, other, most=2))
    tables.transact(sessions.count_started(ACCOUNT, own, most=2))
    with pytest.raises(Refused):
        tables.transact(sessions.count_started(ACCOUNT, own, most=2))


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, amount=-500, kind="usage", note="for events")])
def test_posting_an_entry_numbers_it_moves_the_balance_and_keeps_its_cause(tables: Tables, entry: Entry) -> None:
    account = replace(ACCOUNT, balance=100, entries=6)
    tables.write(accounts.put_account(account))
    tables.transact(ledger.post(account, entry))
    found = tables.get_many([keys.account("a"), keys.ledger_entry("a", 7), keys.ledger_cause("a", "e")])
    balance = 100 + entry.amount
    assert accounts.read_account(found[keys.account("a")]) == replace(
        account, balance=balance, entries=7, credited=max(0, entry.amount)
    )
    posted = replace(entry, number=7, balance_after=balance)
    assert ledger.read_entry(found[keys.ledger_entry("a", 7)]) == posted
    assert found[keys.ledger_cause("a", "e")]["number"] == 7


def test_an_entry_is_refused_after_another_one_its_own_cause_or_the_accounts_deletion(tables: Tables) -> None:
    def refused(account: Account, entry: Entry) -> list[Key]:
        with pytest.raises(Refused) as caught:
            tables.transact(ledger.post(account, entry))
        return [failure.command.key for failure in caught.value.failures]

    tables.write(accounts.put_account(ACCOUNT))
    tables.transact(ledger.post(ACCOUNT, ENTRY))
    after = replace(ACCOUNT, balance=500, entries=1)
    assert keys.account("a") in refused(ACCOUNT, replace(ENTRY, id="f"))
    assert refused(after, ENTRY) == [keys.ledger_cause("a", "e")]
    tables.write(Put(keys.account("a"), accounts.account_item(replace(after, status="deleted")), condition=None))
    assert refused(after, replace(ENTRY, id="f")) == [keys.account("a")]


def opened(shards: int = 1) -> OpenedPeriod:
    return OpenedPeriod(period=APRIL, plan="pro", catalog_version=3, shards=shards, is_open=True)


@pytest.mark.parametrize("shards", [1, 3])
def test_an_opened_period_reads_back_and_opens_once(tables: Tables, shards: int) -> None:
    tables.transact(periods.open_period(ACCOUNT, opened(shards)))
    item = tables.get(periods.fence("a", APRIL))
    assert item is not None
    assert periods.read_opened(item) == opened(shards)
    with pytest.raises(Refused):
        tables.transact(periods.open_period(ACCOUNT, opened(shards)))


def test_a_period_opens_only_for_the_subscription_that_the_account_still_has(tables: Tables) -> None:
    for change in ({"plan": "scale"}, {"calendar": Calendar(NOW, "UTC")}, {"status": "deleted"}):
        now = replace(ACCOUNT, **change)  # type: ignore[arg-type]
        tables.write(Put(keys.account("a"), accounts.account_item(now), condition=None))
        with pytest.raises(Refused):
            tables.transact([periods.unchanged_subscription(ACCOUNT), *periods.open_period(ACCOUNT, opened())])
    tables.write(Put(keys.account("a"), accounts.account_item(FULL_ACCOUNT), condition=None))
    tables.transact([periods.unchanged_subscription(ACCOUNT), *periods.open_period(ACCOUNT, opened())])


def test_usage_adds_up_over_shards_days_and_skus_and_the_bills_range_holds_just_that(tables: Tables) -> None:
    tables.transact(periods.open_period(ACCOUNT, opened(2)))
    sku = replace(EVENT, meter="container_minutes", sku="S", quantity=Decimal(3), session_id="x", app_id="p")
    for shard in (0, 1, 1):
        tables.transact(periods.add_usage("a", APRIL, merged([EVENT, sku]), shard=shard))
    pk, start, end = periods.billed_range("a", APRIL.start)
    items = list(tables.query("usage", pk, start=start, end=end))
    fences = [item for item in items if periods.is_fence(item)]
    days = [item for item in items if not periods.is_fence(item)]
    whole = {("cpu_seconds", None): Decimal("7.5"), ("container_minutes", "S"): 9}
    assert periods.quantities_of(fences) == periods.quantities_of(days) == whole
    assert periods.by_day(items) == {"2026-04-20": whole}
    assert (len(fences), len(days)) == (2, 2)


def test_sums_keep_every_digit() -> None:
    large, small = Decimal(10) ** 28, Decimal("0.000000001")
    assert periods.quantities_of([{"q:m": large}, {"q:m": small}]) == {("m", None): Decimal(f"1{'0' * 28}.000000001")}


def test_a_closed_or_unopened_period_takes_no_usage_and_no_session(tables: Tables) -> None:
    usage = periods.add_usage("a", APRIL, merged([EVENT]), shard=0)
    for commands in (usage, [periods.count_completed("a", APRIL)]):
        with pytest.raises(Refused):
            tables.transact(commands)
    (fence,) = periods.open_period(ACCOUNT, opened())
    closed = {name: value for name, value in fence.item.items() if name != "open"}
    assert periods.read_opened(stored(tables, Put(fence.key, closed))).is_open is False
    for commands in (usage, [periods.count_completed("a", APRIL)]):
        with pytest.raises(Refused) as refused:
            tables.transact(commands)
        assert [failure.command.key for failure in refused.value.failures] == [fence.key]


def test_completed_sessions_are_counted_in_their_period(tables: Tables) -> None:
    tables.transact(periods.open_period(ACCOUNT, opened()))
    for _ in range(2):
        tables.transact([periods.count_completed("a", APRIL)])
    item = tables.get(periods.fence("a", APRIL))
    assert item is not None
    assert periods.read_opened(item) == replace(opened(), completed_sessions=2)


def test_a_marker_says_what_was_counted_for_36_days(tables: Tables) -> None:
    item = stored(tables, events.put_marker(EVENT, now=NOW, period_start=APRIL.start))
    assert (item["quantity"], item["meter"], item["account_id"]) == ("2.5", "cpu_seconds", "a")
    assert (item["period"], "late_for" in item) == ("2026-04-01T00:00:00.000Z", False)
    assert item["expires"] == int((NOW + MARKER_LIFE).timestamp())
    assert events.same_content(item, replace(EVENT, quantity=Decimal("2.5")))
    assert not events.same_content(item, replace(EVENT, quantity=Decimal("2.6")))
    assert not events.same_content(None, EVENT)
    with pytest.raises(Refused) as refused:
        tables.transact([events.put_marker(replace(EVENT, account_id="b"), now=NOW, period_start=NOW)])
    assert refused.value.failures[0].was == item


def test_a_dirty_account_stays_due_since_its_first_unseen_usage(tables: Tables) -> None:
    for now in ("2026-04-20T12:00:00.000Z", "2026-04-20T13:00:00.000Z"):
        tables.transact([events.mark_dirty("a", now=now)])
    item = tables.get(keys.dirty("a"))
    assert item is not None
    assert (item["due"], item["version"], item["account_id"]) == ("2026-04-20T12:00:00.000Z", 2, "a")
    assert item["work"] == "dirty#2"


def test_a_mark_that_was_seen_is_due_no_more_until_something_else_is_counted(tables: Tables) -> None:
    tables.transact([events.mark_dirty("a", now="2026-04-20T12:00:00.000Z")])
    seen = tables.get(keys.dirty("a")) or {}
    tables.write(events.unmark_dirty(seen))
    assert list(tables.work("dirty#2")) == []
    tables.transact([events.mark_dirty("a", now="2026-04-20T13:00:00.000Z")])
    with pytest.raises(Refused):
        tables.write(events.unmark_dirty(seen))
    assert list(tables.work("dirty#2")) == [Due(keys.dirty("a"), "2026-04-20T13:00:00.000Z")]


def test_attempts_are_counted_up_to_the_limit_of_their_minute(tables: Tables) -> None:
    refusal = TooManyRequests("slow", retry_after=7)
    minute = NOW.replace(second=0, microsecond=0)

    def attempt(who: str, at: datetime) -> None:
        tables.transact([attempts.count_attempt("login", who, window=at, most=2, refusal=refusal)])

    attempt("w", minute)
    attempt("w", minute)
    with pytest.raises(TooManyRequests):
        attempt("w", minute)
    attempt("v", minute)
    attempt("w", minute + timedelta(minutes=1))
    item = tables.get(keys.attempts("login", "w", minute))
    assert item is not None
    assert item["count"] == 2


def test_no_item_says_anything_that_its_thing_does_not() -> None:
    """A field that is added to a thing and forgotten in its item would be lost silently."""
    for thing, item, derived in (
        (FULL_ACCOUNT, accounts.account_item(FULL_ACCOUNT), set()),
        (FULL_USER, accounts.user_item(FULL_USER), set()),
        (FULL_KEY, credentials.put_credential(FULL_KEY).item, {"last_used_at"}),
        (ENTRY, ledger.put_entry(ENTRY)[0].item, set()),
        (SESSION, sessions.put_session(SESSION)[0].item, {"ended_at", "ended_by"}),
    ):
        assert {field.name for field in fields(thing)} - derived <= set(item)  # type: ignore[arg-type]


def test_a_credentials_last_use_reads_back() -> None:
    item = {**credentials.put_credential(KEY).item, "last_used_at": "2026-04-20T12:34:56.789Z"}
    item = {name: value for name, value in item.items() if value is not None}
    assert credentials.read_credential(item) == replace(KEY, last_used_at=NOW)
