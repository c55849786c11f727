"""Send one call to DynamoDB, and retry after throttling, transaction conflicts and lost responses.

At most 20 attempts with full jitter, the last one within 6 seconds, so that the caller gets an answer in time.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from tallybook.domain.errors import Unavailable
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.store.commands import Item
from tallybook.store.requests import from_dynamodb

_ATTEMPTS = 20
_FIRST_PAUSE = 0.025
_LONGEST_PAUSE = 0.8
_RETRY_SECONDS = 6.0
_BUSY = "Too much is going on at once; try again"
_UNREACHABLE = "The database could not be reached; try again"

_RETRIED_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class ConditionFailed(Exception):
    """`items`: the stored item, or None, by the index of the failed command in its transaction; 0 for a single command.

    `was_lost_before`: the response of an earlier attempt was lost, so that attempt may have succeeded.
    """

    def __init__(self, items: dict[int, Item | None], *, was_lost_before: bool) -> None:
        super().__init__()
        self.items = items
        self.was_lost_before = was_lost_before


class Sender:
    """Sends through an interceptor. `pause` sleeps and `elapsed` is a clock in seconds; tests replace both."""

    def __init__(
        self,
        client: Any,
        interceptor: Interceptor = passthrough,
        *,
        pause: Callable[[float], None] = time.sleep,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._interceptor = interceptor
        self._pause = pause
        self._elapsed = elapsed

    def send(self, operation: str, **request: Any) -> Any:
        """The response; ConditionFailed if a condition did not hold, Unavailable if the retries are used up."""
        backoff = self.backoff()
        lost = False
        while True:
            try:
                return self._interceptor(operation, lambda: getattr(self._client, operation)(**request))
            except ClientError as error:
                _raise_unless_transient(error, lost=lost)
            except (HTTPClientError, NotConnected):
                lost = True  # the request or its response: every call here may be repeated
            except BotoCoreError as error:
                raise Unavailable(_UNREACHABLE) from error
            backoff(_UNREACHABLE if lost else _BUSY)

    def send_once(self, operation: str, **request: Any) -> Any:
        """The response of one attempt; Unavailable after any error."""
        try:
            return self._interceptor(operation, lambda: getattr(self._client, operation)(**request))
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(_UNREACHABLE) from error

    def disconnect(self) -> None:
        self._client.close()

    def backoff(self) -> Callable[..., None]:
        """A function that waits before the next attempt, longer each time, and at last raises Unavailable."""
        began, attempt = self._elapsed(), 0

        def wait(reason: str = _BUSY) -> None:
            nonlocal attempt
            attempt += 1
            if attempt >= _ATTEMPTS or self._elapsed() - began > _RETRY_SECONDS:
                raise Unavailable(reason)
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
            self._pause(random.uniform(0, longest))  # noqa: S311 only jitter

        return wait


def _raise_unless_transient(error: ClientError, *, lost: bool) -> None:
    response: dict[str, Any] = dict(error.response)
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        old = response.get("Item")
        raise ConditionFailed({0: from_dynamodb(old) if old else None}, was_lost_before=lost) from error
    if code == "TransactionCanceledException":
        reasons = response.get("CancellationReasons", [])
        failed = {
            index: from_dynamodb(reason["Item"]) if reason.get("Item") else None
            for index, reason in enumerate(reasons)
            if reason.get("Code") == "ConditionalCheckFailed"
        }
        if failed:
            raise ConditionFailed(failed, was_lost_before=lost) from error
        if any(reason.get("Code") in _RETRIED_CODES for reason in reasons):
            return
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code not in _RETRIED_CODES and status != 429 and status < 500:
        raise error
