"""The only reader of the wall clock, and the only writer of the file that moves it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

_MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Now, in UTC and whole milliseconds. `offset_file`, where there is one, holds the seconds it is moved ahead by."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        return _whole(datetime.now(UTC) + self.ahead())

    def ahead(self) -> timedelta:
        """By how much it is moved."""
        if self._offset_file is None or not self._offset_file.exists():
            return timedelta()
        return timedelta(seconds=float(self._offset_file.read_text() or 0))

    def move_to(self, moment: datetime) -> None:
        """It is `moment` now, for everyone who reads the file, and goes on from there. ValueError without a file."""
        if self._offset_file is None:
            raise ValueError("only a clock with a file can be moved")
        ahead = (_whole(moment) - _whole(datetime.now(UTC))) // _MILLISECOND
        fresh = self._offset_file.with_name(f"{self._offset_file.name}.new")
        fresh.write_text(f"{ahead / 1000}\n")
        fresh.replace(self._offset_file)  # in one step: a reader sees the old offset or the new one


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
