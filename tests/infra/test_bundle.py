"""The shipped code works without other packages, has nothing superfluous, and is for its machine."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from infra import bundle
from infra.groups import AWS_CLIENTS, GROUPS
from infra.layers import platform_of
from infra.stage import STAGES, local

PYC_FLAGS = slice(4, 8)
UNCHECKED_HASH = b"\x01\0\0\0"


@pytest.fixture(scope="module")
def layers() -> list[Path]:
    return [bundle.core_bundle().folder / "python", bundle.deps_bundle(None).folder / "python"]


@pytest.mark.parametrize("name", [group.name for group in GROUPS])
def test_a_function_needs_only_its_folder_and_the_layers(name: str, layers: list[Path]) -> None:
    task = bundle.function_bundle(name).folder
    done = _python(f"import {name}.app; assert callable({name}.app.handler)", [task, *layers])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("service", AWS_CLIENTS)
def test_the_layer_describes_each_service_that_is_called(service: str, layers: list[Path]) -> None:
    done = _python(f"import boto3; boto3.client({service!r}, region_name='eu-west-1')", layers)
    assert done.returncode == 0, done.stderr


def test_the_layers_have_no_command_and_nothing_that_slows_a_start(layers: list[Path]) -> None:
    core, deps = layers
    assert not (core / "tallybook/cli").exists()
    assert not (core / "tallybook/openapi").exists()
    there = {path.name for path in deps.iterdir()}
    assert not there & {"pip", "bin", "email_validator", "orjson", "uv", "typer", "rich", "psutil", "moto", "pytest"}
    assert "boto3" in there


def test_all_byte_code_is_used_without_checking_its_source(layers: list[Path]) -> None:
    folders = [*layers, bundle.function_bundle("identity").folder]
    for folder in folders:
        compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py": path for path in folder.rglob("*.pyc")}
        assert set(folder.rglob("*.py")) == set(compiled)
        assert {path.read_bytes()[PYC_FLAGS] for path in compiled.values()} == {UNCHECKED_HASH}


def test_lambda_gets_code_for_its_own_architecture() -> None:
    objects = list(bundle.deps_bundle(bundle.LAMBDA_ARM).folder.rglob("*.so"))
    assert objects
    assert all("x86_64" not in path.name for path in objects)
    aarch64 = (0xB7).to_bytes(2, "little")
    assert {path.read_bytes()[18:20] for path in objects} == {aarch64}


def test_the_libraries_are_those_of_the_stages_architecture() -> None:
    production = STAGES["production"]
    assert platform_of(production) == bundle.LAMBDA_ARM
    assert platform_of(replace(production, arm=False)) == bundle.LAMBDA_X86
    assert platform_of(local(8000)) is None


def test_byte_code_is_that_of_lambdas_python() -> None:
    assert bundle.BYTE_CODE == MAGIC_NUMBER


def _python(code: str, path: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run Python with only these folders and its standard library, in an environment like Lambda's."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "CORE_TABLE": "core",
        "USAGE_TABLE": "usage",
        "USAGE_SHARDS": "1",
    }
    base = Path(sys.base_prefix) / "bin/python3"
    command = [str(base), "-S", "-B", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
