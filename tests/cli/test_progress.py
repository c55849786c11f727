"""Progress is shown on a terminal only, so that pipes and files get what the command prints."""

import io
import sys

import pytest

from tallybook.cli.progress import progress_bar, working


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_no_progress_even_if_colours_are_wished_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar() as bar:
        assert list(bar.track([1, 2], description="Moving")) == [1, 2]
    with working("Restoring"):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_the_bar_or_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar() as bar:
        list(bar.track([1, 2], description="Moving"))
    assert "Moving" in sys.stderr.getvalue()  # type: ignore[attr-defined] of Terminal
    with working("Restoring"):
        pass
    assert "Restoring" in sys.stderr.getvalue()  # type: ignore[attr-defined] of Terminal
