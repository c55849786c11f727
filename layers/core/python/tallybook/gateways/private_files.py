"""Files that only their owner can read, whatever the umask: they contain keys, ids or usage."""

import os
import tempfile
from pathlib import Path


def replace_private(path: Path, content: bytes) -> None:
    """Write the file, 0600, in one step: a reader sees the old content or the new one."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # one that was left may be readable by others, or a link
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)


def new_private(content: bytes, *, prefix: str, suffix: str) -> str:
    """Write a new file in the folder for temporary ones; returns its path."""
    with tempfile.NamedTemporaryFile(prefix=prefix, suffix=suffix, delete=False) as file:  # 0600
        file.write(content)
    return file.name
