"""`tallybook backup` on an emulated cloud, whose restored tables have the items of now."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.aws import STACK
from tests.cli.whole_stack import create_whole_stack

ITEM = {
    "id": "0199a",
    "kind": "mail",
    "created_at": "2026-11-01T12:00:00.000Z",
    "body": {"letter": "welcome", "to": ["ada@example.com"], "facts": {}},
    "state": "waiting",
    "work": "outbox#0",
    "due": "2026-11-01T12:00:00.000Z",
    "attempts": 0,
    "claims": 0,
}


@pytest.fixture
def site(cloud, monkeypatch):
    """A stack whose tables have tags, and continuous backups of two hours; the emulated cloud has those of now only."""
    from tallybook.gateways.backups import Backups

    found = Backups.window

    def window(self, table):
        window = found(self, table)
        return window and window._replace(earliest=window.earliest - timedelta(hours=2))

    monkeypatch.setattr(Backups, "window", window)
    stack = create_whole_stack(cloud)
    arn = describe(stack, stack.named("TablesCore"))["TableArn"]
    stack.client("dynamodb").tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "billing"}])
    return stack


@pytest.fixture
def outbox(site):
    """Two contexts of the outbox: one on the tables of the stack, one on those that will be restored."""
    from tallybook.runtime import connect
    from tallybook.store import keys
    from tallybook.store.commands import Put

    ctx = connect(core_table=site.named("TablesCore"), usage_table=site.named("TablesUsage"))
    ctx.tables.write(Put(keys.outbox("0199a"), ITEM))
    return ctx


def describe(site, table):
    return site.client("dynamodb").describe_table(TableName=table)["Table"]


def restore(tallybook, at, *more):
    run = tallybook("backup", "restore", "--at", at, "--yes", *more)
    assert run.code == 0, run.err
    return run


@pytest.fixture
def at():
    """A second that can be restored."""
    return (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_restored_tables_have_what_a_restore_leaves_out(site, outbox, tallybook, at):
    row = json.loads(restore(tallybook, at, "--json").out)
    assert row["core"].startswith(f"{STACK}-core-20")
    dynamodb = site.client("dynamodb")
    for name in ("core", "usage"):
        table, table_name = describe(site, row[name]), row[name]
        assert table["DeletionProtectionEnabled"] is True
        backups = dynamodb.describe_continuous_backups(TableName=table_name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        expiry = dynamodb.describe_time_to_live(TableName=table_name)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    core = describe(site, row["core"])
    assert core["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert core["LatestStreamArn"] == row["core_stream"]
    assert [index["IndexName"] for index in core["GlobalSecondaryIndexes"]] == ["work"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=core["TableArn"])["Tags"]
    assert {"Key": "team", "Value": "billing"} in tags


def test_a_mail_that_was_sent_since_is_not_sent_again(site, outbox, tallybook, at):
    """The first call makes the tables as of then; the repeated one settles what was delivered since."""
    from tallybook.runtime import connect
    from tallybook.store import keys
    from tallybook.store.outbox import mark_delivered, read_outbox_item

    before = json.loads(restore(tallybook, at, "--json").out)
    assert before["settled"] == 0
    delivered = read_outbox_item(outbox.tables.get(keys.outbox("0199a")))
    outbox.tables.write(mark_delivered(delivered, at=datetime.now(UTC)))
    restored = connect(core_table=before["core"], usage_table=before["usage"])
    assert restored.tables.get(keys.outbox("0199a"))["state"] == "waiting"
    for settled in (1, 0):
        assert json.loads(restore(tallybook, at, "--json").out) == before | {"settled": settled}
        assert read_outbox_item(restored.tables.get(keys.outbox("0199a"))).state == "delivered"


def test_the_setting_for_the_stage_is_printed_and_the_stack_is_left(site, outbox, tallybook, at):
    run = restore(tallybook, at)
    assert f"restored=Restored(core='{STACK}-core-" in run.out
    assert describe(site, site.named("TablesCore"))["TableStatus"] == "ACTIVE"


def test_a_second_out_of_the_window_is_refused(site, tallybook):
    run = tallybook("backup", "restore", "--at", "2020-01-01T00:00:00Z", "--yes")
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("can be restored\n")


def test_it_asks_first(site, tallybook, at):
    run = tallybook("backup", "restore", "--at", at)
    assert (run.code, run.out) == (2, "")
    assert "Repeat the command with --yes" in run.err


def test_without_continuous_backups_nothing_can_be_restored(site, tallybook):
    site.recover("TablesUsage", enabled=False)
    run = tallybook("backup", "show")
    named = site.named("TablesUsage")
    assert run.err == f"tallybook: There are no backups of {named}: the stage does not keep its data\n"
