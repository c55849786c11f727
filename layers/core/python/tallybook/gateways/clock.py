"""The clock: the only code that reads the wall clock, or writes the file by which time is moved."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

_MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Time in UTC and whole milliseconds, ahead of the wall clock by the seconds in `offset_file`."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        return _whole_milliseconds(datetime.now(UTC) + self.ahead())

    def ahead(self) -> timedelta:
        """The difference to the wall clock."""
        if self._offset_file is None or not self._offset_file.exists():
            return timedelta()
        return timedelta(seconds=float(self._offset_file.read_text().strip() or 0))

    def move_to(self, moment: datetime) -> None:
        """Set the time to `moment` for all processes that read the file. ValueError without a file."""
        if self._offset_file is None:
            raise ValueError("only a clock with a file can be moved")
        from tallybook.gateways.private_files import replace_private  # noqa: PLC0415 no function moves its clock

        ahead = (_whole_milliseconds(moment) - _whole_milliseconds(datetime.now(UTC))) // _MILLISECOND
        replace_private(self._offset_file, f"{ahead / 1000}\n".encode())


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
