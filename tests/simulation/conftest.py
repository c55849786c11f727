"""What the simulations share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.crash import crash_sweep

type Sweep = Callable[..., int]


@pytest.fixture
def sweep(_moto: Any) -> Sweep:
    from moto.dynamodb import dynamodb_backends

    def fresh(*how: Any) -> int:
        dynamodb_backends["123456789012"]["eu-west-1"].reset()
        return crash_sweep(_moto, *how)

    return fresh
