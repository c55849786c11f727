"""Cold starts in instructions, with the layers' code, beside a hello-world with the same libraries and routes."""

import compileall
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from infra.bundle import core_bundle, deps_bundle, function_bundle
from tests.bench.hello_world import HELLO_JOBS, hello_http
from tests.bench.instructions import instructions_to_ready
from tests.support.routes import apps

HTTP_GOAL = 1.2
JOB_GOAL = 1.15

_SETTINGS = {
    "CORE_TABLE": "core",
    "USAGE_TABLE": "usage",
    "USAGE_SHARDS": "1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "MAIL_FROM": "Bench <bench@example.com>",
    "BUS_NAME": "bench",
    "PAGE_URL": "https://api.example.com",
    "BRAND": "Bench",
}


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Instructions until ready of a function and of its hello-world."""

    function: str
    instructions: int
    hello_instructions: int
    goal: float

    @property
    def ratio(self) -> float:
        return self.instructions / self.hello_instructions


def cold_starts() -> Iterator[ColdStart]:
    """The cold start of each function, HTTP functions first; as many at a time as there are processors."""
    hellos = [(name, hello_http(app), HTTP_GOAL) for name, app in apps().items()]
    hellos += [(name, text, JOB_GOAL) for name, text in HELLO_JOBS.items()]
    deps, core = deps_bundle(None).folder / "python", core_bundle().folder / "python"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda hello: _cold_start(hello[0], hello[1], hello[2], core, deps), hellos)


def _cold_start(name: str, hello: str, goal: float, core: Path, deps: Path) -> ColdStart:
    folder = function_bundle(name).folder
    return ColdStart(
        function=name,
        instructions=instructions_to_ready(f"{name}.app.handler", [folder, core, deps], _SETTINGS),
        hello_instructions=_hello_instructions(hello, deps),
        goal=goal,
    )


def _hello_instructions(text: str, deps: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hello.py").write_text(text)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        return instructions_to_ready("hello.handler", [Path(folder), deps], _SETTINGS)
