"""Every key of both tables, on one page. What has no row here is not stored.

Table `core`: what the business is. Table `usage`: what was used; it may be written a thousand times as often.

    what                     table  pk                                sk                 written by
    account(A)               core   ACCOUNT#A                         ACCOUNT            registration, wallet, sessions
    user(A, U)               core   ACCOUNT#A                         USER#U             registration, sessions
    api_key(A, K)            core   ACCOUNT#A                         APIKEY#K           its user
    password_token(A, U, reset) core ACCOUNT#A                        PASSWORDTOKEN#U#reset a mail with a link
    email_change(A)          core   ACCOUNT#A                         EMAILCHANGE        a root user: the last request
    email_token(H)           core   EMAILTOKEN#H                      TOKEN              a mail with a link, by its hash
    sign_in(A, S)            core   ACCOUNT#A                         SIGNIN#S           login, for 24 hours
    ledger_entry(A, 7)       core   ACCOUNT#A                         ENTRY#000000000007 what moves the wallet
    ledger_cause(A, E)       core   ACCOUNT#A                         CAUSE#E            the same: a cause moves it once
    audit(A, 7)              core   ACCOUNT#A                         AUDIT#000000000007 every change of the account
    operator_audit(T, N)     core   AUDIT#operator                    2026-04-01T00:00:00.000Z#N the operator
    outbox(O)                core   OUTBOX#O                          OUTBOX             every change that tells others
    closing(A)               core   ACCOUNT#A                         CLOSING            closing: when the next is due
    invoice(A, 7)            core   ACCOUNT#A                         INVOICE#000000000007 closing, drafting, voiding
    invoice_place(I)         core   INVOICE#I                         INVOICE            the same: whose, and where
    plan_change(A, 7)        core   ACCOUNT#A                         CHANGE#000000000007 a change of plan
    costs(A, T)              core   ACCOUNT#A                         COSTS#2026-04-01T00:00:00.000Z closing: day by day
    allocation(A, Q)         core   ACCOUNT#A                         ALLOCATION#Q       a root user: a user's share
    quota_request(A, R)      core   ACCOUNT#A                         REQUEST#R          a user, and who reviews it
    budget(A)                core   ACCOUNT#A                         BUDGET             a root user, and its checks
    budget_message(A, 7)     core   ACCOUNT#A                         MESSAGE#000000000007 a check: a threshold alerted
    dirty(A)                 core   ACCOUNT#A                         DIRTY              ingest: unchecked usage
    email(a@b.example)       core   EMAIL#a@b.example                 EMAIL              registration: who signs in so
    suppressed(a@b.example)  core   EMAIL#a@b.example                 SUPPRESSED         bounces and complaints
    platform_key(P)          core   PLATFORM#P                        KEY                the operator
    attempts(login, W, T)    core   ATTEMPTS#login#W                  2026-04-01T00:00:00.000Z sign-up and sign-in
    session(S)               core   SESSION#S                         SESSION            the platform, at start and end
    run(A, T, S)             core   ACCOUNT#A                         RUN#2026-04-01T00:00:00.000Z#S the same, by time
    catalog_current()        core   CATALOG                           CURRENT            the operator: for new periods
    catalog_version(3)       core   CATALOG                           VERSION#000003     the operator: never changed
    marker(E)                usage  EVENT#E                           EVENT              ingest: it was counted
    gauge(A, U, 2026-04-20)  usage  LEVEL#A#U                         2026-04-20         ingest: storage, by the hour
    counter(A, T, period, 0) usage  USAGE#A#2026-04-01T00:00:00.000Z  period#0           ingest; has `open`, the fence

How they are read:

    who is calling            BatchGetItem of api_key or sign_in, user, account: one round trip, 3 units
    who confirms an email     GetItem email_token, then BatchGetItem email_change, account, and both email
    who signs in              GetItem email, then BatchGetItem user, account
    an account's API keys or users, at most 1,000 each   Query ACCOUNT#A, sk from APIKEY# or USER#
    the audit log's page n    Query ACCOUNT#A, sk between two numbers: account.audits says how many there are
    the ledger's page n       the same way: account.entries says how many there are; changes of plan: account.changes
    a period's bill           one Query of USAGE#A#start, sk from `day#` to `period#`: days, late usage and whole
    the invoices' page n      Query ACCOUNT#A, sk between two numbers: account.invoices says how many there are
    one invoice               GetItem invoice_place, which tells a foreign one from an unknown one, then invoice
    history                   Query of costs in the range, the open period's bill, Query of runs, and their counters
    an account's allocations or requests, at most 1,000 each   Query ACCOUNT#A, sk from ALLOCATION# or REQUEST#
    whether a session may start   account and user with the platform's key; BatchGetItem of the account's and the
                              user's counters of the open period, and levels of today and yesterday, where limited
    a budget and what is used   BatchGetItem of budget and counter(…, period, 0)
    budget messages' page n   Query ACCOUNT#A, sk between two numbers: account.messages says how many there are
    what an ingest may write  BatchGetItem of counter(…, period, 0): open or not, pinned catalog, number of shards
    what needs work           Query of the sparse index `work` (work, due): waiting and parked outbox items, dirty
                              accounts, sessions whose time may be up, budgets to be looked at again, periods that
                              may be closed, open invoices by their due date; and, for the operator's lists, all
                              accounts by the time they were made

Counters are `period`, `day#2026-04-20`, `user#U`, `session#S`, `app#P#2026-04-20`, and what came after its closing as
`late#` and the start of the period whose invoice holds it; each with its shard's number.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from tallybook.domain.times import stamp

type TableName = Literal["core", "usage"]


class Key(NamedTuple):
    """Where one item stands."""

    table: TableName
    pk: str
    sk: str


API_KEYS = "APIKEY#"
USERS = "USER#"
ALLOCATIONS = "ALLOCATION#"
REQUESTS = "REQUEST#"
INVOICES = "INVOICE#"
COSTS = "COSTS#"
RUNS = "RUN#"
BILLED = ("day#", "period#~")
RATED = ("late#", "period#~")


def account(account_id: str) -> Key:
    return Key("core", _account(account_id), "ACCOUNT")


def user(account_id: str, user_id: str) -> Key:
    return Key("core", _account(account_id), f"{USERS}{user_id}")


def api_key(account_id: str, key_id: str) -> Key:
    return Key("core", _account(account_id), f"{API_KEYS}{key_id}")


def sign_in(account_id: str, session_id: str) -> Key:
    return Key("core", _account(account_id), f"SIGNIN#{session_id}")


def password_token(account_id: str, user_id: str, purpose: str) -> Key:
    return Key("core", _account(account_id), f"PASSWORDTOKEN#{user_id}#{purpose}")


def email_change(account_id: str) -> Key:
    return Key("core", _account(account_id), "EMAILCHANGE")


def email_token(secret_hash: str) -> Key:
    return Key("core", f"EMAILTOKEN#{secret_hash}", "TOKEN")


def audit(account_id: str, number: int) -> Key:
    return Key("core", _account(account_id), f"AUDIT#{number:012d}")


def operator_audit(at: datetime, id: str) -> Key:
    return Key("core", "AUDIT#operator", f"{stamp(at)}#{id}")


def outbox(id: str) -> Key:
    return Key("core", f"OUTBOX#{id}", "OUTBOX")


def ledger_entry(account_id: str, number: int) -> Key:
    return Key("core", _account(account_id), f"ENTRY#{number:012d}")


def ledger_cause(account_id: str, entry_id: str) -> Key:
    return Key("core", _account(account_id), f"CAUSE#{entry_id}")


def closing(account_id: str) -> Key:
    return Key("core", _account(account_id), "CLOSING")


def invoice(account_id: str, position: int) -> Key:
    return Key("core", _account(account_id), f"{INVOICES}{position:012d}")


def invoice_place(invoice_id: str) -> Key:
    return Key("core", f"INVOICE#{invoice_id}", "INVOICE")


def plan_change(account_id: str, number: int) -> Key:
    return Key("core", _account(account_id), f"CHANGE#{number:012d}")


def costs(account_id: str, period_start: datetime) -> Key:
    return Key("core", _account(account_id), f"{COSTS}{stamp(period_start)}")


def allocation(account_id: str, allocation_id: str) -> Key:
    return Key("core", _account(account_id), f"{ALLOCATIONS}{allocation_id}")


def quota_request(account_id: str, request_id: str) -> Key:
    return Key("core", _account(account_id), f"{REQUESTS}{request_id}")


def budget(account_id: str) -> Key:
    return Key("core", _account(account_id), "BUDGET")


def budget_message(account_id: str, number: int) -> Key:
    return Key("core", _account(account_id), f"MESSAGE#{number:012d}")


def dirty(account_id: str) -> Key:
    return Key("core", _account(account_id), "DIRTY")


def email(address: str) -> Key:
    return Key("core", f"EMAIL#{address}", "EMAIL")


def suppressed(address: str) -> Key:
    return Key("core", f"EMAIL#{address}", "SUPPRESSED")


def platform_key(key_id: str) -> Key:
    return Key("core", f"PLATFORM#{key_id}", "KEY")


def attempts(what: str, subject: str, window: datetime) -> Key:
    return Key("core", f"ATTEMPTS#{what}#{subject}", stamp(window))


def session(session_id: str) -> Key:
    return Key("core", f"SESSION#{session_id}", "SESSION")


def run(account_id: str, started_at: datetime, session_id: str) -> Key:
    return Key("core", _account(account_id), f"{RUNS}{stamp(started_at)}#{session_id}")


def catalog_current() -> Key:
    return Key("core", "CATALOG", "CURRENT")


def catalog_version(version: int) -> Key:
    return Key("core", "CATALOG", f"VERSION#{version:06d}")


def marker(identity: str) -> Key:
    return Key("usage", f"EVENT#{identity}", "EVENT")


def gauge(account_id: str, user_id: str | None, day: str) -> Key:
    """Without a user, the whole account's."""
    return Key("usage", f"LEVEL#{account_id}#{user_id or '-'}", day)


def counter(account_id: str, period_start: datetime, name: str, shard: int) -> Key:
    return Key("usage", f"USAGE#{account_id}#{stamp(period_start)}", f"{name}#{shard}")


def _account(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"
