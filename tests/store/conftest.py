"""The store on empty tables."""

from typing import Any

import pytest

from tallybook.store.capacity import CapacityMeter
from tallybook.store.table import Tables
from tests.support.cloud import NAMES


@pytest.fixture
def tables(client: Any) -> Tables:
    return Tables(client, NAMES, observer=CapacityMeter())
