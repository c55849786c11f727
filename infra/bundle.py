"""Builds the content of functions and layers into `build/`, compiled to byte code.

Lambda unpacks files with the date 1980 to a read-only disk, so it only uses byte code that is not compared with the
date of its source (unchecked hashes). A folder's name ends in the digest of its inputs, and the folder is created in
one step: so nothing is built twice, and parallel builds don't disturb each other.
"""

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from sysconfig import get_platform
from tempfile import mkdtemp

from infra.groups import AWS_CLIENTS

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PYTHON_VERSION = "3.13"
LAMBDA_ARM = "aarch64-manylinux_2_28"
LAMBDA_X86 = "x86_64-manylinux_2_28"

_DEPS_LOCK = ROOT / "layers/deps/requirements.lock"
_BOTOCORE_FILES = frozenset({"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"})
_NOT_FOR_FUNCTIONS = ("cli", "openapi")
_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


@dataclass(frozen=True, slots=True)
class Bundle:
    folder: Path
    digest: str


def function_bundle(name: str) -> Bundle:
    """A function's folder, as Lambda unpacks it to `/var/task`."""
    source = ROOT / "functions" / name

    def fill(folder: Path) -> None:
        _copy(source, folder / name)
        _compile(folder, "/var/task")

    return _build(name, [_digest_of(source)], fill)


def core_bundle() -> Bundle:
    """The layer with the product, without the operator's command and the reference."""
    source = ROOT / "layers/core/python/tallybook"

    def fill(folder: Path) -> None:
        _copy(source, folder / "python/tallybook", leave_out=_NOT_FOR_FUNCTIONS)
        _compile(folder / "python", "/opt/python")

    return _build("core", [_digest_of(source, leave_out=_NOT_FOR_FUNCTIONS)], fill)


def deps_bundle(target: str | None) -> Bundle:
    """The layer with the locked runtime libraries, for `target` (a uv platform) or this computer."""

    def fill(folder: Path) -> None:
        python = folder / "python"
        _install(python, target)
        _trim(python)
        _compile(python, "/opt/python")

    inputs = [_DEPS_LOCK.read_text(), target or get_platform(), *AWS_CLIENTS]
    return _build("deps", inputs, fill)


def _build(name: str, inputs: Iterable[str], fill: Callable[[Path], None]) -> Bundle:
    parts = [*inputs, sys.version, Path(__file__).read_text()]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    folder = BUILD / f"{name}-{digest[:16]}"
    if not folder.exists():
        BUILD.mkdir(exist_ok=True)
        fresh = Path(mkdtemp(prefix=f".{name}-", dir=BUILD))
        fresh.chmod(0o755)
        fill(fresh)
        try:
            fresh.rename(folder)
        except OSError:  # another build was faster, with the same content
            shutil.rmtree(fresh)
    return Bundle(folder, digest)


def _digest_of(source: Path, *, leave_out: Sequence[str] = ()) -> str:
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if path.is_file() and parts[0] not in leave_out and "__pycache__" not in parts:
            content = path.read_bytes()
            digest.update(f"{'/'.join(parts)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _copy(source: Path, target: Path, *, leave_out: Sequence[str] = ()) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", *leave_out))


def _install(python: Path, target: str | None) -> None:
    platform = ["--python-platform", target] if target else []
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", *platform]
    command += ["--python", sys.executable, "--python-version", PYTHON_VERSION]
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([*command, "--target", str(python), "-r", str(_DEPS_LOCK)], check=True, env=environment)  # noqa: S603 our own lock


def _trim(python: Path) -> None:
    """Remove what no function uses (other AWS services, commands, types), and the install records, which vary."""
    shutil.rmtree(python / "bin", ignore_errors=True)
    for lock in python.glob(".lock"):
        lock.unlink()
    for data in (python / "botocore/data", python / "boto3/data"):
        for entry in data.iterdir():
            if entry.is_dir() and entry.name not in AWS_CLIENTS:
                shutil.rmtree(entry)
            elif entry.is_file() and entry.name not in _BOTOCORE_FILES:
                entry.unlink()
    for record in (path for name in _RECORDS for path in python.glob(f"*.dist-info/{name}")):
        record.unlink()
    for types in [*python.rglob("*.pyi"), *python.rglob("py.typed")]:
        types.unlink()


def _compile(folder: Path, lambda_path: str) -> None:
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=str(folder),
        prependdir=lambda_path,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        workers=1,
    )
