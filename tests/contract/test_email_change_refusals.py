"""Which email changes are refused, and when the next one may be requested."""

from typing import Any

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limits
from tallybook.services.accounts.invitations import invite_again
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.outbox.suppressions import lift_suppression, suppress_addresses
from tallybook.store.suppressions import Reason
from tests.contract.email_changes import (
    BILLING,
    OWNER,
    clear,
    confirm,
    expect_confirmed,
    refusal,
    request_change,
    request_links,
    status,
)
from tests.contract.examples import expect
from tests.support.app import App, Member


@pytest.fixture
def owner(app: App) -> Member:
    return app.member(OWNER)


@pytest.fixture
def limits(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate limits of production, which other tests don't have."""
    from tallybook import runtime

    app.reshape(limits=Limits())
    monkeypatch.setattr(runtime, "context", lambda: app.ctx)


@pytest.mark.parametrize(
    ("emails", "code", "named"),
    [
        (("other@example.com", BILLING), "invalid_request", "current_email"),
        (("", BILLING), "invalid_request", "current_email"),
        ((OWNER, "nonsense"), "invalid_email", "new_email"),
        ((OWNER, ""), "invalid_email", "new_email"),
        ((OWNER, "björn@example.com"), "invalid_email", "new_email"),
        ((OWNER, f" {OWNER.upper()}"), "invalid_request", "new_email"),
        ((OWNER, "taken@example.com"), "email_exists", "new_email"),
        ((OWNER, "colleague@example.com"), "email_exists", "new_email"),
        ((None, BILLING), "invalid_request", "current_email"),
        ((OWNER, 5), "invalid_request", "new_email"),
    ],
)
def test_a_wrong_address_is_named_and_can_be_corrected_at_once(
    app: App, owner: Member, emails: tuple[Any, Any], code: str, named: str
) -> None:
    app.member("taken@example.com")
    app.invite(owner, "colleague@example.com")
    current, new = emails
    answer = request_change(owner.api_key, new, current)
    assert refusal(answer) == (400, code)
    assert named in answer.json["message"]
    assert status(owner.api_key) == {"has_pending_request": False}
    assert request_change(owner.api_key, current=f" {OWNER.upper()} ").status == 201


@pytest.mark.parametrize("lost", ["current_email", "new_email"])
@pytest.mark.parametrize("reason", ["bounce", "complaint"])
def test_a_suppressed_address_is_named_until_the_operator_lifts_it(
    app: App, owner: Member, lost: str, reason: Reason
) -> None:
    address = {"current_email": OWNER, "new_email": BILLING}[lost]
    suppress_addresses(app.ctx, [address], reason=reason)
    before = [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")]
    answer = request_change(owner.session, f" {BILLING.upper()}")
    assert refusal(answer) == (400, "email_unreachable")
    assert f"Mail to {lost} bounced or was refused" in answer.json["message"]
    assert [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")] == before
    lift_suppression(app.ctx, address)
    for token in request_links(app, owner):
        expect_confirmed(token)
    assert app.account_of(owner).email == BILLING


def test_suppressed_addresses_are_reported_ten_times_an_hour(app: App, owner: Member, limits: None) -> None:
    suppress_addresses(app.ctx, [BILLING], reason="bounce")
    tried = [refusal(request_change(owner.api_key)) for _ in range(11)]
    assert tried == [(400, "email_unreachable")] * 10 + [(429, "too_many_requests")]


def test_a_second_request_is_too_soon_and_later_one_is_pending(app: App, owner: Member) -> None:
    assert request_change(owner.api_key).status == 201
    app.clock.advance(seconds=1)
    for new, current in (("other@example.com", OWNER), ("other@example.com", "wrong"), ("nonsense", OWNER), ("", "")):
        early = request_change(owner.api_key, new, current)
        assert (refusal(early), early.headers["retry-after"]) == ((429, "too_many_requests"), "1799")
    app.clock.advance(minutes=29, seconds=58)
    assert request_change(owner.api_key).headers["retry-after"] == "1"
    app.clock.advance(seconds=1)
    assert refusal(request_change(owner.api_key)) == (400, "email_change_pending")
    app.clock.advance(hours=23, minutes=30)
    assert request_change(owner.api_key).status == 201, "the former request has expired"


def test_the_half_hour_holds_after_clearing_or_completing(app: App, owner: Member) -> None:
    request_change(owner.api_key)
    clear(owner.api_key)
    app.clock.advance(minutes=10)
    assert request_change(owner.api_key).headers["retry-after"] == str(20 * 60)
    app.clock.advance(minutes=20)
    old, new = request_links(app, owner)
    expect_confirmed(old)
    expect_confirmed(new)
    assert refusal(request_change(owner.api_key, OWNER, BILLING)) == (429, "too_many_requests")
    app.clock.advance(minutes=30)
    assert request_change(owner.api_key, OWNER, BILLING).status == 201


def test_a_freed_or_own_address_may_be_requested_next(app: App, owner: Member) -> None:
    """Both the freed old address and the account's own new one."""
    for current, new in ((OWNER, BILLING), (BILLING, OWNER)):
        for token in request_links(app, owner, new, current):
            expect_confirmed(token)
        app.clock.advance(minutes=30)
    assert app.account_of(owner).email == OWNER


def test_a_network_address_may_try_five_links_a_minute(app: App, owner: Member, limits: None) -> None:
    old, _ = request_links(app, owner)
    assert [confirm("guess").status for _ in range(6)] == [400] * 5 + [429]
    refused = confirm(old)
    assert (refusal(refused), refused.headers["retry-after"]) == ((429, "too_many_requests"), "4")
    assert confirm(old, address="203.0.113.99").status == 200
    app.clock.advance(seconds=4)
    assert confirm(old).status == 200


def test_probing_for_taken_addresses_is_limited(app: App, owner: Member, limits: None) -> None:
    app.member("taken@example.com")
    tried = [refusal(request_change(owner.api_key, "taken@example.com")) for _ in range(4)]
    assert tried == [(400, "email_exists")] * 4
    others = [request_change(owner.api_key, f"taken{number}@example.com", "x").status for number in range(20)]
    assert others == [400] * 20, "a caller who doesn't know the account's email must learn nothing"
    for _ in range(6):
        app.invite(owner)
        assert refusal(request_change(owner.api_key, f"user{app._registered}@example.com")) == (400, "email_exists")
    late = request_change(owner.api_key)
    assert (late.status, late.headers["retry-after"]) == (429, str(25 * 60 + 4)), "until the next full hour"
    app.clock.advance(hours=1)
    expect(request_change(owner.api_key), 201, "email_change_requested")


def test_an_address_gets_few_mails_from_all_accounts_together(app: App, owner: Member, limits: None) -> None:
    members = [owner]
    for number in range(3):
        app.clock.advance(minutes=1)
        members.append(app.member(f"owner{number}@example.com"))
    requested = [
        request_change(member.api_key, "victim@example.org", member.account.email).status for member in members
    ]
    assert requested == [201, 201, 201, 429]


def test_a_refusal_for_a_taken_address_uses_up_no_invitation(app: App, owner: Member, limits: None) -> None:
    user = app.invite(owner, "ada@example.com")
    for number in range(3):
        app.clock.advance(minutes=1)
        other = app.member(f"owner{number}@example.com")
        assert refusal(request_change(other.api_key, user.email, other.account.email)) == (400, "email_exists")
    principal = authenticate(app.ctx, owner.api_key)
    for _ in range(2):
        invite_again(app.ctx, principal, user.id)
    with pytest.raises(TooManyRequests):
        invite_again(app.ctx, principal, user.id)
