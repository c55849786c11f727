"""`tallybook events show`: what is known of a counted event."""

import json

import pytest

from tallybook.domain.times import stamp
from tallybook.store import sending
from tests.support.call import call
from tests.support.ndjson import as_json


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that the command sends to the tables."""
    operations: list[str] = []
    send = sending.Sender.send

    def note(sender, operation, **request):
        operations.append(operation)
        return send(sender, operation, **request)

    monkeypatch.setattr(sending.Sender, "send", note)
    return operations


def send(app, *events):
    key = app.platform_key("usage:write")
    answer = call("POST", "/v1/platform/events", key=key, raw=as_json(list(events)))
    assert answer.json["data"]["accepted"] == len(events)
    (stored,) = [item for item in app.stored("core") if item["pk"].startswith("PLATFORM#")]
    return stored["pk"].removeprefix("PLATFORM#")


def test_an_event_is_shown_with_one_read_of_the_table(operator_app, tallybook, reads):
    member = operator_app.member()
    event = operator_app.event(member, quantity="1.50", user_id=member.user_id, session_id="s", app_id="writer")
    key_id = send(operator_app, event)
    reads.clear()
    run = tallybook("events", "show", "--json", "test", event["id"])
    assert (run.code, run.err, reads) == (0, "", ["get_item"])
    assert json.loads(run.out) == {
        "source": "test",
        "id": event["id"],
        "account_id": member.subject,
        "user_id": member.user_id,
        "session_id": "s",
        "app_id": "writer",
        "meter": "cpu_seconds",
        "sku": None,
        "quantity": "1.5",
        "time": event["time"],
        "accepted_at": stamp(operator_app.clock.now()),
        "platform_key_id": f"plk-{key_id}",
        "period_start": stamp(member.account.closing_cursor.period.start),
        "billed_in_period_start": None,
        "plan_name": "hobby",
        "catalog_version": 1,
        "price": "USD 0.000014 per unit",
        "ledger_entry_id": None,
        "amount": None,
    }


def test_an_event_that_the_wallet_paid_names_the_entry(operator_app, tallybook):
    member = operator_app.member()
    event = operator_app.event(member, meter="credits", quantity=250_000)
    send(operator_app, event, operator_app.event(member, meter="credits", quantity=1))
    [entry] = [item for item in operator_app.stored("core", "ENTRY#") if item["kind"] == "usage"]
    shown = json.loads(tallybook("events", "show", "--json", "test", event["id"]).out)
    assert (shown["ledger_entry_id"], shown["amount"]) == (f"led-{entry['id']}", 250_000)
    assert shown["price"] == "USD 0.000001 per unit"


def test_an_event_is_shown_as_text(operator_app, tallybook):
    event = operator_app.event(operator_app.member())
    operator_app.record(event)
    lines = dict(line.split("\t") for line in tallybook("events", "show", "test", event["id"]).out.splitlines())
    assert (lines["meter"], lines["quantity"], lines["platform_key_id"]) == ("cpu_seconds", "100", "")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_unknown_event_is_an_error_in_one_line(operator_app, tallybook, options):
    run = tallybook("events", "show", *options, "test", "nothing")
    error = "tallybook: No such event was counted in the last 36 days\n"
    assert (run.code, run.result, run.err) == (1, "", error)
