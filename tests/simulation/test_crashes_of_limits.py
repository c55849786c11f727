"""A crash at any external call of what is limited: it counts once, and an account at its limit can still end access."""

from contextlib import suppress
from typing import Any

from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound, TooManyRequests
from tallybook.domain.limits import DAY, Limit, Limits
from tallybook.domain.outbox import LEASE
from tallybook.domain.recent_changes import MOST, RecentChanges
from tallybook.services.budgets.check import check_budget
from tallybook.services.identity.api_keys import create_api_key, list_api_keys, revoke_api_key
from tallybook.services.identity.authenticate import authenticate, reread
from tallybook.services.identity.change_password import set_password, show_link
from tallybook.services.outbox.deliver import deliver
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.simulation.conftest import Sweep
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.budgets import alerted_percents, member_with_budget, spend


def attempts(app: App, action: str) -> list[int]:
    """What was counted for each subject of this limit."""
    return [int(row["count"]) for row in app.stored("core") if row["pk"].startswith(f"ATTEMPTS#{action}#")]


def filled(app: App, changes: int) -> tuple[Member, Principal]:
    """A member whose account made this many changes in this minute, as the caller."""
    member = app.member()
    minute = int(app.clock.now().timestamp()) // 60
    app.ctx.tables.write(Update(keys.account(member.account.id), set={"minute": minute, "recent": changes}))
    return member, authenticate(app.ctx, member.session)


def recent(app: App, member: Member) -> RecentChanges:
    return app.account_of(member).recent


def test_the_last_change_of_an_account_in_a_minute(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        return filled(app, MOST - 1)

    def act(app: App, prepared: Any) -> None:
        with suppress(TooManyRequests):  # the attempt before was the 300th change
            create_api_key(app.ctx, reread(app.ctx, prepared[1]), name="last")

    def check(app: App, prepared: Any, _: Any) -> None:
        member, caller = prepared
        assert recent(app, member).made == MOST
        assert sorted(key.name for key in list_api_keys(app.ctx, caller)) == ["last", "test"]

    assert sweep(prepare, act, check) == 2


def test_a_revocation_in_an_account_at_its_limit(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        return filled(app, MOST)

    def act(app: App, prepared: Any) -> None:
        for key in list_api_keys(app.ctx, prepared[1]):
            with suppress(NotFound):
                revoke_api_key(app.ctx, reread(app.ctx, prepared[1]), key.id)

    def check(app: App, prepared: Any, _: Any) -> None:
        assert recent(app, prepared[0]).made == MOST + 1
        assert list_api_keys(app.ctx, prepared[1]) == []

    assert sweep(prepare, act, check) == 4


def test_a_look_at_what_a_reset_ends(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        member = app.member()
        return member, app.password_token(member.user, "reset")

    def act(app: App, prepared: Any) -> Any:
        return show_link(app.ctx, token=prepared[1], address=HERE)

    def check(app: App, prepared: Any, link: Any) -> None:
        assert [key.name for key in link.access.keys] == ["test"]
        assert sum(attempts(app, "confirm")) in (1, 2), "one for each attempt whose effect was stored"
        set_password(app.ctx, token=prepared[1], password=PASSWORD, address=HERE)

    assert sweep(prepare, act, check) == 4


def test_two_mails_to_a_stranger_who_may_get_one(sweep: Sweep) -> None:
    def prepare(app: App) -> Any:
        members = [app.member(f"victim+{number}@example.net") for number in range(2)]
        return [row["id"] for row in app.stored("core", "OUTBOX") if row["kind"] == "mail"], members

    def act(app: App, prepared: Any) -> None:
        app.reshape(limits=Limits(stranger=Limit(1, DAY)))
        app.clock.advance(seconds=LEASE.total_seconds())
        for item_id in prepared[0]:
            deliver(app.ctx, app.fake_aws.channels(), item_id)

    def check(app: App, prepared: Any, _: Any) -> None:
        rows = [row for row in app.stored("core", "OUTBOX") if row["id"] in prepared[0]]
        assert sorted((row["state"], len(row["sent"]), len(row["skipped"])) for row in rows) == [
            ("delivered", 0, 1),
            ("delivered", 1, 0),
        ]
        assert attempts(app, "stranger") == [1]
        assert len({mail.to for mail in app.fake_aws.mails}) == 1
        assert len(app.fake_aws.mails) <= 2, "only the mail at the crash may be sent twice"

    assert sweep(prepare, act, check) == 13


def test_an_alert_with_more_recipients_than_the_account_has_left(sweep: Sweep) -> None:
    def prepare(app: App) -> Member:
        member = member_with_budget(app, email="ada@example.com", emails=("bob@example.com", "cfo@example.com"))
        spend(app, member, 60)
        return member

    def act(app: App, member: Member) -> None:
        app.reshape(limits=Limits(budget_mail=Limit(2, DAY)))
        check_budget(app.ctx, member.account.id)

    def check(app: App, member: Member, _: Any) -> None:
        assert alerted_percents(app, member) == [50]
        assert attempts(app, "budget_mail") == [1], "the account's own address"
        app.deliver()
        assert len([mail for mail in app.fake_aws.mails if mail.subject.startswith("Budget")]) == 1

    assert sweep(prepare, act, check) == 6
