"""Faults between the store and its tables: what goes wrong in production, at the call that a test chooses.

A `Faults` is an interceptor of `Tables`. Calls are numbered from 1 over all operations, repeated attempts included, and
`operations` lists them. Each fault strikes `before` the call takes effect or `after` it has.

    Tables(client, NAMES, interceptor=Faults().fail_nth(2, when="after", error=lost_answer))
    Faults(conflicts=0.2, seed=7)      a fifth of all writes collide, the same ones for the same order of calls
    Faults().crash_at(3, "before")     the process dies there: this call and each later one raises Crash, in any
                                       thread, until `clear()` starts the next process
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, Literal, Self

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

type When = Literal["before", "after"]
type Fault = Callable[[str], BaseException]

_ENDPOINT = "https://dynamodb.eu-west-1.amazonaws.com"
READS = frozenset({"get_item", "batch_get_item", "query"})


class Crash(BaseException):
    """The process ended here. Not an Exception, so the product catches it nowhere; a future passes it on."""


def conflict(operation: str) -> BaseException:
    """Another transaction is writing the item. Only writes get this, never consistent reads."""
    if operation == "transact_write_items":
        reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
        return client_error(operation, "TransactionCanceledException", CancellationReasons=reasons)
    return client_error(operation, "TransactionConflictException")


def throttle(operation: str) -> BaseException:
    """More requests than the table takes; a transaction has this among its cancellation reasons."""
    if operation == "transact_write_items":
        reasons = [{"Code": "ThrottlingError", "Message": "Throughput exceeds the current capacity"}]
        return client_error(operation, "TransactionCanceledException", CancellationReasons=reasons)
    return client_error(operation, "ProvisionedThroughputExceededException")


def lost_answer(operation: str) -> BaseException:
    """A read time-out; whether the call took effect depends on when it strikes."""
    return ReadTimeoutError(endpoint_url=f"{_ENDPOINT}/{operation}")


def cut_off(operation: str) -> BaseException:
    """The connection was closed under the request."""
    return ConnectionClosedError(endpoint_url=f"{_ENDPOINT}/{operation}", request=None)


def crash(operation: str) -> BaseException:
    return Crash(operation)


def client_error(operation: str, code: str, **more: Any) -> ClientError:
    """The exception that boto3 raises for an error response with this code."""
    name = "".join(part.capitalize() for part in operation.split("_"))
    return ClientError({"Error": {"Code": code, "Message": code}, **more}, name)


class Faults:
    """An interceptor that fails chosen calls and, at a rate, writes by conflicts or any call by throttling."""

    def __init__(self, *, conflicts: float = 0.0, throttles: float = 0.0, lost: float = 0.0, seed: int = 0) -> None:
        self._conflicts, self._throttles, self._lost = conflicts, throttles, lost
        self._random = Random(seed)
        self._lock = threading.Lock()
        self._planned: dict[int, tuple[When, Fault]] = {}
        self._dead = False
        self.operations: list[str] = []

    @property
    def calls(self) -> int:
        """How many calls there were since the start or the last `clear()`."""
        return len(self.operations)

    def fail_nth(self, n: int, when: When = "before", error: Fault = conflict) -> Self:
        """Fail the n-th call, counted from 1; one fault for each n."""
        self._planned[n] = (when, error)
        return self

    def crash_at(self, n: int, when: When = "before") -> Self:
        return self.fail_nth(n, when, crash)

    def clear(self) -> Self:
        """As in a process that has just started: nothing planned, no calls, alive. The rates stay."""
        with self._lock:
            self._planned.clear()
            self.operations.clear()
            self._dead = False
        return self

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:
        fault = self._next(operation)
        if fault is None:
            return self._unless_dead(operation, call())
        when, error = fault
        if when == "after":
            with suppress(Exception):
                call()
        self._dead = self._dead or error is crash
        raise error(operation)

    def _next(self, operation: str) -> tuple[When, Fault] | None:
        with self._lock:
            if self._dead:
                raise Crash(operation)
            self.operations.append(operation)
            planned = self._planned.get(len(self.operations))
            return planned or self._by_chance(operation)

    def _by_chance(self, operation: str) -> tuple[When, Fault] | None:
        """Always three draws a call, so that changing one rate doesn't move the faults of another."""
        conflicts, throttles, lost = (self._random.random() for _ in range(3))
        if conflicts < self._conflicts and operation not in READS:
            return "before", conflict
        if throttles < self._throttles:
            return "before", throttle
        if lost < self._lost:
            return ("before" if lost < self._lost / 2 else "after"), lost_answer
        return None

    def _unless_dead(self, operation: str, answer: Any) -> Any:
        """After another thread's crash no answer is returned."""
        if self._dead:
            raise Crash(operation)
        return answer
