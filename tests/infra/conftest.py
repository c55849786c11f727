"""Stages synthesized once a session; what CDK takes seconds for is then looked at in milliseconds."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.stage import STAGES, Stage, local
from tests.support.template import Synthesized, synthesized

PORT = 8000


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Stage], Synthesized]:
    @cache
    def one(stage: Stage) -> Synthesized:
        folder: Path = tmp_path_factory.mktemp("cdk")
        return synthesized(stage, folder)

    return one


@pytest.fixture(scope="session")
def production(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(STAGES["production"])


@pytest.fixture(scope="session")
def on_this_computer(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(local(PORT))
