"""A redrive that dies at any external call and is repeated loses no message."""

from itertools import count
from typing import Any

from tallybook.gateways.dead_letters import DeadLetters, FailedQueue
from tallybook.services.jobs.redrive import redrive
from tests.simulation.conftest import Sweep
from tests.support.app import App

_BODIES = [f"message {number}" for number in range(12)]


class Sqs:
    """Two queues; a message that was taken and not removed is there again for the next process."""

    def __init__(self) -> None:
        dead = {f"dead {number}": body for number, body in enumerate(_BODIES)}
        self.queues: dict[str, dict[str, str]] = {"dead": dead, "main": {}}
        self._numbers = count()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        found = list(self.queues[request["QueueUrl"]].items())[: request["MaxNumberOfMessages"]]
        return {
            "Messages": [
                {"MessageId": handle, "ReceiptHandle": handle, "Body": body, "Attributes": {"SentTimestamp": "0"}}
                for handle, body in found
            ]
        }

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        for entry in request["Entries"]:
            self.queues[request["QueueUrl"]][f"sent {next(self._numbers)}"] = entry["MessageBody"]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def delete_message_batch(self, **request: Any) -> None:
        for entry in request["Entries"]:
            self.queues[request["QueueUrl"]].pop(entry["ReceiptHandle"], None)


def test_each_message_is_back_at_least_once_and_none_stays_dead(sweep: Sweep) -> None:
    clouds: list[Sqs] = []
    calls = count()

    def act(app: App, _: Any) -> None:
        if next(calls) % 2 == 0:  # the call that dies; the next one is its repetition
            clouds.append(Sqs())
        sqs, interceptor = clouds[-1], app.fake_aws.interceptor
        dead, main = DeadLetters(sqs, "dead", interceptor), FailedQueue(sqs, "main", interceptor)
        list(redrive(app.ctx, "usage", dead, main.put_back, most=len(_BODIES)))

    def check(_app: App, _prepared: Any, _answer: Any) -> None:
        assert set(clouds[-1].queues["main"].values()) == set(_BODIES)
        assert clouds[-1].queues["dead"] == {}

    assert sweep(App.platform, act, check) == 1 + 2 * 3
