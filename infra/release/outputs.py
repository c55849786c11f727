"""The outputs of a stack that say which formats of stored data its release reads and writes."""

from collections.abc import Mapping

from tallybook.domain.formats import Release

_READ = "FormatsRead"
_WRITTEN = "FormatWritten"


def outputs_of(release: Release) -> dict[str, str]:
    """`{"FormatsRead": "1,2", "FormatWritten": "2"}`"""
    return {_READ: ",".join(map(str, release.reads)), _WRITTEN: str(release.writes)}


def release_of(outputs: Mapping[str, str]) -> Release | None:
    """The release of a deployed stack; None if it is older than these outputs."""
    if _READ not in outputs or _WRITTEN not in outputs:
        return None
    return Release(tuple(map(int, outputs[_READ].split(","))), int(outputs[_WRITTEN]))
