"""One running bundle: the README's commands as they stand and in its order, what leaves, and what the logs tell."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.local_stack import LocalStack, free_port, running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
STARTERS = ("make run\n", "make test\n")

_CALLED_WITHIN = 30.0
_POLLED_WITHIN = 2.0  # the emulator looks at its streams every second


@pytest.fixture(scope="module")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with running(tmp_path_factory.mktemp("local"), port=free_port()) as stack:
        yield stack


def test_the_walk_through_runs_as_it_stands(local_stack: LocalStack) -> None:
    commands = [block for block in BLOCKS if block not in STARTERS]
    assert len(commands) == len(BLOCKS) - len(STARTERS)
    script = "set -euo pipefail\n" + "\necho ------\n".join(commands)
    script = script.replace(".local/", f"{local_stack.folder}/")
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.split("------\n")
    _, _, bill, sent, credit, login, drafted, invited, audit, *rest = told
    budget, standing, raised, share, admission, catalog, operated, looked_up, moved, billed = rest
    current = json.loads(bill)["data"]
    assert current["current_cost"] == current["daily_trend"][-1]["cost"] > 0
    assert (current["active_sessions"], current["completed_sessions"]) == (0, 1)
    assert [share["resource_type"] for share in current["cost_breakdown"]] == ["sandbox"]
    assert re.search(r"accepted 2.*duplicates 2", sent, re.DOTALL), sent
    assert json.loads(credit)["data"]["balance"] == json.loads(login)["user"]["balance"] == 6_000_000
    assert json.loads(drafted)["data"]["status"] == "draft"
    assert json.loads(invited)["data"]["user"]["login_email"] == "colleague@example.com"
    assert json.loads(audit)["data"]["entries"][0]["action"] == "user.invited"
    assert json.loads(budget)["data"]["is_restricted"] is json.loads(standing)["data"]["is_restricted"] is True
    assert json.loads(standing)["data"]["amount_used"] > 3000
    assert json.loads(raised)["data"]["is_restricted"] is False
    assert json.loads(share)["data"]["allocation"]["concurrent_sandboxes"] == 1
    assert [reason["code"] for reason in json.loads(admission)["data"]["reasons"]] == ["user_cpu_seconds_monthly"]
    assert catalog
    assert local_stack.variables["TALLYBOOK_ACCOUNT_ID"] + " is active\n" in operated
    assert {key["name"] for key in json.loads(operated.splitlines()[-2])["api_keys"]} == {"local", "laptop"}
    assert "account.suspended" in looked_up
    assert timedelta(days=31) < timedelta(seconds=float(moved.split()[-1])) < timedelta(days=33)
    assert billed.startswith("Nothing to do\n")
    assert re.search(r"^total_amount\t[1-9]\d*\.\d\d USD$", billed, re.MULTILINE), billed
    assert re.search(r"inv-\S+ is void; inv-\S+, number 3, replaces it\n$", billed), billed


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
    assert {to for to, subject in sent if subject == "Budget threshold reached"} == {
        "owner@example.com",
        "finance@example.com",
    }
    told = [subject for to, subject in sent if to == "owner@example.com"]
    assert {number for subject in told for number in re.findall(r"invoice no\. (\d)", subject)} == {"1", "2", "3"}


def test_no_log_of_the_walk_through_tells_a_secret(local_stack: LocalStack) -> None:
    given = local_stack.variables
    secrets = [given[f"TALLYBOOK_{name}"] for name in ("PASSWORD", "API_KEY", "PLATFORM_KEY")]
    with urlopen(f"{given['TALLYBOOK_URL']}/_local/mail.json") as answer:
        secrets += re.findall(r"#(pwt_[\w-]{80,})", answer.read().decode())
    assert len(secrets) > 3
    logs = local_stack.logged()
    assert {"identity", "metering", "outbox"} <= {group for group, lines in logs.items() if lines}
    told = "\n".join(line for lines in logs.values() for line in lines)
    told += (local_stack.folder / "state" / "ministack.log").read_text(errors="replace")
    assert not [secret for secret in secrets if secret in told]
    assert not re.findall(r"(?:sk-|pk-|sess_|pwt_)[\w-]{60,}", told)


def test_what_leaves_is_called_as_its_row_says(local_stack: LocalStack) -> None:
    stack = local_stack
    assert stack.variables["TALLYBOOK_STACK"] == "tallybook-local"
    _await(lambda: stack.calls("outbox") >= 1)
    before, checks = _settled(stack), stack.calls("usage_check")
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


def _settled(stack: LocalStack) -> int:
    """The calls so far, once signing up has had its own."""
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
