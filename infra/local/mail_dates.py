"""Dates mails by the moved clock, as everything else in the local bundle: the emulator knows real time only.

This file runs in the emulator's own Python.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.append(str(Path(__file__).resolve().parents[2] / "layers/core/python"))

from ministack.services import ses, ses_v2

from tallybook.gateways.clock import Clock


def date_mails_by(clock_file: str | None) -> None:
    """Let the emulated SES read the clock of this file; without one, it keeps real time."""
    clock = Clock(Path(clock_file) if clock_file else None)
    moved = SimpleNamespace(**vars(time) | {"time": lambda: clock.now().timestamp()})
    ses.time = ses_v2.time = moved
