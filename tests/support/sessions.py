"""Session requests of a member, session counts of an account, and the reasons of a refused start."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.sessions import SessionRequest
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.metering.sessions import admission, start_session
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def session_request(member: Member, session_id: str | None = None) -> SessionRequest:
    return SessionRequest(
        account_id=member.account.id,
        user_id=member.user.id,
        cpu_cores=Decimal(1),
        memory_gb=Decimal("0.5"),
        storage_gb=Decimal(10),
        timeout_seconds=3600,
        session_id=session_id,
    )


def session_counts(app: App, member: Member) -> tuple[int, int]:
    check_invariants(app)
    bill = read_current_bill(app.ctx, app.account_of(member))
    return bill.active_sessions, bill.completed_sessions


def refusal_reasons(app: App, key: PlatformCaller, request: SessionRequest) -> list[Reason]:
    """The reasons of a refused start. Admission returns the same, and neither changes what is stored."""
    before = _stored(app)
    with pytest.raises(NotAdmitted) as refusal:
        start_session(app.ctx, key, request)
    assert admission(app.ctx, key, request) == refusal.value.reasons
    assert _stored(app) == before
    return list(refusal.value.reasons)


def _stored(app: App) -> list[dict[str, Any]]:
    """All items but platform keys: their use is noted in them."""
    return [item for item in app.stored("core") if item["sk"] != "KEY"]
