"""Invoices, from the command line to the tables."""

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
    """The emulation inside this process is no match for threads."""
    monkeypatch.setattr("tallybook.cli.context.connect", lambda **where: replace(connect(**where), workers=1))


@pytest.fixture
def until(office, tmp_path):
    """Lets time go by."""

    def move(moment):
        office.clock.moment = moment
        Clock(tmp_path / "clock").move_to(moment)

    return move


@pytest.fixture
def member(office):
    """Someone whose usage is more than their balance."""
    member = office.member()
    office.record(
        office.event(member, quantity=10_000_000),
        office.event(member, meter="container_minutes", sku="M", quantity="1440.5", app_id="app"),
    )
    return member


@pytest.fixture
def billed(member, tallybook, until):
    """The id of that one's invoice."""
    until(MAY)
    assert read(tallybook("invoices", "run", "--json"))["periods_closed"] == 1
    [invoice] = invoices(tallybook, member)
    return invoice["invoice_id"]


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def invoices(tallybook, member, *options):
    return read(tallybook("invoices", "list", member.subject, "--json", *options))["invoices"]


def refused(run):
    assert (run.code, run.out) == (1, "")
    [line] = run.err.splitlines()
    return line.removeprefix("tallybook: ")


def test_a_run_does_all_that_is_due_and_a_second_one_finds_nothing(office, member, tallybook, until):
    idle = office.member()
    assert tallybook("invoices", "run").out == "Nothing to do\n"
    until(MAY)
    run = tallybook("invoices", "run")
    assert (run.code, run.err) == (0, "")
    assert run.out == "accounts 2, periods closed 2, invoices issued 2, paid 1, overdue 0, failed 0\n"
    assert tallybook("invoices", "run").out == "Nothing to do\n"
    assert [invoice["status"] for invoice in invoices(tallybook, idle)] == ["paid"]
    check_invariants(office)


def test_a_run_closes_missed_months_and_marks_what_is_overdue(office, member, billed, tallybook, until):
    until(datetime(2026, 8, 1, tzinfo=UTC))
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
    check_invariants(office)


@pytest.mark.parametrize("named", ["subject", "email"])
def test_a_run_may_be_of_one_account(office, member, tallybook, until, named):
    other = office.member()
    until(MAY)
    name = member.subject if named == "subject" else member.user.email
    assert read(tallybook("invoices", "run", "--account", name, "--json"))["accounts"] == 1
    assert (len(invoices(tallybook, member)), len(invoices(tallybook, other))) == (1, 0)
    assert tallybook("invoices", "run", "--account", name).out == "Nothing to do\n"


def test_what_fails_is_told_with_its_account_and_keeps_no_other_from_being_done(office, member, tallybook, until):
    lost = office.member()
    office.ctx.tables.write(Delete(keys.account(lost.account.id)))
    until(MAY)
    run = tallybook("invoices", "run")
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [
        "accounts 2, periods closed 1, invoices issued 1, paid 0, overdue 0, failed 1",
        f"{lost.subject}: There is no such account",
    ]
    assert len(invoices(tallybook, member)) == 1
    again = tallybook("invoices", "run", "--json")
    told = json.loads(again.out)
    assert (again.code, told["failed"], told["periods_closed"]) == (1, 1, 0)
    assert told["failures"] == [{"account_id": lost.subject, "reason": "There is no such account"}]


def test_only_the_first_of_many_failures_are_told_to_readers(office, tallybook, until):
    for _ in range(22):
        office.ctx.tables.write(Delete(keys.account(office.member().account.id)))
    until(MAY)
    lines = tallybook("invoices", "run").out.splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "and 2 more; --json has them all"


def test_a_run_on_a_terminal_shows_how_far_it_is(member, tallybook, until, monkeypatch):
    until(MAY)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "Invoicing" in tallybook("invoices", "run").err


def test_the_audit_log_tells_of_the_operator(office, member, billed, tallybook):
    [entry] = [item for item in office.stored("core") if item.get("action") == "invoice.issued"]
    assert entry["by"] == "operator"


def test_an_account_s_invoices_are_listed_newest_first(office, member, billed, tallybook, until):
    until(JUNE)
    tallybook("invoices", "run")
    draft_invoice(office.ctx, authenticate(office.ctx, member.api_key))
    statuses = [invoice["status"] for invoice in invoices(tallybook, member)]
    assert statuses == ["draft", "paid", "overdue"]
    assert [invoice["status"] for invoice in invoices(tallybook, member, "--limit", 2)] == statuses[:2]
    [late] = invoices(tallybook, member, "--status", "overdue", "--limit", 1)
    assert late["invoice_id"] == billed
    assert invoices(tallybook, member, "--status", "void") == []
    assert read(tallybook("invoices", "list", member.user.email, "--json"))["invoices"][2] == late


def test_more_invoices_than_one_page_are_all_listed(office, member, tallybook, until):
    until(datetime(2035, 1, 1, tzinfo=UTC))
    tallybook("invoices", "run")
    numbers = [invoice["invoice_number"] for invoice in invoices(tallybook, member, "--limit", 1000)]
    assert numbers == list(range(104, 0, -1))


def test_a_list_for_readers_has_a_line_for_each(member, billed, tallybook):
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


def test_an_invoice_is_shown_with_all_that_is_known_of_it(member, billed, tallybook):
    assert read(tallybook("invoices", "show", billed, "--json")) == {
        "invoice_id": billed,
        "account_id": member.subject,
        "invoice_number": 1,
        "revision": 1,
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


def test_an_invoice_for_readers_has_its_lines_below_it(billed, tallybook):
    above, _, below = tallybook("invoices", "show", billed).out.partition("\n\n")
    assert "total_amount\t140.48 USD\n" in above
    assert "line_items" not in above
    assert [line.split("\t") for line in below.splitlines()] == [
        ["type", "description", "quantity", "amount"],
        ["usage", "Resource Usage", "", "140.48 USD"],
        ["", "- container_minutes M", "1440.5", "0.48 USD"],
        ["", "- cpu_seconds", "10000000", "140.00 USD"],
    ]


def test_a_voided_invoice_is_owed_no_more(office, member, billed, tallybook):
    run = tallybook("invoices", "void", billed, "--reason", "Not theirs")
    assert (run.code, run.out) == (0, f"{billed} is void\n")
    voided = read(tallybook("invoices", "void", billed, "--reason", "Again", "--json"))
    assert (voided["status"], voided["amount_due"], voided["void_reason"]) == ("void", 0, "Not theirs")
    assert voided["reissued"] is None
    assert len(invoices(tallybook, member)) == 1
    assert office.account_of(member).wallet.balance == 1_000_000
    check_invariants(office)


def test_a_corrected_one_is_issued_once_under_a_new_id_and_number(office, member, billed, tallybook):
    office.change_account(member, tax_rate=20)
    void = ("invoices", "void", billed, "--reason", "Tax was missing", "--reissue")
    anew = read(tallybook(*void, "--json"))["reissued"]
    assert anew["invoice_id"] != billed
    assert (anew["invoice_number"], anew["revision"], anew["status"]) == (2, 2, "open")
    assert (anew["tax_rate"], anew["total_amount"]) == ("20", 168_580_000)
    again = tallybook(*void)
    assert again.out == f"{billed} is void; {anew['invoice_id']}, number 2, replaces it\n"
    assert [invoice["status"] for invoice in invoices(tallybook, member)] == ["open", "void"]
    check_invariants(office)


def test_what_was_voided_before_may_still_be_issued_anew(office, member, billed, tallybook):
    tallybook("invoices", "void", billed, "--reason", "In a hurry")
    anew = read(tallybook("invoices", "void", billed, "--reason", "In a hurry", "--reissue", "--json"))["reissued"]
    assert (anew["revision"], anew["total_amount"]) == (2, 140_480_000)
    check_invariants(office)


def test_what_is_paid_or_a_draft_is_not_voided(office, tallybook, until):
    member = office.member()
    until(MAY)
    tallybook("invoices", "run")
    draft_invoice(office.ctx, authenticate(office.ctx, member.api_key))
    draft, paid = [invoice["invoice_id"] for invoice in invoices(tallybook, member)]
    for invoice, status in ((paid, "paid"), (draft, "draft")):
        told = refused(tallybook("invoices", "void", invoice, "--reason", "x", "--json"))
        assert told == f"Only an unpaid invoice can be voided; this one is {status}"


def test_a_void_invoice_needs_a_reason(billed, tallybook):
    assert "reason" in refused(tallybook("invoices", "void", billed, "--reason", " "))
    assert tallybook("invoices", "void", billed).code == 2


@pytest.mark.parametrize("verb", [("show",), ("void", "--reason", "x")])
def test_an_invoice_that_is_none_is_told_in_one_line(office, tallybook, verb):
    assert refused(tallybook("invoices", *verb, "inv-1")) == "There is no such invoice"
    assert refused(tallybook("invoices", *verb, "1")).startswith("invoice must be 'inv-'")


@pytest.mark.parametrize("command", [("list", "acc-1"), ("run", "--account", "acc-1")])
def test_an_account_that_is_none_is_told_in_one_line(office, tallybook, command):
    assert refused(tallybook("invoices", *command)) == "There is no such account"


@pytest.mark.parametrize("arguments", [("list",), ("list", "acc-1", "--status", "late"), ("show",), ("run", "acc-1")])
def test_a_command_that_can_not_be_read_ends_with_2(office, tallybook, arguments):
    assert tallybook("invoices", *arguments).code == 2
