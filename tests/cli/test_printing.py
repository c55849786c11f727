"""Output is a table on a terminal and lines elsewhere, without control characters of stored text."""

from rich.text import Text

HOSTILE = "[red]bold[/red] \x1b[31m\u202e"


def test_a_terminal_gets_a_table_with_every_value_in_full(operator_app, tallybook, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    member = operator_app.member()
    operator_app.change_account(member, display_name=HOSTILE)
    for columns in ("200", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        table_text = Text.from_ansi(tallybook("accounts", "list").out).plain
        assert {"account_id", member.subject} <= set(table_text.split())
        shown = tallybook("accounts", "show", member.subject).out
        assert "[red]bold[/red]" in Text.from_ansi(shown).plain
        assert "\x1b[31m" not in shown
        assert "\u202e" not in shown


def test_output_to_a_pipe_has_one_unbroken_line_per_row(operator_app, tallybook, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    member = operator_app.member()
    operator_app.change_account(member, display_name=f"two\nlines\tand {HOSTILE}")
    head, line = tallybook("accounts", "list").out.splitlines()
    assert len(head.split("\t")) == len(line.split("\t"))
    assert "\x1b" not in line
