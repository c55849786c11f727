"""Unpacks each layer once for all workers; the emulator unpacks it again for every worker that it starts.

A layer has thousands of files, so a burst of first requests would wait for the disk and fill it. This file runs in the
emulator's own Python.
"""

import hashlib
import io
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

from ministack.core.lambda_runtime import Worker  # installed in the emulator's environment

_FOLDERS_VARIABLE = "_LAMBDA_LAYERS_DIRS"  # where the emulator's worker reads its layers' folders


def share_layers(folder: Path) -> None:
    """Let all workers use layers unpacked into `folder`. Call it once in a process, before the first worker starts."""
    spawn = Worker._spawn
    one_at_a_time = threading.Lock()

    def spawn_with_shared_layers(worker: Any) -> None:
        from ministack.services.lambda_svc import _resolve_layer_zip  # noqa: PLC0415 not loaded before a function is used

        config = worker.config
        layers = filter(None, map(_resolve_layer_zip, config.get("Layers", [])))
        with one_at_a_time:
            unpacked = os.pathsep.join(_unpack(layer, folder) for layer in layers)
        variables = config.get("Environment", {}).get("Variables", {}) | {_FOLDERS_VARIABLE: unpacked}
        worker.config = {**config, "Layers": [], "Environment": {"Variables": variables}}
        try:
            spawn(worker)
        finally:
            worker.config = config

    Worker._spawn = spawn_with_shared_layers


def _unpack(layer: bytes, folder: Path) -> str:
    target = folder / hashlib.sha256(layer).hexdigest()
    if not target.exists():
        unfinished = target.with_suffix(".new")
        with zipfile.ZipFile(io.BytesIO(layer)) as archive:
            archive.extractall(unfinished)
        unfinished.rename(target)
    return str(target)
