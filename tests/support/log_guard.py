"""A pytest plugin: a test during which a secret is logged fails.

Each log record of a run is formatted as in production and searched for anything that has the form of a secret.
Powertools' loggers write to stdout by their own handler and pass each record on to the root logger, which this
handler is added to.
"""

import logging
import re
from collections.abc import Generator
from functools import cache

import pytest

SECRETS = {
    "an API key": r"sk-[A-Za-z0-9_-]{100}",
    "a session": r"sess_[A-Za-z0-9_-]{100}",
    "a platform key": r"pk-[A-Za-z0-9_-]{60}",
    "a password token": r"pwt_[A-Za-z0-9_-]{80}",
    "a password hash": r"\$2[aby]\$\d\d\$",
    "a password": r"horse battery",  # the end of every password in the tests
}
_ANY = re.compile("|".join(f"(?P<{name.replace(' ', '_')}>{shape})" for name, shape in SECRETS.items()))


class Guard(logging.Handler):
    """Collects the secrets found and where they were logged, until `take` is called."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 a filter gets the record
        """Accept all records. Powertools adds a filter to root handlers that drops its own records."""
        return True

    def emit(self, record: logging.LogRecord) -> None:
        line = _formatter().format(record)
        for match in _ANY.finditer(line):
            self._found.append(f"{str(match.lastgroup).replace('_', ' ')}, by {record.name} in {record.pathname}")

    def take(self) -> list[str]:
        found, self._found = self._found, []
        return found


guard = Guard()


@cache
def _formatter() -> logging.Formatter:
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    return LambdaPowertoolsFormatter()


def pytest_configure() -> None:
    logging.getLogger().addHandler(guard)


def _watched[Result]() -> Generator[None, Result, Result]:
    result = yield
    if found := guard.take():
        pytest.fail("Secrets were logged: " + "; ".join(dict.fromkeys(found)), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    return (yield from _watched())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    return (yield from _watched())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    return (yield from _watched())
