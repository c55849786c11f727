"""Production with all settings that change a few resources each, and none that another of them changes."""

from dataclasses import replace

from infra.stage import STAGES

WITH_SETTINGS = replace(
    STAGES["production"],
    snap_start=True,
    release_despite_alarms=True,
    ses_sandbox=True,
    page_url="https://app.example.com",
    alarm_email="oncall@example.org",
    metering_concurrency=50,
    max_read_units=4000,
    max_write_units=1000,
)
"""One stage for many tests, since synthesizing one takes seconds."""
