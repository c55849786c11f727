"""The SQS queue of a job, whose messages are tasks."""

from collections.abc import Sequence
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
        try:
            answer = self._interceptor(
                "send_message_batch", lambda: self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            )
        except ClientError as error:
            return [error.response["Error"]["Code"]] * len(entries)
        except BotoCoreError as error:
            return [type(error).__name__] * len(entries)
        return [failed["Code"] for failed in answer.get("Failed", ())]
