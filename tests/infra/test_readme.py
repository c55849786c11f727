"""The README is true: its commands are run as they stand, in its order, against the bundle it starts."""

import json
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from infra.groups import GROUPS
from tests.support.local_stack import LocalStack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
STARTERS = ("make run\n", "make test\n")


@pytest.mark.parametrize("verb", re.findall(r"^\| `make (\w+)`", README, re.MULTILINE))
def test_each_verb_is_one_that_make_knows(verb: str) -> None:
    known = subprocess.run(["make", "-n", verb], cwd=ROOT, capture_output=True, text=True, check=False)
    assert known.returncode == 0, known.stderr


def test_the_verbs_are_all_there_are() -> None:
    told = set(re.findall(r"^\| `make (\w+)`", README, re.MULTILINE))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == set(re.findall(r"^make (\w+)", listed, re.MULTILINE))


def test_the_walk_through_runs_as_it_stands(local_stack: LocalStack) -> None:
    commands = [block for block in BLOCKS if block not in STARTERS]
    assert len(commands) == len(BLOCKS) - len(STARTERS)
    script = "set -euo pipefail\n" + "\necho ------\n".join(commands)
    script = script.replace(".local/", f"{local_stack.folder}/")
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, bill, sent, credit, login, invited, audit, catalog, operated, looked_up, moved = done.stdout.split("------\n")
    current = json.loads(bill)["data"]
    assert current["current_cost"] == current["daily_trend"][-1]["cost"] > 0
    assert (current["active_sessions"], current["completed_sessions"]) == (0, 1)
    assert [share["resource_type"] for share in current["cost_breakdown"]] == ["sandbox"]
    assert re.search(r"accepted 2.*duplicates 2", sent, re.DOTALL), sent
    assert json.loads(credit)["data"]["balance"] == json.loads(login)["user"]["balance"] == 6_000_000
    assert json.loads(invited)["data"]["user"]["login_email"] == "colleague@example.com"
    assert json.loads(audit)["data"]["entries"][0]["action"] == "user.invited"
    assert catalog
    assert local_stack.variables["TALLYBOOK_ACCOUNT_ID"] + " is active\n" in operated
    assert {key["name"] for key in json.loads(operated.splitlines()[-2])["api_keys"]} == {"local", "laptop"}
    assert "account.suspended" in looked_up
    assert timedelta(days=30) < timedelta(seconds=float(moved.split()[-1])) < timedelta(days=32)


def test_the_mails_of_the_walk_through_are_in_the_mailbox(local_stack: LocalStack) -> None:
    for _ in range(50):
        with urlopen(f"{local_stack.variables['TALLYBOOK_URL']}/_local/mail.json") as answer:
            sent = {mail["to"][0]: mail["text"] for mail in json.load(answer)["mails"]}
        if "colleague@example.com" in sent:
            break
        time.sleep(0.2)
    assert "/auth/password/new#pwt_" in sent["colleague@example.com"]


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


def test_the_map_names_the_folders_that_are_there() -> None:
    house = README.split("## The map of the house")[1]
    for folder in ("infra", "functions", "layers", "tests"):
        assert f"{folder}/" in house
    assert {group.name for group in GROUPS} == {
        path.name for path in (ROOT / "functions").iterdir() if path.is_dir()
    } - {"__pycache__"}


def test_each_library_is_told_why() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text().split("[tool.")[0]
    names = {re.split(r"[>=\[]", name)[0] for name in re.findall(r'"([a-z][a-z0-9-]*[>=\[][^"]*)"', pyproject)}
    told = set(re.findall(r"`([a-z0-9-]+)`", README.split("## What is used, and why")[1]))
    assert names - told == set()
