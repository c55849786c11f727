"""Messages of a dead-letter queue: read them, put them back into the queue where they failed, remove them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tallybook.domain.times import EPOCH
from tallybook.gateways.interceptor import Interceptor, passthrough

BATCH = 10
"""SQS takes and gives at most this many messages in a call."""

_TAKEN_SECONDS = 60
_WAIT_SECONDS = 1  # asks all servers of SQS; without it an answer may be empty although there are messages

_ERRORS = ("ErrorMessage", "ERROR_MESSAGE")  # as Lambda and EventBridge name it


class DeadMessage(NamedTuple):
    """`sent_at`: when it was first sent. `error`: why it failed, if AWS wrote that into the message."""

    id: str
    handle: str
    body: str
    attributes: Mapping[str, Any]
    sent_at: datetime
    error: str | None


class DeadLetters:
    """The dead-letter queue with this URL."""

    def __init__(self, client: Any, url: str, interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._url = url
        self._interceptor = interceptor

    def look(self) -> list[DeadMessage]:
        """Up to ten messages, which stay in the queue for everybody."""
        return self._receive(BATCH, hidden_seconds=0)

    def take(self, most: int) -> list[DeadMessage]:
        """Up to `most` messages, at most ten, that no other caller gets for a minute. Empty at the end of the queue."""
        return self._receive(min(most, BATCH), hidden_seconds=_TAKEN_SECONDS)

    def remove(self, messages: Sequence[DeadMessage]) -> None:
        entries = [{"Id": str(index), "ReceiptHandle": message.handle} for index, message in enumerate(messages)]
        self._interceptor(
            "delete_message_batch", lambda: self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        )

    def _receive(self, most: int, *, hidden_seconds: int) -> list[DeadMessage]:
        answer = self._interceptor(
            "receive_message",
            lambda: self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=hidden_seconds,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            ),
        )
        return [_read(message) for message in answer.get("Messages", ())]


class FailedQueue:
    """The queue with this URL, where the dead messages failed."""

    def __init__(self, client: Any, url: str, interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._url = url
        self._interceptor = interceptor

    def put_back(self, messages: Sequence[DeadMessage]) -> list[DeadMessage]:
        """Send up to ten messages again; return those that the queue accepted."""
        entries = [
            {"Id": str(index), "MessageBody": message.body, "MessageAttributes": dict(message.attributes)}
            for index, message in enumerate(messages)
        ]
        answer = self._interceptor(
            "send_message_batch", lambda: self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        )
        return [messages[int(accepted["Id"])] for accepted in answer.get("Successful", ())]


def _read(message: Mapping[str, Any]) -> DeadMessage:
    attributes = message.get("MessageAttributes", {})
    return DeadMessage(
        id=message["MessageId"],
        handle=message["ReceiptHandle"],
        body=message["Body"],
        attributes=attributes,
        sent_at=EPOCH + timedelta(milliseconds=int(message["Attributes"]["SentTimestamp"])),
        error=next((attributes[name]["StringValue"] for name in _ERRORS if name in attributes), None),
    )
