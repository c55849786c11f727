"""Every key of both tables on one page. An item without a row here is not stored.

The table `core` holds the business data:

    key                         table pk                sk                             item
    account(A)                  core  ACCOUNT#A         ACCOUNT                        account: terms, wallet, counts
    user(A, U)                  core  ACCOUNT#A         USER#U                         user
    api_key(A, K)               core  ACCOUNT#A         APIKEY#K                       API key
    sign_in(A, S)               core  ACCOUNT#A         SIGNIN#S                       web session, for 24 hours
    password_token(A, U, reset) core  ACCOUNT#A         PASSWORDTOKEN#U#reset          mailed link to set a password
    email_change(A)             core  ACCOUNT#A         EMAILCHANGE                    last request to change the email
    email_token(H)              core  EMAILTOKEN#H      TOKEN                          mailed link to confirm an email
    email(a@b.example)          core  EMAIL#a@b.example EMAIL                          the user who signs in with it
    suppressed(a@b.example)     core  EMAIL#a@b.example SUPPRESSED                     address that gets no mail
    idempotency(H)              core  IDEMPOTENCY#H     ANSWER                         kept answer, for 24 hours
    attempts(login, W, T)       core  ATTEMPTS#login#W  2026-04-01T00:00:00.000Z       attempts in a time window
    platform_key(P)             core  PLATFORM#P        KEY                            key of the platform
    platform_keys()             core  PLATFORM          KEYS                           ids of all these keys
    audit(A, 7)                 core  ACCOUNT#A         AUDIT#000000000007             change of the account
    operator_audit(T, N)        core  AUDIT#operator    2026-04-01T00:00:00.000Z#N     change outside all accounts
    outbox(O)                   core  OUTBOX#O          OUTBOX                         mail or events to deliver
    ledger_entry(A, 7)          core  ACCOUNT#A         ENTRY#000000000007             movement of the wallet
    ledger_cause(A, E)          core  ACCOUNT#A         CAUSE#E                        a cause moves the wallet once
    closing(A)                  core  ACCOUNT#A         CLOSING                        when the next period is closed
    invoice(A, 7)               core  ACCOUNT#A         INVOICE#000000000007           invoice or draft
    invoice_place(I)            core  INVOICE#I         INVOICE                        an invoice's account, position
    costs(A, T)                 core  ACCOUNT#A         COSTS#2026-04-01T00:00:00.000Z closed period's costs by day
    plan_change(A, 7)           core  ACCOUNT#A         CHANGE#000000000007            change of the plan
    allocation(A, Q)            core  ACCOUNT#A         ALLOCATION#Q                   a user's quotas
    quota_request(A, R)         core  ACCOUNT#A         REQUEST#R                      a user's request for quotas
    budget(A)                   core  ACCOUNT#A         BUDGET                         budget
    budget_message(A, 7)        core  ACCOUNT#A         MESSAGE#000000000007           alert of a budget's threshold
    dirty(A)                    core  ACCOUNT#A         DIRTY                          usage to check for limits
    session(S)                  core  SESSION#S         SESSION                        session of the platform
    run(A, T, S)                core  ACCOUNT#A         RUN#2026-04-01T00:00:00.000Z#S the same session, by its start
    catalog_current()           core  CATALOG           CURRENT                        catalog of new periods
    catalog_version(3)          core  CATALOG           VERSION#000003                 catalog that never changes
    format_item()               core  FORMAT            FORMAT                         formats that items may have
    archive(table)              core  ARCHIVE           table                          how far a table is archived

The table `usage` holds what was used, and is written up to a thousand times as often:

    key                         table pk                               sk              item
    marker(E)                   usage EVENT#E                          EVENT           event that was counted
    gauge(A, U, 2026-04-20)     usage LEVEL#A#U                        2026-04-20      storage by the hour; U may be -
    counter(A, T, period, 0)    usage USAGE#A#2026-04-01T00:00:00.000Z period#0        usage of a period, by shard

A counter's name is `period`, `day#2026-04-20`, `user#U`, `session#S` or `app#P#2026-04-20`. Usage that came after its
period was closed is under `late#` and the start of the period that bills it. Shard 0 of `period` also says whether the
period is open.

How the items are read:

    the principal of a request      BatchGetItem of api_key or sign_in, user and account: 1 round trip, 3 units; 4 with
                                    idempotency, if the request has such a key
    a user who confirms an email    GetItem email_token, then BatchGetItem of email_change, account and both emails
    a list of an account            keys, users, allocations, requests: Query ACCOUNT#A by prefix of sk, at most 1,000
    a numbered page                 audit log, ledger, plan changes, invoices, budget messages: Query ACCOUNT#A, sk
                                    between two numbers; the account has the count of each
    one invoice                     GetItem invoice_place, then GetItem invoice; for a void one, the place of the next
                                    revision, and for a page BatchGetItem of these places
    a period's bill                 one Query of USAGE#A#start, sk from `day#` to `period#`: days, late usage, totals
    the billing history             Query of costs, the bill of the open period, Query of runs, then their counters
    an admission of a session       account and user with the platform's key; BatchGetItem of their counters of the
                                    open period, and the gauges of today and yesterday if storage is limited
    the platform's keys             GetItem platform_keys, then BatchGetItem of platform_key, at most 1,000
    an ingest                       BatchGetItem of counter(…, period, 0): open or not, pinned catalog, shard count
    due work                        Query of the sparse index `work` (work, due): waiting and parked outbox items, dirty
                                    accounts, sessions, budgets, periods to close, open invoices; accounts by creation
"""

from datetime import datetime
from typing import Literal, NamedTuple

from tallybook.domain.emails import mailbox
from tallybook.domain.times import stamp

type TableName = Literal["core", "usage"]


class Key(NamedTuple):
    """The key of one item, with its table."""

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
OPERATOR_AUDIT = "AUDIT#operator"
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
    return Key("core", OPERATOR_AUDIT, f"{stamp(at)}#{id}")


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
    return Key("core", f"EMAIL#{mailbox(address)}", "EMAIL")


def suppressed(address: str) -> Key:
    return Key("core", f"EMAIL#{mailbox(address)}", "SUPPRESSED")


def platform_key(key_id: str) -> Key:
    return Key("core", f"PLATFORM#{key_id}", "KEY")


def platform_keys() -> Key:
    return Key("core", "PLATFORM", "KEYS")


def attempts(what: str, subject: str, window: datetime) -> Key:
    return Key("core", f"ATTEMPTS#{what}#{subject}", stamp(window))


def idempotency(request_id: str) -> Key:
    return Key("core", f"IDEMPOTENCY#{request_id}", "ANSWER")


def session(session_id: str) -> Key:
    return Key("core", f"SESSION#{session_id}", "SESSION")


def run(account_id: str, started_at: datetime, session_id: str) -> Key:
    return Key("core", _account(account_id), f"{RUNS}{stamp(started_at)}#{session_id}")


def catalog_current() -> Key:
    return Key("core", "CATALOG", "CURRENT")


def catalog_version(version: int) -> Key:
    return Key("core", "CATALOG", f"VERSION#{version:06d}")


def format_item() -> Key:
    return Key("core", "FORMAT", "FORMAT")


def archive(table: str) -> Key:
    return Key("core", "ARCHIVE", table)


def marker(identity: str) -> Key:
    return Key("usage", f"EVENT#{identity}", "EVENT")


def gauge(account_id: str, user_id: str | None, day: str) -> Key:
    return Key("usage", f"LEVEL#{account_id}#{user_id or '-'}", day)


def counter(account_id: str, period_start: datetime, name: str, shard: int) -> Key:
    return Key("usage", f"USAGE#{account_id}#{stamp(period_start)}", f"{name}#{shard}")


def _account(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"
