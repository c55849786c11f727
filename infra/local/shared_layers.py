"""Unpacks each layer once for all workers; the emulator unpacks it again for every worker that it starts.

A layer has thousands of files, so a burst of first requests would wait for the disk and fill it.
Run by the emulator's own Python.
"""

import hashlib
import io
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

from ministack.core.lambda_runtime import Worker  # it lives in the other environment

_SEARCHED = "_LAMBDA_LAYERS_DIRS"  # what the emulator's worker reads its layers' folders from


def share_layers(folder: Path) -> None:
    """Once in a process, before the first worker starts. The layers are unpacked into `folder`."""
    spawn = Worker._spawn
    one_at_a_time = threading.Lock()

    def spawn_with_shared_layers(worker: Any) -> None:
        from ministack.services.lambda_svc import _resolve_layer_zip  # noqa: PLC0415 not loaded before a function is used

        own = worker.config
        layers = filter(None, map(_resolve_layer_zip, own.get("Layers", [])))
        with one_at_a_time:
            unpacked = os.pathsep.join(_unpack(layer, folder) for layer in layers)
        variables = own.get("Environment", {}).get("Variables", {}) | {_SEARCHED: unpacked}
        worker.config = {**own, "Layers": [], "Environment": {"Variables": variables}}
        try:
            spawn(worker)
        finally:
            worker.config = own

    Worker._spawn = spawn_with_shared_layers


def _unpack(layer: bytes, folder: Path) -> str:
    target = folder / hashlib.sha256(layer).hexdigest()
    if not target.exists():
        unfinished = target.with_suffix(".new")
        with zipfile.ZipFile(io.BytesIO(layer)) as archive:
            archive.extractall(unfinished)
        unfinished.rename(target)
    return str(target)
