"""The instructions of a function's start, from the start of its process until it asks for its first event.

Valgrind counts them. The count doesn't depend on the machine's load; two runs differ by some thousands.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SCRIPT = Path(__file__).with_name("until_ready.py")
_START = (sys.executable, "-P", str(_SCRIPT))
_COUNT = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")

# Nothing is inherited: each further variable is work for the interpreter.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


def valgrind_is_installed() -> bool:
    return shutil.which("valgrind") is not None


def instructions_to_ready(handler: str, folders: Sequence[Path], settings: Mapping[str, str]) -> int:
    """The instructions of one start that imports from these folders; RuntimeError if the handler fails to load."""
    start(handler, folders, settings)  # writes the byte code that the virtual environment may lack
    counted = _COUNTED.search(_run((*_COUNT, *_START, handler), _environment(folders, settings)))
    if counted is None:
        raise RuntimeError("valgrind reported no count of instructions")
    return int(counted[1].replace(",", ""))


def start(handler: str, folders: Sequence[Path], settings: Mapping[str, str]) -> None:
    """Start the handler once; RuntimeError if it fails to load."""
    _run((*_START, handler), _environment(folders, settings))


def _environment(folders: Sequence[Path], settings: Mapping[str, str]) -> Mapping[str, str]:
    return _ENVIRONMENT | settings | {"PYTHONPATH": ":".join(map(str, folders))}


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stderr
