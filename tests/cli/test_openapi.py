"""`tallybook openapi`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tallybook.cli.main import app
from tests.support.reference import FILE


def test_openapi_prints_the_kept_document_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["openapi"])
    assert run.exit_code == 0
    assert run.stdout_bytes == FILE.read_bytes()
    assert json.loads(run.stdout)["openapi"] == "3.1.1"
