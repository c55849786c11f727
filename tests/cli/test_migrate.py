"""`tallybook migrate`, and commands on data whose formats this code does not fit."""

import json

import pytest

from tallybook.domain.formats import Formats
from tallybook.services.releases.formats import find_formats
from tallybook.store import keys
from tallybook.store.commands import Update
from tallybook.store.formats import put_formats
from tests.support.migration import age_accounts, converted

NEWER = Formats((2, 3))
ANNOUNCED = Formats((1,), 1)


@pytest.fixture
def members(operator_app):
    members = [operator_app.member() for _ in range(2)]
    age_accounts(operator_app, *members)
    return members


def test_a_dry_run_prints_each_change_and_makes_none(operator_app, tallybook, members):
    run = tallybook("migrate", "--dry-run")
    *lines, last = run.out.splitlines()
    assert sorted(lines) == sorted(f"{member.subject}\tACCOUNT: sets schedules" for member in members)
    assert last == "2 accounts, 2 items of 2 would be converted, 0 failed; nothing was changed"
    assert (run.code, run.err, converted(operator_app)) == (0, "", [False, False])


def test_all_accounts_are_converted_and_a_second_run_finds_none(operator_app, tallybook, members):
    run = tallybook("migrate")
    assert (run.code, run.err) == (0, "")
    assert run.out == "2 accounts, 2 items of 2 converted, 0 failed; the data has format 2 only\n"
    assert (converted(operator_app), find_formats(operator_app.ctx).stored) == ([True, True], (2,))
    assert tallybook("migrate", "--dry-run").out == "Nothing to convert; the data has format 2 only\n"
    again = json.loads(tallybook("migrate", "--json").out)
    assert again == {
        "dry_run": False,
        "format": 2,
        "formats": [2],
        "accounts": 0,
        "converted": 0,
        "items": 0,
        "failed": 0,
    }


def test_an_account_that_fails_is_named_and_the_exit_code_is_1(operator_app, tallybook, members):
    operator_app.ctx.tables.write(Update(keys.account(members[0].account.id), remove=("plan",)))
    run = tallybook("migrate")
    assert run.code == 1
    assert run.err == f"tallybook: {members[0].subject}: KeyError: 'plan'\n"
    assert run.out.endswith("2 accounts, 1 items of 1 converted, 1 failed; not all data is converted yet\n")


def test_a_terminal_shows_the_progress_of_the_accounts(operator_app, in_terminal, members):
    shown = in_terminal(100, "migrate")
    assert "Accounts" in shown
    assert "2/2" in shown
    assert shown.endswith("the data has format 2 only\n")


def test_functions_of_another_format_are_refused_in_one_line(operator_app, tallybook):
    operator_app.ctx.tables.write(put_formats(Formats((1, 2), 1)))
    run = tallybook("migrate")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("tallybook: The deployed release writes format 1, and this code converts to format 2")


@pytest.mark.parametrize(
    ("formats", "words"),
    [(NEWER, "Use the release that wrote format 3, or a later one"), (ANNOUNCED, "deploy it before you use its")],
)
def test_a_command_that_writes_is_refused_before_it_changes_anything(operator_app, tallybook, formats, words):
    member = operator_app.member()
    operator_app.ctx.tables.write(put_formats(formats))
    before = operator_app.stored("core")
    for arguments in (
        ("accounts", "suspend", member.subject, "--reason", "unpaid"),
        ("platform-keys", "create", "--name", "ci", "--scope", "usage:write"),
        ("outbox", "lift", "ada@example.com"),
    ):
        run = tallybook(*arguments)
        assert (run.code, run.out) == (1, ""), arguments
        assert words in run.err
    assert operator_app.stored("core") == before


def test_a_command_that_reads_works_on_data_of_a_newer_release(operator_app, tallybook):
    member = operator_app.member()
    operator_app.ctx.tables.write(put_formats(NEWER))
    assert member.subject in tallybook("accounts", "list").out


def test_a_command_on_data_that_fits_writes(operator_app, tallybook):
    member = operator_app.member()
    operator_app.ctx.tables.write(put_formats(Formats((1, 2), 2)))
    assert tallybook("accounts", "suspend", member.subject, "--reason", "unpaid").code == 0
