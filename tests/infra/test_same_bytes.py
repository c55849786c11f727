"""A checkout of the same commit on a computer that differs synthesizes the same template and assets to the byte."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from stat import filemode

import pytest

from infra.bundle import BUILD, ROOT
from infra.local.deploy import zipped
from infra.stack import stack_name
from tests.support.template import Synthesized

SOURCES = ("infra", "functions", "layers")
GENERATED = shutil.ignore_patterns("__pycache__", "node_modules")
OTHER_COMPUTER = {
    "PYTHONHASHSEED": "1",
    "PYTHONNODEBUGRANGES": "1",
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
}
SYNTHESIZE = """
import pickle, sys
from pathlib import Path
from infra.assembly import synthesize
synthesize(pickle.load(sys.stdin.buffer), Path("cdk.out"), copy_assets=False)
"""


@pytest.fixture(scope="module")
def other(production: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in another folder, by somebody whose umask lets nobody else read, with what programs leave behind."""
    folder = tmp_path_factory.mktemp("another computer")
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / source, ignore=GENERATED)
    shutil.copy(ROOT / "cdk.json", folder)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (folder / "functions/metering/.DS_Store").write_bytes(b"left by a file browser")
    (folder / "layers/core/python/tallybook/ledger.py~").write_bytes(b"left by an editor")
    paths = os.pathsep.join(str(folder / part) for part in ("", "layers/core/python"))
    environment = {**os.environ, "PYTHONPATH": paths, **OTHER_COMPUTER}
    command, stage = [sys.executable, "-c", SYNTHESIZE], pickle.dumps(production.stage)
    subprocess.run(command, cwd=folder, env=environment, input=stage, umask=0o077, check=True)
    return folder


def test_its_template_is_the_same(other: Path, production: Synthesized) -> None:
    name = f"{stack_name(production.stage)}.template.json"
    text = (other / "cdk.out" / name).read_text().replace(str(other), str(ROOT))
    assert text == (production.folder / name).read_text()


def test_its_functions_and_layers_have_the_same_files_modes_and_byte_code(other: Path) -> None:
    built = [path.name for path in (other / "build").iterdir()]
    assert {name.rsplit("-", 1)[0] for name in built} > {"core", "deps", "metering"}
    for name in built:
        assert _content(other / "build" / name) == _content(BUILD / name), name


def test_what_is_uploaded_of_it_is_the_same(other: Path) -> None:
    (layer,) = (other / "build").glob("core-*")
    assert zipped(layer) == zipped(BUILD / layer.name)


def _content(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Path -> mode and bytes of the folder and of all that is in it."""
    return {
        str(path.relative_to(folder)): (filemode(path.stat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in (folder, *folder.rglob("*"))
    }
