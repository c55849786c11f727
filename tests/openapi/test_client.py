"""A client generated from `docs/openapi.json` calls the handlers over HTTP."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import PASSWORD, App
from tests.support.reference import FILE
from tests.support.serve import serve

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv/client/bin/python"


def run(*command: str, path: Path) -> subprocess.CompletedProcess[str]:
    """A command of the client's Python, which imports from `path`."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(path), "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [str(PYTHON), *command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of the generated package `tallybook_api`, and what the generator printed."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yml").write_text("post_hooks: []\n")
    target = ["--meta", "none", "--output-path", str(folder / "tallybook_api"), "--config", str(folder / "config.yml")]
    done = run("-m", "openapi_python_client", "generate", "--path", str(FILE), *target, path=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


def calls(app: App, folder: Path) -> dict[str, Any]:
    member = app.member("you@example.com")
    with serve() as served:
        arguments = (served.url, "you@example.com", PASSWORD, app.platform_key(), member.subject, member.user_id)
        done = run(str(Path(__file__).with_name("calls_of_a_client.py")), *arguments, path=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"member": member}


def test_the_generator_takes_the_whole_document(generated: tuple[Path, str]) -> None:
    folder, printed = generated
    assert "WARNING" not in printed
    assert "rror" not in printed
    operations = sum(len(methods) for methods in json.loads(FILE.read_text())["paths"].values())
    modules = [file for file in (folder / "tallybook_api/api").glob("*/*.py") if file.name != "__init__.py"]
    assert len(modules) == operations


def test_the_generated_client_reads_answers_and_errors(app: App, generated: tuple[Path, str]) -> None:
    got = calls(app, generated[0])
    member = got.pop("member")
    assert got == {
        "session_ends": "2026-04-21T12:34:56+00:00",
        "me": [member.user_id, "you@example.com", member.subject, "admin"],
        "key": ["generated", None, None],
        "plans": ["hobby", "pro", "scale"],
        "no_budget": None,
        "budget": [250, True, False],
        "again": [409, "ScaleBoxError", "budget_exists"],
        "deleted": "Budget deleted",
        "bill": [0, "Hobby", "2026-04-20T00:00:00+00:00"],
        "invoices": [0, 5],
        "unknown": [404, "not_found"],
        "session": "running",
        "refused": ["admission_refused", ["max_cpu_cores_per_sandbox"]],
        "events": [1, ["accepted"]],
    }


def test_a_generated_client_keeps_fields_that_it_does_not_know(generated: tuple[Path, str]) -> None:
    script = (
        "import json; from tallybook_api.models import Fee; "
        "print(json.dumps(Fee.from_dict({'standard': 20, 'credit': 5, 'final': 15, 'new': [1]}).to_dict()))"
    )
    done = run("-c", script, path=generated[0])
    assert json.loads(done.stdout) == {"standard": 20, "credit": 5, "final": 15, "new": [1]}
