"""Runs the documents' commands on one bundle; checks what they print, mail and log, and which functions they call."""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest

from tallybook.gateways.clock import Clock
from tests.docs.commands import run_walk
from tests.docs.expectations import AHEAD_AFTERWARDS, EXPECTED
from tests.support.local_stack import LocalStack

pytestmark = pytest.mark.usefixtures("printed")

_CALLED_WITHIN = 30.0
_POLLED_WITHIN = 2.0  # the emulator polls its streams every second


@pytest.fixture(scope="module")
def printed(local_stack: LocalStack) -> Mapping[str, list[str]]:
    """The output of each block of commands, by page; fails if a command fails."""
    return run_walk(local_stack.folder)


@pytest.mark.parametrize("page", EXPECTED)
def test_the_commands_of_a_document_print_what_it_says(printed: Mapping[str, list[str]], page: str) -> None:
    EXPECTED[page](printed[page])


def test_the_commands_moved_the_clock(local_stack: LocalStack, printed: Mapping[str, list[str]]) -> None:
    assert printed
    clock_file = local_stack.folder / "clock"
    ahead = Clock(clock_file).now() - datetime.now(UTC)
    assert abs(ahead - AHEAD_AFTERWARDS) < timedelta(minutes=10)


def test_the_mails_of_the_walk_through_are_in_the_mailbox(local_stack: LocalStack) -> None:
    for _ in range(50):
        with urlopen(f"{local_stack.variables['TALLYBOOK_URL']}/_local/mail.json") as answer:
            mails = json.load(answer)["mails"]
        sent = {(mail["to"][0], mail["subject"]) for mail in mails}
        if any("invoice no. 3" in subject for _, subject in sent):
            break
        time.sleep(0.2)
    invitation = next(mail["text"] for mail in mails if mail["to"] == ["colleague@example.com"])
    assert "/auth/password/new#pwt_" in invitation
    assert {to for to, subject in sent if subject.startswith("Budget threshold reached: ")} == {
        "owner@example.com",
        "finance@example.com",
    }
    subjects = [subject for to, subject in sent if to == "owner@example.com"]
    assert {number for subject in subjects for number in re.findall(r"invoice no\. (\d)", subject)} == {"1", "2", "3"}


def test_no_log_of_the_walk_through_has_a_secret(local_stack: LocalStack) -> None:
    variables = local_stack.variables
    secrets = [variables[f"TALLYBOOK_{name}"] for name in ("PASSWORD", "API_KEY", "PLATFORM_KEY")]
    with urlopen(f"{variables['TALLYBOOK_URL']}/_local/mail.json") as answer:
        secrets += re.findall(r"#(pwt_[\w-]{80,})", answer.read().decode())
    assert len(secrets) > 3
    logs = local_stack.logged()
    assert {"identity", "metering", "outbox"} <= {group for group, lines in logs.items() if lines}
    logged = "\n".join(line for lines in logs.values() for line in lines)
    logged += (local_stack.folder / "state" / "ministack.log").read_text(errors="replace")
    assert not [secret for secret in secrets if secret in logged]
    assert not re.findall(r"(?:sk-|pk-|sess_|pwt_)[\w-]{60,}", logged)


def test_stream_and_topic_call_the_functions_of_their_rows(local_stack: LocalStack) -> None:
    stack = local_stack
    assert stack.variables["TALLYBOOK_STACK"] == "tallybook-local"
    _await(lambda: stack.calls("outbox") >= 1)
    before, checks = _settled_outbox_calls(stack), stack.calls("usage_check")
    _put(stack, "SOMETHING#x")
    _put(stack, "ACCOUNT#0", sk="DIRTY")
    time.sleep(_POLLED_WITHIN)
    assert (stack.calls("outbox"), stack.calls("usage_check")) == (before, checks)
    _put(stack, "OUTBOX#x")
    _put(stack, "ACCOUNT#0", sk="DIRTY", due="2026-04-20T12:34:56.000Z")
    _await(lambda: stack.calls("outbox") > before and stack.calls("usage_check") > checks)
    assert stack.calls("mail_feedback") == 0
    _notify(stack)
    _await(lambda: stack.calls("mail_feedback") >= 1)


def _settled_outbox_calls(stack: LocalStack) -> int:
    """The number of outbox calls, once those of the sign-up are over."""
    before = -1
    while (calls := stack.calls("outbox")) != before:
        before = calls
        time.sleep(_POLLED_WITHIN)
    return calls


def _put(stack: LocalStack, pk: str, *, sk: str = "x", **more: str) -> None:
    item = {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **more}.items()}
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
