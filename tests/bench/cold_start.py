"""Cold starts in instructions, with the layers' code, beside a hello-world with the same libraries and routes."""

import compileall
import os
import tempfile
from collections.abc import Iterator, Mapping
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
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda hello: _cold_start(*hello), hellos)


def folders_of(name: str) -> list[Path]:
    """What the function imports from: its own code and the layers."""
    return [function_bundle(name).folder, core_bundle().folder / "python", deps_bundle(None).folder / "python"]


def settings_of(name: str) -> Mapping[str, str]:
    return _SETTINGS | {"POWERTOOLS_SERVICE_NAME": name}


def _cold_start(name: str, hello: str, goal: float) -> ColdStart:
    return ColdStart(
        function=name,
        instructions=instructions_to_ready(f"{name}.app.handler", folders_of(name), settings_of(name)),
        hello_instructions=_hello_instructions(name, hello),
        goal=goal,
    )


def _hello_instructions(name: str, text: str) -> int:
    deps = deps_bundle(None).folder / "python"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "hello.py").write_text(text)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        return instructions_to_ready("hello.handler", [Path(folder), deps], settings_of(name))
