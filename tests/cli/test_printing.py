"""Output is a table in a terminal and lines with tabs elsewhere, without control characters of stored text."""

import re

import pytest

from tallybook.cli.printing import _text
from tests.support.budgets import member_with_budget

HOSTILE = "[red]bold[/red] \x1b[31m\u202e"
WIDTHS = [60, 80, 100, 200]


@pytest.fixture
def account(operator_app):
    """An account with a long name, a budget, credits and audit entries."""
    member = member_with_budget(operator_app, 12.5, limit_type="hard")
    operator_app.change_account(member, display_name="The Analytical Engines Company of London, 日本支社")
    return member


def widest(shown):
    return max(len(line) for line in shown.splitlines() if not line.startswith("tallybook: "))


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_list_fits_the_terminal_and_ids_and_amounts_stay_whole(operator_app, account, in_terminal, columns):
    shown = in_terminal(columns, "accounts", "list")
    assert {account.subject, "owner1@example.com", "active"} <= set(shown.split())
    assert re.search(r"\b1\.00 USD\b", shown)
    assert widest(shown) <= columns
    assert shown.count("\n") <= 12


def test_a_narrower_terminal_has_fewer_columns_and_names_the_others(operator_app, account, in_terminal):
    head, row, note = in_terminal(100, "accounts", "list").splitlines()
    assert head.split() == ["account_id", "email", "status", "plan_name", "balance"]
    assert row.split()[0] == account.subject
    assert note == "tallybook: not shown at this width: display_name, users, created_at"
    assert "not shown" not in in_terminal(220, "accounts", "list")


def test_in_a_narrow_terminal_each_row_is_a_block(operator_app, account, in_terminal):
    other = operator_app.member()
    first, second = in_terminal(60, "accounts", "list").strip().split("\n\n")
    assert {first.split()[1], second.split()[1]} == {account.subject, other.subject}
    assert "created_at" in first


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", ["accounts show", "users list", "keys list", "audit"])
def test_other_lists_fit_too_and_keep_their_ids(account, in_terminal, tallybook, columns, command):
    lines = tallybook(*command.split(), account.subject).out
    shown = in_terminal(columns, *command.split(), account.subject)
    firsts = [line.split("\t")[0] for line in lines.splitlines()]
    assert [first for first in firsts if first not in shown] == []
    assert widest(shown) <= columns
    assert not re.search(r"^ *\w\n *\w\n", shown, re.MULTILINE), "one letter a line"


def test_amounts_always_have_their_currency(operator_app, account, tallybook):
    shown = tallybook("accounts", "show", account.subject).out
    assert "balance\t1.00 USD\n" in shown
    assert "budget_hard_limit\t12.50 USD\n" in shown
    assert "\t1.00 USD\t" in tallybook("accounts", "list").out
    record = tallybook("audit", account.subject).out
    assert '"balance": "1.00 USD"' in record
    assert '"amount": "12.50 USD"' in record
    assert "1000000" not in record + shown
    operator_app.change_account(account, balance=1)
    assert "balance\t0.000001 USD\n" in tallybook("accounts", "show", account.subject).out


@pytest.mark.parametrize("columns", [200, 60])
def test_a_terminal_gets_no_control_characters_of_stored_text(operator_app, in_terminal, columns):
    member = operator_app.member()
    operator_app.change_account(member, display_name=HOSTILE)
    for command in (("list",), ("show", member.subject)):
        shown = in_terminal(columns, "accounts", *command)
        assert "[red]bold[/red]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize(
    "variables", [{"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}, {"NO_COLOR": "1"}, {"TTY_INTERACTIVE": "1"}, {}]
)
def test_output_to_a_pipe_has_one_unbroken_line_per_row(operator_app, tallybook, monkeypatch, variables):
    for name, value in (variables | {"COLUMNS": "20"}).items():
        monkeypatch.setenv(name, value)
    member = operator_app.member()
    operator_app.change_account(member, display_name=f"two\nlines\tand {HOSTILE}")
    run = tallybook("accounts", "list")
    head, line = run.out.splitlines()
    assert len(head.split("\t")) == len(line.split("\t")) == 8
    assert "\x1b" not in line + tallybook("invoices", "run").err


def test_colours_are_left_out_on_request_and_a_table_stays_one(operator_app, in_terminal, monkeypatch):
    operator_app.member()
    plain = in_terminal(200, "accounts", "list")
    for name, value in {"NO_COLOR": "1", "TTY_COMPATIBLE": "0", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
        assert in_terminal(200, "accounts", "list") == plain
    assert "\t" not in plain


def test_a_list_in_a_field_is_its_texts_and_an_empty_one_is_nothing(operator_app, tallybook):
    scopes = ["--scope", "usage:write", "--scope", "sessions:write"]
    assert tallybook("platform-keys", "create", "--name", "meter", *scopes).code == 0
    _, line = tallybook("platform-keys", "list").out.splitlines()
    assert line.split("\t")[2] == "usage:write, sessions:write"
    assert _text([]) == ""
    assert _text([1]) == "[1]"
