"""The bus as listeners see it: their rules on an emulated EventBridge, with their queues as targets."""

import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tallybook.gateways.bus import Bus, Published
from tests.events.conftest import Walked
from tests.events.schemas import README, SCHEMAS, faults, file_name

BUS = "tallybook-production"
_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class EventBridge:
    """A bus on the emulated cloud."""

    events: Any
    sqs: Any

    def rule(self, name: str, pattern: str) -> str:
        """Create a rule with its own queue; return the queue's URL."""
        queue: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)
        self.events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": name, "Arn": arn}])
        return queue

    def received(self, queue: str, count: int) -> list[dict[str, Any]]:
        """The envelopes in the queue, once there are at least `count`."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + _WITHIN
        while time.monotonic() < deadline:
            messages = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            found += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            if len(found) >= count and not messages:
                break
        return found


@pytest.fixture
def bridge(_emulator: Any) -> EventBridge:
    cloud, _ = _emulator
    cloud.reset()
    events, sqs = (cloud.client(name) for name in ("events", "sqs"))
    events.create_event_bus(Name=BUS)
    return EventBridge(events, sqs)


def publish(bridge: EventBridge, walked: Walked) -> None:
    """Publish all entries of the walk by the real gateway."""
    published = [
        Published(entry["DetailType"], json.loads(entry["Detail"]), datetime.fromtimestamp(entry["Time"], UTC))
        for entry in walked.entries
    ]
    Bus(bridge.events, BUS).publish(published)


def test_a_listener_gets_every_event_in_the_form_of_its_schema(bridge: EventBridge, walked: Walked) -> None:
    queue = bridge.rule("all", json.dumps({"source": ["tallybook"]}))
    publish(bridge, walked)
    received = bridge.received(queue, len(walked.entries))
    ids = sorted(event["detail"]["id"] for event in received)
    assert ids == sorted(json.loads(entry["Detail"])["id"] for entry in walked.entries)
    for event in received:
        assert event["source"] == "tallybook"
        assert faults(SCHEMAS[file_name(event["detail-type"], event["detail"]["version"])], event["detail"]) == []


def test_the_readmes_example_rule_matches_only_its_events(bridge: EventBridge, walked: Walked) -> None:
    (pattern,) = re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL)
    queue = bridge.rule("standing", pattern)
    publish(bridge, walked)
    expected = [entry for entry in walked.entries if entry["DetailType"] in json.loads(pattern)["detail-type"]]
    received = bridge.received(queue, len(expected))
    assert {event["detail-type"] for event in received} == set(json.loads(pattern)["detail-type"])
    assert len(received) == len(expected) > 4


def test_a_rule_for_a_version_or_an_account_matches_no_other(bridge: EventBridge, walked: Walked) -> None:
    expected = Counter(json.loads(entry["Detail"])["data"]["account_id"] for entry in walked.entries)
    queues = {}
    for account_id in expected:
        detail = {"version": [1], "data": {"account_id": [account_id]}}
        queues[account_id] = bridge.rule(account_id, json.dumps({"source": ["tallybook"], "detail": detail}))
    later = bridge.rule("later", json.dumps({"source": ["tallybook"], "detail": {"version": [2]}}))
    publish(bridge, walked)
    for account_id, queue in queues.items():
        received = bridge.received(queue, expected[account_id])
        assert [event["detail"]["data"]["account_id"] for event in received] == [account_id] * expected[account_id]
    assert len(expected) == 2
    assert bridge.received(later, 0) == []
