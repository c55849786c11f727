"""The meter's events name their source, so that a key with a source prefix tells hosts apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from tallybook.services.identity.platform_keys import create_platform_key

BURN = ("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")


@pytest.fixture
def variable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """TALLYBOOK_SOURCE with the parameter, unless that is None."""
    if request.param is not None:
        monkeypatch.setenv("TALLYBOOK_SOURCE", request.param)


@pytest.fixture
def key_of_host_1(app: Any, served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform key is one that may only send events of host-1."""
    scopes = ["usage:write", "sessions:write"]
    key = create_platform_key(app.ctx, name="host-1", scopes=scopes, source_prefix="host-1/")
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", key.text)


def sources(served: Any) -> set[str]:
    """The sources of the events that were sent."""
    sent = (json.loads(body) for path, body in served.requests if path.endswith("/events"))
    return {event["source"] for events in sent for event in events}


@pytest.mark.parametrize(
    ("variable", "options", "source"),
    [
        (None, (), "tallybook-meter"),
        ("", (), "tallybook-meter"),
        ("host-1/meter", (), "host-1/meter"),
        ("host-1/meter", ("--source", "host-2/meter"), "host-2/meter"),
    ],
    indirect=["variable"],
)
def test_the_option_goes_before_the_variable_and_the_default(meter, served, variable, options, source):
    run = meter(*BURN, options=options)
    assert run.returncode == 0, run.stderr
    assert sources(served) == {source}


@pytest.mark.parametrize(("source", "accepted"), [("host-1/meter", True), ("host-2/meter", False)])
def test_a_key_of_one_host_takes_no_usage_of_another(app, meter, key_of_host_1, source, accepted):
    run = meter(*BURN, options=("--source", source))
    assert run.returncode == 0, run.stderr
    assert ("source_not_allowed" in run.stderr) is not accepted
    assert any("q:cpu_seconds" in row for row in app.stored("usage")) is accepted


@pytest.mark.parametrize("source", ["", "   ", "x" * 257, "two\nlines", "\u200b"])
def test_a_source_that_no_event_may_have_is_refused_and_nothing_sent(meter, served, source):
    run = meter("touch", "started", options=(f"--source={source}",))
    assert run.returncode == 125
    assert "source" in run.stderr
    assert served.requests == []
    assert not Path("started").exists()
