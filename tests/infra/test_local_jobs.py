"""On this computer too, what leaves is called by the start, by what appears in the outbox, and by notifications."""

import time
from collections.abc import Callable

from tests.support.local_stack import LocalStack

_CALLED_WITHIN = 30.0
_POLLED_WITHIN = 2.0  # the emulator looks at its streams every second


def test_what_leaves_is_called_as_its_row_says(local_stack: LocalStack) -> None:
    stack = local_stack
    assert stack.variables["TALLYBOOK_STACK"] == "tallybook-local"
    _await(lambda: stack.calls("outbox") >= 1)
    before = _settled(stack)
    _put(stack, "SOMETHING#x")
    time.sleep(_POLLED_WITHIN)
    assert stack.calls("outbox") == before
    _put(stack, "OUTBOX#x")
    _await(lambda: stack.calls("outbox") > before)
    assert stack.calls("mail_feedback") == 0
    _notify(stack)
    _await(lambda: stack.calls("mail_feedback") >= 1)


def _settled(stack: LocalStack) -> int:
    """The calls so far, once signing up has had its own."""
    before = -1
    while (calls := stack.calls("outbox")) != before:
        before = calls
        time.sleep(_POLLED_WITHIN)
    return calls


def _put(stack: LocalStack, pk: str) -> None:
    item = {"pk": {"S": pk}, "sk": {"S": "x"}}
    stack.client("dynamodb").put_item(TableName=stack.variables["CORE_TABLE"], Item=item)


def _notify(stack: LocalStack) -> None:
    topics = [topic["TopicArn"] for topic in stack.client("sns").list_topics()["Topics"]]
    (feedback,) = [topic for topic in topics if "MailFeedback" in topic]
    stack.client("sns").publish(TopicArn=feedback, Message="{}")


def _await(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _CALLED_WITHIN
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.2)
