"""One call to DynamoDB, tried again while that may help: throttling, conflicts, answers that were lost.

Twenty tries with full jitter, but none begun later than six seconds after the first, so that a caller hears of it.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from tallybook.domain.errors import Unavailable
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.store.commands import Item, from_wire

_ATTEMPTS = 20
_FIRST_PAUSE = 0.025
_LONGEST_PAUSE = 0.8
_RETRY_SECONDS = 6.0
_BUSY = "Too much is going on at once; try again"
_UNREACHABLE = "The database could not be reached; try again"

_TRY_AGAIN = frozenset(
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
    """By the command's place in its transaction (0 for a single one): the item that stood there, if any."""

    def __init__(self, items: dict[int, Item | None], *, was_lost_before: bool) -> None:
        super().__init__()
        self.items = items
        self.was_lost_before = was_lost_before


class Sender:
    """Sends through an interceptor; `pause` waits and `elapsed` tells how long, both for tests to replace."""

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
        """The answer; ConditionFailed where a condition did not hold, Unavailable where patience ended."""
        backoff = self.backoff()
        lost = False
        while True:
            try:
                return self._interceptor(operation, lambda: getattr(self._client, operation)(**request))
            except ClientError as error:
                _raise_unless_passing(error, lost=lost)
            except (HTTPClientError, NotConnected):
                lost = True  # or never came; every call here may be repeated
            except BotoCoreError as error:
                raise Unavailable(_UNREACHABLE) from error
            backoff(_UNREACHABLE if lost else _BUSY)

    def backoff(self) -> Callable[..., None]:
        """What waits before the next try of one thing, longer each time, until it raises Unavailable with a reason."""
        began, attempt = self._elapsed(), 0

        def wait(reason: str = _BUSY) -> None:
            nonlocal attempt
            attempt += 1
            if attempt >= _ATTEMPTS or self._elapsed() - began > _RETRY_SECONDS:
                raise Unavailable(reason)
            longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
            self._pause(random.uniform(0, longest))  # noqa: S311 only jitter

        return wait


def _raise_unless_passing(error: ClientError, *, lost: bool) -> None:
    response: dict[str, Any] = dict(error.response)
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        old = response.get("Item")
        raise ConditionFailed({0: from_wire(old) if old else None}, was_lost_before=lost) from error
    if code == "TransactionCanceledException":
        reasons = response.get("CancellationReasons", [])
        failed = {
            index: from_wire(reason["Item"]) if reason.get("Item") else None
            for index, reason in enumerate(reasons)
            if reason.get("Code") == "ConditionalCheckFailed"
        }
        if failed:
            raise ConditionFailed(failed, was_lost_before=lost) from error
        if any(reason.get("Code") in _TRY_AGAIN for reason in reasons):
            return
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code not in _TRY_AGAIN and status != 429 and status < 500:
        raise error
