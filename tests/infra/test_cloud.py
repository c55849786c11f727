"""An emulated cloud: empty, isolated from others, and ended with the process that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from infra.local.cloud import free_port, ministack
from tests.support.local_stack import ROOT


def test_two_clouds_at_once_are_isolated() -> None:
    with ministack() as one, ministack() as other:
        one.client("sqs").create_queue(QueueName="mine")
        assert one.client("sqs").list_queues()["QueueUrls"]
        assert not other.client("sqs").list_queues().get("QueueUrls")


def test_a_cloud_with_a_folder_keeps_its_state(tmp_path: Path) -> None:
    for expected in (0, 1):
        with ministack(tmp_path) as cloud:
            sqs = cloud.client("sqs")
            assert len(sqs.list_queues().get("QueueUrls", [])) == expected
            sqs.create_queue(QueueName="mine")


def test_it_ends_with_its_block_even_if_that_fails() -> None:
    with pytest.raises(LookupError), ministack() as cloud:
        raise LookupError
    assert not _answers(cloud.endpoint)


def test_it_ends_with_a_starter_that_was_killed() -> None:
    code = (
        "from infra.local.cloud import ministack\nwith ministack() as cloud: print(cloud.endpoint, flush=True); input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout
    assert starter.stdin
    endpoint = starter.stdout.readline().strip()
    assert _answers(endpoint)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    starter.stdin.close()
    deadline = time.monotonic() + 20
    while _answers(endpoint) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _answers(endpoint)


def test_a_preferred_port_is_used_unless_it_is_taken() -> None:
    port = free_port()
    assert free_port(prefer=port) == port
    with ministack(port=port):
        assert free_port(prefer=port) != port


def _answers(endpoint: str) -> bool:
    try:
        with urlopen(endpoint, timeout=5):
            return True
    except HTTPError:
        return True
    except (URLError, OSError):
        return False
