"""Each stored thing reads back, with all its fields and with only the required ones."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.accounts import Account, BillingTerms, Counts, Receivables, Suspension, User, Wallet
from tallybook.domain.credentials import Credential, CredentialRef, PlatformKey
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.wallet import Entry
from tallybook.store import accounts, attempts, credentials, keys, ledger, platform_keys, sessions, users
from tallybook.store.commands import Delete, Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.keys import Key
from tallybook.store.table import Tables
from tests.store.samples import (
    ACCOUNT,
    ENTRY,
    FULL_ACCOUNT,
    FULL_KEY,
    FULL_USER,
    KEY,
    NOW,
    SESSION,
    SIGN_IN,
    USER,
    write_and_read,
)


@pytest.mark.parametrize("account", [ACCOUNT, FULL_ACCOUNT])
def test_an_account_reads_back(tables: Tables, account: Account) -> None:
    assert accounts.read_account(write_and_read(tables, accounts.put_account(account))) == account


def test_an_account_stored_with_what_was_credited_reads_back_without_welcome(tables: Tables) -> None:
    put = accounts.put_account(FULL_ACCOUNT)
    old = {name: value for name, value in put.item.items() if name != "welcome"} | {"credited": 11}
    wallet = accounts.read_account(write_and_read(tables, Put(put.key, old))).wallet
    assert wallet == FULL_ACCOUNT.wallet._replace(welcome=None)


@pytest.mark.parametrize("user", [USER, FULL_USER])
def test_a_user_reads_back(tables: Tables, user: User) -> None:
    assert users.read_user(write_and_read(tables, users.put_user(user))) == user


@pytest.mark.parametrize("credential", [KEY, FULL_KEY, SIGN_IN])
def test_a_credential_reads_back(tables: Tables, credential: Credential) -> None:
    assert credentials.read_credential(write_and_read(tables, credentials.put_credential(credential))) == credential


def test_a_sign_in_has_a_time_to_live_and_an_api_key_has_none(tables: Tables) -> None:
    item = write_and_read(tables, credentials.put_credential(SIGN_IN))
    assert item["expires"] == int((NOW + timedelta(hours=24)).timestamp())
    assert "expires" not in write_and_read(tables, credentials.put_credential(FULL_KEY))


def test_the_ids_in_a_text_lead_to_credential_user_and_account() -> None:
    for kind, key in (("api_key", keys.api_key("a", "c")), ("session", keys.sign_in("a", "c"))):
        named = CredentialRef(kind, account_id="a", user_id="u", credential_id="c")
        assert credentials.credential_keys(named) == (key, keys.user("a", "u"), keys.account("a"))


def test_a_platform_key_reads_back(tables: Tables) -> None:
    key = PlatformKey(id="p", name="ci", scopes=("usage:write", "sessions:write"), secret_hash="h", created_at=NOW)
    for each in (key, replace(key, expires_at=NOW, source_prefix="host-1/")):
        tables.write(Delete(keys.platform_key("p"), condition=None))
        assert platform_keys.read_platform_key(write_and_read(tables, platform_keys.put_platform_key(each))) == each


@pytest.mark.parametrize("entry", [ENTRY, replace(ENTRY, amount=-500, kind="usage", note="for events")])
def test_posting_an_entry_numbers_it_and_changes_the_balance(tables: Tables, entry: Entry) -> None:
    account = replace(ACCOUNT, wallet=ACCOUNT.wallet._replace(balance=100, entry_count=6))
    tables.write(accounts.put_account(account))
    tables.transact(ledger.post(account, entry))
    found = tables.get_many([keys.account("a"), keys.ledger_entry("a", 7), keys.ledger_cause("a", "e")])
    balance = 100 + entry.amount
    assert accounts.read_account(found[keys.account("a")]) == replace(
        account, wallet=account.wallet._replace(balance=balance, entry_count=7)
    )
    posted = replace(entry, number=7, balance_after=balance)
    assert ledger.read_entry(found[keys.ledger_entry("a", 7)]) == posted
    assert found[keys.ledger_cause("a", "e")]["number"] == 7


def test_entries_posted_together_change_the_balance_once(tables: Tables) -> None:
    tables.write(accounts.put_account(ACCOUNT))
    payment = replace(ENTRY, id="f", amount=-300, kind="invoice_payment")
    tables.transact(ledger.post(ACCOUNT, ENTRY, payment))
    found = tables.get_many([keys.account("a"), keys.ledger_entry("a", 1), keys.ledger_entry("a", 2)])
    assert accounts.read_account(found[keys.account("a")]).wallet == Wallet(200, entry_count=2)
    entries = [ledger.read_entry(found[keys.ledger_entry("a", number)]) for number in (1, 2)]
    assert [(entry.number, entry.amount, entry.balance_after) for entry in entries] == [(1, 500, 500), (2, -300, 200)]
    assert ledger.post(ACCOUNT) == ()


def test_an_account_of_an_older_release_does_not_know_what_it_owes(tables: Tables) -> None:
    item = {name: value for name, value in accounts.account_item(FULL_ACCOUNT).items() if value is not None}
    for name in ("unpaid", "unreminded", "last_issued_at"):
        del item[name]
    old = accounts.read_account(item)
    assert old.receivables == Receivables(unpaid=None)
    with pytest.raises(ValueError, match="must be read first"):
        accounts.set_receivables(old)


@pytest.mark.parametrize("receivables", [Receivables(), FULL_ACCOUNT.receivables])
def test_what_an_account_owes_is_stored_with_its_overdue_count(tables: Tables, receivables: Receivables) -> None:
    tables.write(accounts.put_account(FULL_ACCOUNT))
    after = replace(ACCOUNT, counts=ACCOUNT.counts._replace(overdue_count=5), receivables=receivables)
    tables.transact([accounts.set_receivables(after)])
    stored = accounts.read_account(tables.get(keys.account("a")) or {})
    assert (stored.receivables, stored.counts.overdue_count) == (receivables, 5)


def test_an_entry_is_refused_if_stale_repeated_or_on_a_deleted_account(tables: Tables) -> None:
    def conflicting_keys(account: Account, entry: Entry) -> list[Key]:
        with pytest.raises(WriteConflict) as caught:
            tables.transact(ledger.post(account, entry))
        return [failure.command.key for failure in caught.value.failures]

    tables.write(accounts.put_account(ACCOUNT))
    tables.transact(ledger.post(ACCOUNT, ENTRY))
    after = replace(ACCOUNT, wallet=ACCOUNT.wallet._replace(balance=500, entry_count=1))
    assert keys.account("a") in conflicting_keys(ACCOUNT, replace(ENTRY, id="f"))
    assert conflicting_keys(after, ENTRY) == [keys.ledger_cause("a", "e")]
    tables.write(Put(keys.account("a"), accounts.account_item(replace(after, status="deleted")), condition=None))
    assert conflicting_keys(after, replace(ENTRY, id="f")) == [keys.account("a")]


def test_attempts_are_counted_up_to_the_limit_in_each_minute(tables: Tables) -> None:
    refusal = TooManyRequests("slow", retry_after=7)
    minute = NOW.replace(second=0, microsecond=0)

    def attempt(subject: str, at: datetime) -> None:
        length = timedelta(minutes=1)
        tables.transact([attempts.count_attempt("login", subject, window=at, length=length, most=2, refusal=refusal)])

    attempt("w", minute)
    attempt("w", minute)
    with pytest.raises(TooManyRequests):
        attempt("w", minute)
    attempt("v", minute)
    attempt("w", minute + timedelta(minutes=1))
    item = tables.get(keys.attempts("login", "w", minute))
    assert item is not None
    assert item["count"] == 2
    assert item["expires"] == int((minute + timedelta(minutes=61)).timestamp())


def test_the_full_samples_set_every_field() -> None:
    """So reading them back shows that no item lacks a field."""
    assert [name for record in (FULL_ACCOUNT, FULL_USER) for name in default_fields(record)] == []


def default_fields(record: Any) -> Iterator[str]:
    """The fields, those of its groups too, that have their default value."""
    for field in fields(record):
        value = getattr(record, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if isinstance(value, Counts | Wallet | Receivables | BillingTerms | Suspension):
            defaults = type(value)()._asdict()
            yield from (name for name, part in value._asdict().items() if part == defaults[name])
        elif value == default:
            yield field.name


def test_an_item_has_every_field_of_its_record() -> None:
    """A field that its item leaves out would be lost silently."""
    for record, item, derived in (
        (FULL_KEY, credentials.put_credential(FULL_KEY).item, {"last_used_at"}),
        (ENTRY, ledger.put_entry(ENTRY)[0].item, set()),
        (SESSION, sessions.put_session(SESSION)[0].item, {"ended_at", "ended_by"}),
    ):
        assert {field.name for field in fields(record)} - derived <= set(item)


def test_a_credentials_last_use_reads_back() -> None:
    item = {**credentials.put_credential(KEY).item, "last_used_at": "2026-04-20T12:34:56.789Z"}
    item = {name: value for name, value in item.items() if value is not None}
    assert credentials.read_credential(item) == replace(KEY, last_used_at=NOW)
