"""Records the calls of a client and repeats them with moto without patches, in another process."""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

ROOT = Path(__file__).parents[3]

type Call = tuple[str, dict[str, Any]]
type Answer = dict[str, Any]


@contextmanager
def recording(client: Any) -> Iterator[list[tuple[Call, Answer]]]:
    """Each call that the client makes in the block, like `("GetItem", {"TableName": …})`, and its answer."""
    recorded: list[tuple[Call, Answer]] = []
    make = client._make_api_call

    def record(operation: str, parameters: dict[str, Any]) -> Any:
        call = (operation, deepcopy(parameters))
        try:
            answer = make(operation, parameters)
        except Exception as error:
            recorded.append((call, _comparable(error)))
            raise
        recorded.append((call, _comparable(answer)))
        return answer

    client._make_api_call = record
    try:
        yield recorded
    finally:
        client._make_api_call = make


@contextmanager
def plain_moto() -> Iterator[Callable[[list[Call]], list[Answer]]]:
    """A function that returns what moto without patches answers to calls, each time on fresh tables."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        to_process, from_process = process.stdin, process.stdout

        def answers(calls: list[Call]) -> list[Answer]:
            pickle.dump(calls, to_process)
            to_process.flush()
            found: list[Answer] = pickle.load(from_process)  # noqa: S301 our own process
            return found

        yield answers


def _comparable(answer: dict[str, Any] | Exception) -> Answer:
    """Keep only the status of HTTP, and only the text of a failure inside moto."""
    if isinstance(answer, ClientError):
        answer = dict(answer.response)
    if isinstance(answer, Exception):
        return {"raised": repr(answer)}
    return deepcopy({**answer, "ResponseMetadata": answer["ResponseMetadata"]["HTTPStatusCode"]})


def _serve() -> None:
    from moto import mock_aws

    from tallybook.runtime import dynamodb
    from tests.support.cloud import create_tables

    while True:
        try:
            calls: list[Call] = pickle.load(sys.stdin.buffer)  # noqa: S301 our own process
        except EOFError:
            return
        with mock_aws():
            client = dynamodb()
            create_tables(client)
            answers = [_answer(client, operation, parameters) for operation, parameters in calls]
        pickle.dump(answers, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _answer(client: Any, operation: str, parameters: dict[str, Any]) -> Answer:
    try:
        return _comparable(client._make_api_call(operation, parameters))
    except Exception as error:
        return _comparable(error)


if __name__ == "__main__":
    _serve()
