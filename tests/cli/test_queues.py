"""The commands about queues, on an emulated cloud."""

import json

import pytest

from tests.cli.queue_stack import create_queue_stack
from tests.support.invariants import check_invariants

TASK = {"kind": "check", "account_id": "0199"}
KEY = "sk-" + "x" * 100


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def redrives(operator_app):
    """The operator's audit entries of redrives."""
    return [item for item in operator_app.stored("core") if item.get("action") == "queue.redriven"]


@pytest.fixture
def queues(operator_app, cloud):
    """The stack, with three messages that failed."""
    stack = create_queue_stack(cloud)
    stack.fail(TASK, reason="AccessDenied")
    stack.fail([{"subject": "acc-1", "data": {"note": KEY}}, {"subject": "acc-2"}])
    stack.fail("no JSON")
    return stack


def test_list_counts_dead_messages_and_names_their_reasons(queues, tallybook):
    [calls, queue] = read(tallybook("queues", "list", "--json"))["queues"]
    assert (calls["name"], calls["dead"]) == ("undelivered", 0)
    assert queue.pop("dead_oldest_seconds") >= 0
    assert queue == {
        "name": "usage_check",
        "waiting": 0,
        "in_flight": 0,
        "oldest_seconds": None,
        "dead": 3,
        "reasons": ["AccessDenied"],
    }
    assert tallybook("queues", "list").out.startswith("name\twaiting\tin_flight\toldest_seconds\tdead\t")


def test_the_age_of_a_waiting_message_is_that_of_cloudwatch(queues, tallybook):
    queues.cloud.client("sqs").send_message(QueueUrl=queues.main, MessageBody="{}")
    name = {"Name": "QueueName", "Value": queues.main.rpartition("/")[2]}
    metric = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": [name], "Value": 90.0}
    queues.cloud.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
    [_, queue] = read(tallybook("queues", "list", "--json"))["queues"]
    assert (queue["waiting"], queue["oldest_seconds"]) == (1, 90)


def test_show_prints_dead_messages_with_their_accounts_and_no_secret(queues, tallybook):
    run = tallybook("queues", "show", "usage_check", "--json")
    shown = {message["account_id"]: message for message in read(run)["messages"]}
    assert shown.keys() == {"acc-0199", "acc-1, acc-2", None}
    assert shown["acc-0199"]["error"] == "AccessDenied"
    assert (shown[None]["body"], shown[None]["error"]) == ("no JSON", None)
    assert KEY not in run.out
    assert "sk-***" in shown["acc-1, acc-2"]["body"]
    assert len(queues.waiting(queues.dead)) == 3


def test_redrive_moves_messages_back_as_they_were_and_is_recorded(queues, operator_app, tallybook):
    row = read(tallybook("queues", "redrive", "usage_check", "--yes", "--json"))
    assert row == {"queue": "usage_check", "dead": 3, "planned": 3, "moved": 3, "refused": 0}
    assert queues.waiting(queues.dead) == []
    bodies = {message["Body"]: message.get("MessageAttributes") for message in queues.waiting(queues.main)}
    assert len(bodies) == 3
    assert bodies[json.dumps(TASK)]["ErrorMessage"]["StringValue"] == "AccessDenied"
    [entry] = redrives(operator_app)
    assert entry["pk"] == "AUDIT#operator"
    assert (entry["target"], entry["after"]) == ("usage_check", {"most": 3})
    check_invariants(operator_app)


def test_redrive_moves_at_most_the_given_number(queues, tallybook):
    run = tallybook("queues", "redrive", "usage_check", "--yes", "--most", 2)
    assert (run.code, run.out) == (0, "2 messages of usage_check were moved back\n")
    assert len(queues.waiting(queues.dead)) == 1


def test_a_dry_run_moves_nothing_and_leaves_no_record(queues, operator_app, tallybook):
    run = tallybook("queues", "redrive", "usage_check", "--dry-run", "--most", 2)
    assert (run.code, run.out) == (0, "2 of 3 messages of usage_check would be moved back\n")
    assert len(queues.waiting(queues.dead)) == 3
    assert redrives(operator_app) == []


def test_without_a_terminal_redrive_moves_only_with_yes(queues, tallybook):
    run = tallybook("queues", "redrive", "usage_check")
    assert (run.code, run.out) == (2, "")
    assert run.err == "tallybook: Move back 3 of 3 messages of usage_check? Repeat the command with --yes\n"
    assert len(queues.waiting(queues.dead)) == 3


def test_redrive_of_an_empty_queue_says_so(queues, tallybook):
    read(tallybook("queues", "redrive", "usage_check", "--yes", "--json"))
    run = tallybook("queues", "redrive", "usage_check")
    assert (run.code, run.out) == (0, "0 messages of usage_check were moved back\n")


def test_the_undelivered_call_of_a_schedule_is_shown_and_dropped(queues, tallybook):
    why = {name: {"DataType": "String", "StringValue": name.lower()} for name in ("RULE_ARN", "ERROR_MESSAGE")}
    queues.cloud.client("sqs").send_message(QueueUrl=queues.undelivered, MessageBody="{}", MessageAttributes=why)
    [shown] = read(tallybook("queues", "show", "undelivered", "--json"))["messages"]
    assert (shown["calls"], shown["error"]) == ("schedule", "error_message")
    run = tallybook("queues", "redrive", "undelivered", "--yes")
    assert (run.code, run.out) == (0, "1 messages of undelivered were moved back\n")
    assert queues.waiting(queues.undelivered) == []


def test_a_refused_message_stays_dead_and_the_exit_status_is_1(queues, tallybook):
    queues.cloud.client("sqs").send_message(QueueUrl=queues.undelivered, MessageBody="unknown")
    run = tallybook("queues", "redrive", "undelivered", "--yes", "--json")
    assert (run.code, json.loads(run.out)["refused"]) == (1, 1)
    assert read(tallybook("queues", "list", "--json"))["queues"][0]["in_flight"] == 0


def test_an_unknown_queue_is_answered_with_the_names(queues, tallybook):
    run = tallybook("queues", "show", "usage")
    assert (run.code, run.err) == (2, "tallybook: There is no queue usage; the queues are undelivered, usage_check\n")


def test_a_missing_stack_is_named_as_by_other_commands(operator_app, cloud, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_STACK", "tallybook-elsewhere")
    run = tallybook("queues", "list")
    error = "tallybook: There is no stack tallybook-elsewhere in this account and region (TALLYBOOK_STACK)\n"
    assert (run.code, run.result, run.err) == (1, "", error)
