"""Fixtures of the quota tests: a root user, two colleagues, and a platform key."""

import pytest

from tests.contract.quotas import PLAN_QUOTA, set_plan_quota
from tests.support.app import App, Member


@pytest.fixture
def root(app: App) -> Member:
    """The root user of an account whose plan limits all six fields."""
    set_plan_quota(app, **PLAN_QUOTA)
    return app.member()


@pytest.fixture
def ada(app: App, root: Member) -> Member:
    return app.colleague(root)


@pytest.fixture
def grace(app: App, root: Member) -> Member:
    return app.colleague(root)


@pytest.fixture
def key(app: App) -> str:
    return app.platform_key("sessions:write")
