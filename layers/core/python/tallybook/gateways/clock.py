"""The only reader of the wall clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """Now, in UTC and whole milliseconds. `offset_file`, where there is one, holds the seconds it is moved ahead by."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self._offset()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _offset(self) -> timedelta:
        if self._offset_file is None or not self._offset_file.exists():
            return timedelta()
        return timedelta(seconds=float(self._offset_file.read_text() or 0))
