"""Answers of the platform's endpoints. Source: docs/decisions.md, "What the platform needs"."""

from collections.abc import Sequence

from tallybook.domain.accounts import Account
from tallybook.domain.admission import Reason
from tallybook.domain.ids import ACCOUNT, ENTRY, USER
from tallybook.domain.sessions import Session
from tallybook.domain.wallet import Entry
from tallybook.wire.response import number, number_or_none, seconds, seconds_or_none
from tallybook.wire.scalebox import envelope


def present_session(session: Session) -> dict[str, object]:
    return {
        "session_id": session.id,
        "started_at": seconds(session.started_at),
        "expires_at": seconds(session.expires_at),
        "status": session.status,
    }


def present_admission(reasons: Sequence[Reason]) -> dict[str, object]:
    return {"allowed": not reasons, "reasons": envelope.reasons(reasons)}


def present_ended_session(session: Session) -> dict[str, object]:
    return {
        **present_session(session),
        "account_id": ACCOUNT + session.account_id,
        "user_id": USER + session.user_id,
        "ended_at": seconds_or_none(session.ended_at),
    }


def present_ledger_entry(entry: Entry) -> dict[str, object]:
    return {
        "entry_id": ENTRY + entry.id,
        "account_id": ACCOUNT + entry.account_id,
        "kind": entry.kind,
        "amount": entry.amount,
        "reference": entry.cause,
        "note": entry.note,
        "balance": entry.balance_after,
        "created_at": seconds(entry.created_at),
    }


def present_account(account: Account) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + account.id,
        "status": account.status,
        "suspended_at": seconds_or_none(account.suspension.at),
        "suspension_reason": account.suspension.reason,
        "tax_rate": number_or_none(account.billing.tax_rate),
        "discount": number(account.billing.discount),
    }
