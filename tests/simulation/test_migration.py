"""A migration that dies at any call, that runs twice at once, or that meets requests loses and doubles nothing."""

from typing import Any

from tallybook.services.accounts.profile import change_account
from tallybook.services.releases.formats import find_formats, record_release
from tallybook.services.releases.migrate import migrate
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.simulation.conftest import Sweep
from tests.support.allocations import principal_of
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.migration import ADDED, age_accounts, converted, run_migration
from tests.support.race import interleave, race


def migrated(app: App) -> int:
    return len([item for item in app.stored("core") if item.get("action") == "data.migrated"])


def test_a_crash_at_any_call_of_a_migration(sweep: Sweep) -> None:
    def prepare(app: App) -> None:
        age_accounts(app, app.member(), app.member())

    def check(app: App, _: Any, __: Any) -> None:
        assert converted(app) == [True, True]
        assert (find_formats(app.ctx).stored, migrated(app)) == ((2,), 1)

    assert sweep(prepare, lambda app, _: run_migration(app), check) >= 12


def test_a_crash_at_any_call_of_a_deployments_record(sweep: Sweep) -> None:
    def act(app: App, _: Any) -> Any:
        record_release(app.ctx, deployed=None)
        return record_release(app.ctx, deployed=None)

    def check(app: App, _: Any, answer: Any) -> None:
        assert answer == find_formats(app.ctx)
        assert answer.stored == (1, 2)

    assert sweep(App.member, act, check) >= 4


def test_a_change_between_read_and_conversion_is_kept(app: App) -> None:
    member = app.member()
    age_accounts(app, member)

    def give() -> None:
        give_credits(app.ctx, app.platform(), Move(member.account.id, 700, "grant", "order 7"))

    list(migrate(interleave(app, "update_item", give)))
    assert app.account_of(member).wallet.balance == 1_000_700
    assert (converted(app), find_formats(app.ctx).stored) == ([True], (2,))
    check_invariants(app)


def test_an_account_converted_by_another_run_is_converted_once(app: App) -> None:
    age_accounts(app, app.member())
    ctx = interleave(app, "update_item", lambda: run_migration(app))
    list(migrate(ctx))
    assert (converted(app), migrated(app), find_formats(app.ctx).stored) == ([True], 1, (2,))


def test_two_migrations_and_requests_at_once_lose_nothing(crowded_app: App) -> None:
    app = crowded_app
    members = [app.member() for _ in range(8)]
    key = app.platform()
    age_accounts(app, *members)

    def grant(member: Member) -> None:
        for index in range(4):
            give_credits(app.ctx, key, Move(member.account.id, 100, "grant", f"order {index}"))

    def rename(member: Member) -> None:
        for name in ("One", "Two", "Three"):
            change_account(app.ctx, principal_of(app, member), {"display_name": name})

    answers = race(
        lambda: run_migration(app),
        lambda: run_migration(app),
        *[lambda m=m: grant(m) for m in members[:4]],
        *[lambda m=m: rename(m) for m in members[4:]],
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    run_migration(app)
    assert converted(app) == [True] * 8
    assert [app.account_of(member).wallet.balance for member in members[:4]] == [1_000_400] * 4
    assert {app.account_of(member).display_name for member in members[4:]} == {"Three"}
    assert (find_formats(app.ctx).stored, migrated(app)) == ((2,), 1)
    check_invariants(app)


def test_an_account_changed_by_the_former_release_is_converted_again(app: App) -> None:
    member = app.member()
    age_accounts(app, member)

    def change() -> None:
        app.ctx.tables.write(Update(keys.account(member.account.id), set={"description": "old"}, remove=ADDED))

    list(migrate(interleave(app, "update_item", change)))
    assert (app.account_of(member).description, converted(app)) == ("old", [True])
