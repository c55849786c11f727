"""What is shown on a terminal: a table of what is there, and nothing that would take the terminal over."""

from rich.text import Text

NASTY = "[red]bold[/red] \x1b[31m\u202e"


def test_a_terminal_gets_a_table_with_every_value_whole(office, tallybook, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    member = office.member()
    office.change_account(member, display_name=NASTY)
    for columns in ("200", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        listed = Text.from_ansi(tallybook("accounts", "list").out).plain
        assert {"account_id", member.subject} <= set(listed.split())
        shown = tallybook("accounts", "show", member.subject).out
        assert "[red]bold[/red]" in Text.from_ansi(shown).plain
        assert "\x1b[31m" not in shown
        assert "\u202e" not in shown


def test_what_is_no_terminal_gets_lines_that_nothing_breaks(office, tallybook, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    member = office.member()
    office.change_account(member, display_name=f"two\nlines\tand {NASTY}")
    head, line = tallybook("accounts", "list").out.splitlines()
    assert len(head.split("\t")) == len(line.split("\t"))
    assert "\x1b" not in line
