"""The path decides the dialect of an error, never the credential. Source: docs/decisions.md, "One identity"."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from tallybook.domain.errors import TallybookError
from tallybook.wire.quota_app.envelope import error as quota_app_error
from tallybook.wire.response import Answer
from tallybook.wire.scalebox.envelope import error as scalebox_error
from tallybook.wire.scalingo.envelope import error as scalingo_error

_SCALINGO = ("/v1/users", "/v1/account", "/v1/tokens")
_QUOTA_APP = ("/account", "/auth", "/v1/packages")
_PLATFORM = ("/v1/platform",)


class PresentError(Protocol):
    def __call__(self, error: TallybookError, *, at: datetime) -> Answer: ...


def error_presenter(path: str, *, page_url: str = "") -> PresentError:
    """The presenter of errors on this path; ScaleBox's if the path has no other dialect.

    `page_url` is where the page that explains the codes is; Quota's errors link to it.
    """
    if _under(path, _SCALINGO):
        return scalingo_error
    if _under(path, _QUOTA_APP):
        return partial(quota_app_error, page_url=page_url) if page_url else quota_app_error
    return scalebox_error


def is_platform_path(path: str) -> bool:
    """Whether the path is the platform's: it takes a platform key, and no names that it doesn't know."""
    return _under(path, _PLATFORM)


def _under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


PATHS: Mapping[str, tuple[str, ...]] = {"Quota": _QUOTA_APP, "Scalingo": _SCALINGO}
"""The prefixes of the paths of each dialect; ScaleBox has all others."""
