"""The SQS queue of a function: a job's queue, whose messages are tasks, or the usage queue."""

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tallybook.gateways.interceptor import Interceptor, passthrough


class Queue:
    """Sends through an interceptor to the queue with this URL."""

    def __init__(self, client: Any, url: str, interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._url = url
        self._interceptor = interceptor

    def send(self, bodies: Sequence[str]) -> list[str]:
        """Send up to ten messages in one call; return the error code of each that was not accepted, or perhaps not."""
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
        return self._call(
            "send_message_batch", lambda: self._client.send_message_batch(QueueUrl=self._url, Entries=entries), entries
        )

    def postpone(self, pauses: Sequence[tuple[str, int]]) -> list[str]:
        """Show up to ten received messages, by their receipt handles, again after so many seconds.

        Returns the error code of each that was not postponed; it is shown again after the queue's visibility timeout.
        """
        entries = [
            {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
            for index, (handle, seconds) in enumerate(pauses)
        ]
        return self._call(
            "change_message_visibility_batch",
            lambda: self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries),
            entries,
        )

    def _call(self, operation: str, call: Callable[[], Any], entries: Sequence[Any]) -> list[str]:
        try:
            answer = self._interceptor(operation, call)
        except ClientError as error:
            return [error.response["Error"]["Code"]] * len(entries)
        except BotoCoreError as error:
            return [type(error).__name__] * len(entries)
        return [failed["Code"] for failed in answer.get("Failed", ())]
