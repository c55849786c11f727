"""What the tests of the functions share."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.functions.stage import Stage
from tests.support.app import App


@pytest.fixture(scope="session")
def _made() -> list[Stage]:
    """The stage, once somebody has asked for it."""
    return []


@pytest.fixture
def stage(app: App, _made: list[Stage], request: pytest.FixtureRequest) -> Stage:
    """Made once, and as new for each test; ready for the route that the test is about, if it is about one."""
    if not _made:
        _made.append(Stage.of(app))
    about = getattr(request.node, "callspec", None)
    route = about.params.get("route") if about else None
    return (_made[0].ready_for(route) if route else _made[0]).again(app)


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """All that was logged so far, by anybody: the lines as production writes them and the records behind them."""
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
