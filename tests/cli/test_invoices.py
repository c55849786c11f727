"""The commands about invoices."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tallybook.gateways.clock import Clock
from tallybook.runtime import connect
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.store import keys
from tallybook.store.commands import Delete
from tests.support.invariants import check_invariants

MAY = datetime(2026, 5, 20, 0, 30, tzinfo=UTC)
JUNE = datetime(2026, 6, 20, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch):
    """The DynamoDB emulation in this process is not thread-safe."""
    monkeypatch.setattr("tallybook.cli.context.connect", lambda **where: replace(connect(**where), workers=1))


@pytest.fixture
def move_to(operator_app, tmp_path):
    """Move the clock."""

    def move(moment):
        operator_app.clock.moment = moment
        Clock(tmp_path / "clock").move_to(moment)

    return move


@pytest.fixture
def member(operator_app):
    """A member whose usage costs more than their balance."""
    member = operator_app.member()
    operator_app.record(
        operator_app.event(member, quantity=10_000_000),
        operator_app.event(member, meter="container_minutes", sku="M", quantity="1440.5", app_id="app"),
    )
    return member


@pytest.fixture
def billed(member, tallybook, move_to):
    """The id of the member's first invoice."""
    move_to(MAY)
    assert read(tallybook("invoices", "run", "--json"))["periods_closed"] == 1
    [invoice] = invoices(tallybook, member)
    return invoice["invoice_id"]


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def invoices(tallybook, member, *options):
    return read(tallybook("invoices", "list", member.subject, "--json", *options))["invoices"]


def error_of(run):
    assert (run.code, run.result) == (1, "")
    [line] = run.err.splitlines()
    return line.removeprefix("tallybook: ")


def test_a_run_does_all_due_work_and_a_second_run_none(operator_app, member, tallybook, move_to):
    idle = operator_app.member()
    assert tallybook("invoices", "run").out == "Nothing to do\n"
    move_to(MAY)
    run = tallybook("invoices", "run")
    assert (run.code, run.err) == (0, "")
    assert run.out == "accounts 2, periods closed 2, invoices issued 2, paid 1, overdue 0, failed 0\n"
    assert tallybook("invoices", "run").out == "Nothing to do\n"
    assert [invoice["status"] for invoice in invoices(tallybook, idle)] == ["paid"]
    check_invariants(operator_app)


def test_a_run_closes_missed_months_and_marks_overdue_invoices(operator_app, member, billed, tallybook, move_to):
    move_to(datetime(2026, 8, 1, tzinfo=UTC))
    assert read(tallybook("invoices", "run", "--json")) == {
        "accounts": 1,
        "periods_closed": 2,
        "invoices_issued": 2,
        "paid": 2,
        "overdue": 1,
        "failed": 0,
        "failures": [],
    }
    found = invoices(tallybook, member)
    assert [(invoice["invoice_number"], invoice["status"]) for invoice in found] == [
        (3, "paid"),
        (2, "paid"),
        (1, "overdue"),
    ]
    check_invariants(operator_app)


@pytest.mark.parametrize("named", ["subject", "email"])
def test_a_run_can_be_limited_to_one_account(operator_app, member, tallybook, move_to, named):
    other = operator_app.member()
    move_to(MAY)
    name = member.subject if named == "subject" else member.user.email
    assert read(tallybook("invoices", "run", "--account", name, "--json"))["accounts"] == 1
    assert (len(invoices(tallybook, member)), len(invoices(tallybook, other))) == (1, 0)
    assert tallybook("invoices", "run", "--account", name).out == "Nothing to do\n"


def test_a_failure_is_listed_by_account_and_does_not_stop_the_others(operator_app, member, tallybook, move_to):
    missing = operator_app.member()
    operator_app.ctx.tables.write(Delete(keys.account(missing.account.id)))
    move_to(MAY)
    run = tallybook("invoices", "run")
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [
        "accounts 2, periods closed 1, invoices issued 1, paid 0, overdue 0, failed 1",
        f"{missing.subject}: There is no such account",
    ]
    assert len(invoices(tallybook, member)) == 1
    again = tallybook("invoices", "run", "--json")
    report = json.loads(again.out)
    assert (again.code, report["failed"], report["periods_closed"]) == (1, 1, 0)
    assert report["failures"] == [{"account_id": missing.subject, "reason": "There is no such account"}]


def test_only_the_first_20_failures_are_printed_without_json(operator_app, tallybook, move_to):
    for _ in range(22):
        operator_app.ctx.tables.write(Delete(keys.account(operator_app.member().account.id)))
    move_to(MAY)
    lines = tallybook("invoices", "run").out.splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "and 2 more; --json has them all"


def test_a_run_on_a_terminal_shows_its_progress(member, in_terminal, move_to):
    move_to(MAY)
    assert "Invoicing" in in_terminal(100, "invoices", "run")


def test_the_audit_log_names_the_operator(operator_app, member, billed, tallybook):
    [entry] = [item for item in operator_app.stored("core") if item.get("action") == "invoice.issued"]
    assert entry["by"] == "operator"


def test_an_account_s_invoices_are_listed_newest_first(operator_app, member, billed, tallybook, move_to):
    move_to(JUNE)
    tallybook("invoices", "run")
    draft_invoice(operator_app.ctx, authenticate(operator_app.ctx, member.api_key))
    statuses = [invoice["status"] for invoice in invoices(tallybook, member)]
    assert statuses == ["draft", "paid", "overdue"]
    assert [invoice["status"] for invoice in invoices(tallybook, member, "--limit", 2)] == statuses[:2]
    [late] = invoices(tallybook, member, "--status", "overdue", "--limit", 1)
    assert late["invoice_id"] == billed
    assert invoices(tallybook, member, "--status", "void") == []
    assert read(tallybook("invoices", "list", member.user.email, "--json"))["invoices"][2] == late


def test_more_invoices_than_one_page_are_all_listed(operator_app, member, tallybook, move_to):
    move_to(datetime(2035, 1, 1, tzinfo=UTC))
    tallybook("invoices", "run")
    numbers = [invoice["invoice_number"] for invoice in invoices(tallybook, member, "--limit", 1000)]
    assert numbers == list(range(104, 0, -1))


def test_a_list_without_json_has_one_line_each(member, billed, tallybook):
    head, line = tallybook("invoices", "list", member.subject).out.splitlines()
    assert head.split("\t") == [
        "invoice_id",
        "invoice_number",
        "status",
        "period_start",
        "total_amount",
        "amount_due",
        "due_date",
    ]
    assert line.split("\t") == [
        billed,
        "1",
        "open",
        "2026-04-20T00:00:00.000Z",
        "140.48 USD",
        "139.48 USD",
        "2026-05-27T00:00:00.000Z",
    ]


def test_an_invoice_is_shown_with_all_its_fields(member, billed, tallybook):
    assert read(tallybook("invoices", "show", billed, "--json")) == {
        "invoice_id": billed,
        "account_id": member.subject,
        "invoice_number": 1,
        "revision": 1,
        "replaces": None,
        "replaced_by": None,
        "status": "open",
        "plan_name": "hobby",
        "period_start": "2026-04-20T00:00:00.000Z",
        "period_end": "2026-05-20T00:00:00.000Z",
        "currency": "USD",
        "line_items": [
            {
                "type": "usage",
                "description": "Resource Usage",
                "amount": 140_480_000,
                "late_period_start": None,
                "details": [
                    {"meter": "container_minutes", "sku": "M", "quantity": "1440.5", "amount": 480_000},
                    {"meter": "cpu_seconds", "sku": None, "quantity": "10000000", "amount": 140_000_000},
                ],
            }
        ],
        "subtotal": 140_480_000,
        "tax_rate": "0",
        "tax_amount": 0,
        "total_amount": 140_480_000,
        "paid_by_balance": 1_000_000,
        "amount_due": 139_480_000,
        "issued_at": "2026-05-20T00:00:00.000Z",
        "due_date": "2026-05-27T00:00:00.000Z",
        "paid_at": None,
        "payment_method": None,
        "payment_reference": None,
        "voided_at": None,
        "void_reason": None,
    }


def test_an_invoice_without_json_has_its_lines_below_it(billed, tallybook):
    above, _, below = tallybook("invoices", "show", billed).out.partition("\n\n")
    assert "total_amount\t140.48 USD\n" in above
    assert "line_items" not in above
    assert [line.split("\t") for line in below.splitlines()] == [
        ["type", "description", "quantity", "amount"],
        ["usage", "Resource Usage", "", "140.48 USD"],
        ["", "- container_minutes M", "1440.5", "0.48 USD"],
        ["", "- cpu_seconds", "10000000", "140.00 USD"],
    ]


def test_a_voided_invoice_is_owed_no_more(operator_app, member, billed, tallybook):
    run = tallybook("invoices", "void", billed, "--reason", "Not theirs")
    assert (run.code, run.out) == (0, f"{billed} is void\n")
    voided = read(tallybook("invoices", "void", billed, "--reason", "Again", "--json"))
    assert (voided["status"], voided["amount_due"], voided["void_reason"]) == ("void", 0, "Not theirs")
    assert voided["reissued"] is None
    assert len(invoices(tallybook, member)) == 1
    assert operator_app.account_of(member).wallet.balance == 1_000_000
    check_invariants(operator_app)


def test_a_reissue_happens_once_with_a_new_id_and_number(operator_app, member, billed, tallybook):
    operator_app.change_account(member, tax_rate=20)
    void = ("invoices", "void", billed, "--reason", "Tax was missing", "--reissue")
    voided = read(tallybook(*void, "--json"))
    reissued = voided["reissued"]
    assert reissued["invoice_id"] != billed
    assert (voided["replaces"], voided["replaced_by"]) == (None, reissued["invoice_id"])
    assert (reissued["replaces"], reissued["replaced_by"]) == (billed, None)
    assert (reissued["invoice_number"], reissued["revision"], reissued["status"]) == (2, 2, "open")
    assert (reissued["tax_rate"], reissued["total_amount"]) == ("20", 168_580_000)
    again = tallybook(*void)
    assert again.out == f"{billed} is void; {reissued['invoice_id']}, number 2, replaces it\n"
    assert [invoice["status"] for invoice in invoices(tallybook, member)] == ["open", "void"]
    check_invariants(operator_app)


def test_an_invoice_voided_earlier_can_be_reissued(operator_app, member, billed, tallybook):
    tallybook("invoices", "void", billed, "--reason", "In a hurry")
    reissued = read(tallybook("invoices", "void", billed, "--reason", "In a hurry", "--reissue", "--json"))["reissued"]
    assert (reissued["revision"], reissued["total_amount"]) == (2, 140_480_000)
    check_invariants(operator_app)


def test_a_paid_or_draft_invoice_can_not_be_voided(operator_app, tallybook, move_to):
    member = operator_app.member()
    move_to(MAY)
    tallybook("invoices", "run")
    draft_invoice(operator_app.ctx, authenticate(operator_app.ctx, member.api_key))
    draft, paid = [invoice["invoice_id"] for invoice in invoices(tallybook, member)]
    for invoice, status in ((paid, "paid"), (draft, "draft")):
        error = error_of(tallybook("invoices", "void", invoice, "--reason", "x", "--json"))
        assert error == f"Only an unpaid invoice can be voided; this one is {status}"


def test_voiding_needs_a_reason(billed, tallybook):
    assert "reason" in error_of(tallybook("invoices", "void", billed, "--reason", " "))
    assert tallybook("invoices", "void", billed).code == 2


@pytest.mark.parametrize("verb", [("show",), ("void", "--reason", "x")])
def test_an_unknown_invoice_is_reported_in_one_line(operator_app, tallybook, verb):
    assert error_of(tallybook("invoices", *verb, "inv-1")) == "There is no such invoice"
    assert error_of(tallybook("invoices", *verb, "1")).startswith("invoice must be 'inv-'")


@pytest.mark.parametrize("command", [("list", "acc-1"), ("run", "--account", "acc-1")])
def test_an_unknown_account_is_reported_in_one_line(operator_app, tallybook, command):
    assert error_of(tallybook("invoices", *command)) == "There is no such account"


@pytest.mark.parametrize("arguments", [("list",), ("list", "acc-1", "--status", "late"), ("show",), ("run", "acc-1")])
def test_an_invalid_command_line_exits_with_2(operator_app, tallybook, arguments):
    assert tallybook("invoices", *arguments).code == 2
