"""Fixtures of the functions' tests: the scenario, and all that is logged."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.functions.scenario import Scenario
from tests.support.app import App


@pytest.fixture(scope="session")
def _created() -> list[Scenario]:
    """Holds the scenario once it has been created."""
    return []


@pytest.fixture
def scenario(app: App, _created: list[Scenario], request: pytest.FixtureRequest) -> Scenario:
    """Created once and reset for each test; prepared for the test's parameter `route` if it has one."""
    if not _created:
        _created.append(Scenario.of(app))
    callspec = getattr(request.node, "callspec", None)
    route = callspec.params.get("route") if callspec else None
    return (_created[0].ready_for(route) if route else _created[0]).reset(app)


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """All that was logged so far by any logger: the lines as production writes them, and the records."""
    from tallybook.http import logger

    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))
            lines.append(repr(vars(record)))

    keep = Keep()
    keep.setFormatter(logger.registered_formatter)
    logging.getLogger().addHandler(keep)
    yield lambda: "\n".join(lines)
    logging.getLogger().removeHandler(keep)
