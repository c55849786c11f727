"""The path decides the dialect of the answer; the credential never does. Source: decisions, "One identity"."""

from datetime import datetime
from typing import Protocol

from tallybook.domain.errors import TallybookError
from tallybook.wire import quota, scalebox, scalingo
from tallybook.wire.answer import Answer

_SCALINGO = ("/v1/users", "/v1/account", "/v1/tokens")
_QUOTA = ("/account", "/auth", "/v1/packages")


class ErrorOf(Protocol):
    def __call__(self, error: TallybookError, *, at: datetime) -> Answer: ...


def error_of(path: str) -> ErrorOf:
    """How errors are told on this path; ScaleBox's way where no dialect owns it."""
    if _under(path, _SCALINGO):
        return scalingo.error
    if _under(path, _QUOTA):
        return quota.error
    return scalebox.error


def _under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
