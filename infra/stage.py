"""What differs between stages, and nothing else does."""

import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    keep: bool
    """Tables outlive the stack, refuse deletion, and can be restored to any second of the last 35 days."""
    expire: bool
    """Items with a past `expires` are removed. Not locally: the clock there can be moved, the emulator's can't."""
    arm: bool = True
    snap_start: bool = False
    """Faster cold starts. Each published version is billed while it lives."""
    allowed_origins: tuple[str, ...] = ()
    """Web pages, like `https://app.example.com`, that may call with the session cookie."""
    alarm_email: str | None = None
    log_days: int = 30
    log_level: str = "INFO"


STAGES = {
    "production": Stage(name="production", keep=True, expire=True),
    "staging": Stage(name="staging", keep=False, expire=True, log_days=7),
}


def local(port: int) -> Stage:
    """The stage of this computer, whose one address is `http://localhost:<port>`."""
    return Stage(
        name="local",
        keep=False,
        expire=False,
        arm=platform.machine().lower() in ("arm64", "aarch64"),
        allowed_origins=(f"http://localhost:{port}",),
        log_days=1,
    )
