"""`tallybook meter` as a command line, and the account that pays."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def member(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    member = app.member()
    monkeypatch.setenv("TALLYBOOK_ACCOUNT_ID", member.subject)
    monkeypatch.setenv("TALLYBOOK_USER_ID", member.user_id)
    return member


@pytest.fixture
def line(command: list[str], served: Any, member: Any) -> Callable[..., list[str]]:
    """`tallybook meter OPTIONS -- COMMAND`"""

    def line(*arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        return [*command, "meter", "--interval", "0.2", *options, "--", *arguments]

    return line


@pytest.fixture
def meter(line: Callable[..., list[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Meter a command until it ends."""

    def meter(*arguments: str, input_text: str = "", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        full_line = line(*arguments, options=options)
        return subprocess.run(full_line, input=input_text, capture_output=True, text=True, timeout=30, check=False)

    return meter
