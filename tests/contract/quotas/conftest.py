"""Who is in the tests of quotas: a root user, two colleagues, and the platform."""

import pytest

from tests.contract.quotas import GIVEN, give
from tests.support.house import House, Member


@pytest.fixture
def root(house: House) -> Member:
    """Of an account whose plan limits it in all six fields."""
    give(house, **GIVEN)
    return house.member()


@pytest.fixture
def ada(house: House, root: Member) -> Member:
    return house.colleague(root)


@pytest.fixture
def grace(house: House, root: Member) -> Member:
    return house.colleague(root)


@pytest.fixture
def key(house: House) -> str:
    return house.platform_key("sessions:write")
