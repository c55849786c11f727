"""Zones come from the pinned package, whatever zone files the computer has."""

import os
import subprocess
import sys
from pathlib import Path

import tzdata

JULY = "from datetime import UTC, datetime; july = datetime(2026, 7, 1, tzinfo=UTC)"
PLAIN = f"{JULY}; import zoneinfo; print(july.astimezone(zoneinfo.ZoneInfo('Europe/Berlin')).hour)"
OURS = f"{JULY}; from tallybook.domain.zones import zone_of; print(july.astimezone(zone_of('Europe/Berlin')).hour)"


def test_the_rules_are_not_those_of_the_computer(tmp_path: Path) -> None:
    """Here, Berlin has the rules of Tokyo in the computer's zone files."""
    (tmp_path / "Europe").mkdir()
    tokyo = Path(tzdata.__file__).parent / "zoneinfo" / "Asia" / "Tokyo"
    (tmp_path / "Europe" / "Berlin").write_bytes(tokyo.read_bytes())
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONTZPATH": str(tmp_path)}

    def run(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    assert (run(PLAIN), run(OURS)) == ("9\n", "2\n")
