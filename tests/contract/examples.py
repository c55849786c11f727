"""The documents' example answers, which the reference publishes too, with how an answer may differ from them."""

from typing import Any

from tallybook.openapi.examples import EXAMPLES
from tests.support.call import Answer
from tests.support.shape import Example


def example(name: str) -> Example:
    return Example.read(EXAMPLES / f"{name}.json")


def expect(answer: Answer, status: int, name: str) -> Any:
    """The answer's JSON; it must have the status and the shape of the named example."""
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    differences = example(name).differences(answer.json)
    assert not differences, differences
    return answer.json
