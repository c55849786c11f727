"""The clock is real time plus the offset in its file, which is replaced atomically."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tallybook.gateways.clock import Clock

TARGET = datetime(2031, 5, 1, 0, 0, 0, 123456, tzinfo=UTC)
SOON = timedelta(seconds=30)


def test_without_a_file_it_is_real_time_in_whole_milliseconds() -> None:
    clock = Clock()
    assert timedelta() <= datetime.now(UTC) - clock.now() < SOON
    assert clock.now().microsecond % 1000 == 0
    assert clock.ahead() == timedelta()


@pytest.mark.parametrize("content", [None, "", "\n", "0"])
def test_an_absent_or_empty_file_is_no_offset(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "clock"
    if content is not None:
        file.write_text(content)
    assert Clock(file).ahead() == timedelta()


def test_a_moved_clock_runs_on_for_every_reader_of_its_file(tmp_path: Path) -> None:
    clock, other = Clock(tmp_path / "clock"), Clock(tmp_path / "clock")
    clock.move_to(TARGET)
    assert timedelta() <= clock.now() - TARGET.replace(microsecond=123000) < SOON
    assert timedelta() <= other.now() - TARGET.replace(microsecond=123000) < SOON
    assert clock.ahead() % timedelta(milliseconds=1) == timedelta()
    assert [file.name for file in tmp_path.iterdir()] == ["clock"]


def test_a_moved_clock_can_be_moved_again(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.move_to(TARGET)
    clock.move_to(TARGET + timedelta(days=1))
    assert timedelta(days=1) - SOON < clock.now() - TARGET < timedelta(days=1) + SOON


def test_only_a_clock_with_a_file_can_be_moved() -> None:
    with pytest.raises(ValueError, match="file"):
        Clock().move_to(TARGET)


def test_a_reader_never_sees_a_partly_written_file(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.move_to(TARGET)
    stop = threading.Event()
    seen: list[timedelta] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(clock.ahead())

    reader = threading.Thread(target=read)
    reader.start()
    for day in range(200):
        clock.move_to(TARGET + timedelta(days=day))
    stop.set()
    reader.join()
    assert min(seen) > timedelta(days=365)
