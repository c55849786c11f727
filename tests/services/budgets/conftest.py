"""The owner of a budget, and the platform that starts sessions under it."""

import pytest

from tallybook.domain.credentials import PlatformCaller
from tests.support.app import App, Member


@pytest.fixture
def owner(app: App) -> Member:
    return app.member("ada@example.com")


@pytest.fixture
def key(app: App) -> PlatformCaller:
    return app.platform()
