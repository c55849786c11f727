"""Stages synthesized once a run, since CDK takes seconds for each; and one local bundle for many tests."""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.stage import STAGES, Stage, local
from tests.support.browser import Website, website
from tests.support.local_stack import LocalStack, free_port, running
from tests.support.template import Synthesized, synthesized

PORT = 8000


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[Stage], Synthesized]:
    """Synthesize a stage once a run; the test processes share the assemblies in a folder of the run."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    @cache
    def one(stage: Stage) -> Synthesized:
        return _synthesized_once(stage, shared / f"cdk-{hashlib.sha256(repr(stage).encode()).hexdigest()[:12]}")

    return one


def _synthesized_once(stage: Stage, folder: Path) -> Synthesized:
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".new")
            synthesized(stage, unfinished)
            unfinished.rename(folder)
    return Synthesized(stage, folder)


@pytest.fixture(scope="session")
def production(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(STAGES["production"])


@pytest.fixture(scope="session")
def on_this_computer(synthesize: Callable[[Stage], Synthesized]) -> Synthesized:
    return synthesize(local(PORT))


@pytest.fixture(scope="session")
def allowed() -> Iterator[tuple[Website, Website]]:
    """Two sites whose pages may call the local bundle: at another port, and at what is another site for a browser."""
    with website("localhost") as same_site, website("127.0.0.1") as another_site:
        yield same_site, another_site


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory, allowed: tuple[Website, Website]) -> Iterator[LocalStack]:
    """One running bundle for the files of ON_ONE_BUNDLE, which run in one process. Its clock is ahead.

    It started in a folder that others could read.
    """
    folder = tmp_path_factory.mktemp("local")
    (folder / "older").write_text("left readable by an older bundle")
    folder.chmod(0o755)
    (folder / "older").chmod(0o644)
    with running(folder, port=free_port(), origins=[site.origin for site in allowed]) as stack:
        yield stack
