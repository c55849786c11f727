"""The commands about accounts."""

import json

import pytest

from tests.support.budgets import member_with_budget
from tests.support.invariants import check_invariants


def read(run):
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def ids(run):
    return [account["account_id"] for account in read(run)["accounts"]]


def test_accounts_are_listed_newest_first_up_to_a_limit(operator_app, tallybook):
    members = []
    for _ in range(5):
        members.append(operator_app.member().subject)
        operator_app.clock.advance(seconds=1)
    assert ids(tallybook("accounts", "list", "--json")) == members[::-1]
    assert ids(tallybook("accounts", "list", "--json", "--limit", 2)) == members[:-3:-1]


def test_accounts_of_one_status_are_found_among_many(operator_app, tallybook):
    early = operator_app.member()
    operator_app.change_account(early, status="suspended")
    for _ in range(3):
        operator_app.clock.advance(seconds=1)
        operator_app.member()
    assert ids(tallybook("accounts", "list", "--json", "--status", "suspended", "--limit", 1)) == [early.subject]
    assert len(ids(tallybook("accounts", "list", "--json", "--status", "active"))) == 3
    assert ids(tallybook("accounts", "list", "--json", "--status", "deleted")) == []


def test_a_list_without_json_has_one_line_each(operator_app, tallybook):
    member = operator_app.member()
    head, line = tallybook("accounts", "list").out.splitlines()
    assert head.split("\t")[:2] == ["account_id", "email"]
    assert line.split("\t")[:4] == [member.subject, "owner1@example.com", "", "active"]


@pytest.mark.parametrize("name", ["id", "email", "spelled otherwise"])
def test_an_account_is_shown_by_its_id_or_by_the_address_of_a_user(operator_app, tallybook, name):
    member = operator_app.member()
    named = {"id": member.subject, "email": member.user.email, "spelled otherwise": " OWNER1@Example.com "}[name]
    shown = read(tallybook("accounts", "show", "--json", named))
    assert shown == {
        "account_id": member.subject,
        "email": "owner1@example.com",
        "display_name": None,
        "status": "active",
        "suspended_at": None,
        "suspension_reason": None,
        "plan_name": "hobby",
        "subscription_id": f"sub-{member.account.subscription_id}",
        "balance": 1_000_000,
        "users": 1,
        "api_keys": 1,
        "running_sessions": 0,
        "budget_hard_limit": None,
        "time_zone": "UTC",
        "tax_rate": None,
        "discount": "0",
        "created_at": "2026-04-20T12:34:56.000Z",
    }
    shown_text = tallybook("accounts", "show", named).out
    assert f"account_id\t{member.subject}\n" in shown_text
    assert "balance\t1.00 USD\n" in shown_text


def test_an_account_is_shown_with_its_hard_budget(operator_app, tallybook):
    member = member_with_budget(operator_app, 12.5, limit_type="hard")
    assert read(tallybook("accounts", "show", "--json", member.subject))["budget_hard_limit"] == 12_500_000


def test_a_created_account_has_an_invited_root_user(operator_app, tallybook):
    made = read(
        tallybook("accounts", "create", "--json", "Ada@Example.com", "--name", "Ada", "--display-name", "Engines")
    )
    assert (made["email"], made["display_name"], made["plan_name"]) == ("ada@example.com", "Engines", "hobby")
    assert (made["balance"], made["users"]) == (1_000_000, 1)
    root = read(tallybook("users", "show", "--json", "ada@example.com"))
    assert (root["user_id"], root["account_id"]) == (made["user_id"], made["account_id"])
    assert (root["is_root_user"], root["has_joined"], root["display_name"]) == (True, False, "Ada")
    [mail] = [item["body"] for item in operator_app.stored("core") if item.get("kind") == "mail"]
    assert (mail["letter"], mail["purpose"], mail["to"]) == ("invitation", "invitation", ["ada@example.com"])
    assert mail["facts"] == {"inviter": None, "account": "Engines"}
    [entry] = read(tallybook("audit", "--json", made["account_id"]))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("account.registered", "operator")
    check_invariants(operator_app)


def test_a_created_account_without_json_is_printed_by_line(operator_app, tallybook):
    fields = dict(line.split("\t") for line in tallybook("accounts", "create", "ada@example.com").out.splitlines())
    assert fields["account_id"].startswith("acc-")
    assert fields["user_id"].startswith("usr-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "email is not a valid email address"),
        (["owner1@example.com"], "This email is already registered"),
        (["a@example.com", "--name", " "], "name must have 1 to 100 characters and no control characters"),
        (["a@example.com", "--display-name", "x" * 101], "display_name must have 1 to 100 characters and no control"),
    ],
)
def test_an_invalid_account_is_refused_in_one_line_and_not_stored(operator_app, tallybook, arguments, message):
    operator_app.member()
    before = operator_app.stored("core")
    run = tallybook("accounts", "create", *arguments)
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(f"tallybook: {message}")
    assert operator_app.stored("core") == before


def test_an_account_is_suspended_and_resumed_with_a_reason_on_record(operator_app, tallybook):
    member = operator_app.member()
    result = tallybook("accounts", "suspend", member.subject, "--reason", "two bills are overdue")
    assert (result.code, result.out) == (0, f"{member.subject} is suspended\n")
    shown = read(tallybook("accounts", "show", "--json", member.subject))
    assert (shown["status"], shown["suspension_reason"]) == ("suspended", "two bills are overdue")
    assert shown["suspended_at"].startswith("2026-04-20T12:3")
    resumed = read(tallybook("accounts", "resume", "--json", member.user.email, "--reason", "they paid"))
    assert (resumed["status"], resumed["suspended_at"], resumed["suspension_reason"]) == ("active", None, None)
    first, second = read(tallybook("audit", "--json", member.subject))["entries"][:2]
    assert [first["action"], second["action"]] == ["account.resumed", "account.suspended"]
    assert [entry["actor"] for entry in (first, second)] == [{"type": "operator", "id": None, "user_id": None}] * 2
    assert first["after"]["reason"] == "they paid"
    check_invariants(operator_app)


def test_the_operator_changes_a_plan_without_payment_or_as_retired(operator_app, tallybook):
    member = operator_app.member()
    result = tallybook("accounts", "plan", member.user.email, "pro")
    assert (result.code, result.out.startswith(f"{member.subject} is on pro; inv-")) == (0, True)
    tallybook("accounts", "suspend", member.subject, "--reason", "two bills are overdue")
    change = read(tallybook("accounts", "plan", member.subject, "scale", "--retired", "--json"))
    assert (change["old_plan_name"], change["new_plan_name"], change["change_reason"]) == (
        "pro",
        "scale",
        "plan_retired",
    )
    assert change["refund"] == 20_000_000  # none of it is used
    shown = read(tallybook("accounts", "show", member.subject, "--json"))
    assert (shown["plan_name"], shown["status"]) == ("scale", "suspended")
    back = read(tallybook("accounts", "plan", member.subject, "hobby", "--json"))
    assert back["change_reason"] == "operator_change"
    refused = tallybook("accounts", "plan", member.subject, "gold")
    assert (refused.code, refused.err) == (1, "tallybook: plan_name must be one of hobby, pro, scale\n")
    check_invariants(operator_app)


def test_billing_terms_are_set_separately_and_a_tax_rate_cleared(operator_app, tallybook):
    member = operator_app.member()
    result = tallybook("accounts", "set", member.subject, "--tax-rate", "7.70", "--discount", "25")
    assert (result.code, result.out) == (0, f"{member.subject}: tax 7.7 %, discount 25 %\n")
    shown = read(tallybook("accounts", "set", "--json", member.user.email, "--discount", "0"))
    assert (shown["tax_rate"], shown["discount"]) == ("7.7", "0")
    result = tallybook("accounts", "set", member.subject, "--clear-tax-rate")
    assert result.out == f"{member.subject}: tax the catalog's, discount 0 %\n"
    shown = read(tallybook("accounts", "set", "--json", member.subject, "--tax-rate", "0"))
    assert (shown["tax_rate"], shown["discount"]) == ("0", "0")
    assert read(tallybook("accounts", "show", "--json", member.subject)) == shown
    [entry, *_] = read(tallybook("audit", "--json", member.subject))["entries"]
    assert (entry["action"], entry["actor"]["type"]) == ("account.terms_set", "operator")
    assert (entry["before"], entry["after"]) == ({"tax_rate": None, "discount": 0}, {"tax_rate": 0, "discount": 0})
    check_invariants(operator_app)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "is needed"),
        (["--tax-rate", "5", "--clear-tax-rate"], "exclude each other"),
        (["--tax-rate", "101"], "'101' must be a percentage from 0 to 100 with at most 4 decimals"),
        (["--discount", "0.00001"], "must be a percentage"),
        (["--discount", "-1"], "must be a percentage"),
        (["--discount", "25%"], "must be a percentage"),
        (["--discount", ""], "must be a percentage"),
    ],
)
def test_invalid_billing_terms_exit_with_2_and_change_nothing(operator_app, tallybook, options, message):
    member = operator_app.member()
    before = operator_app.stored("core")
    run = tallybook("accounts", "set", member.subject, *options)
    assert (run.code, run.result) == (2, "")
    assert message in " ".join(run.err.replace("│", " ").split())
    assert operator_app.stored("core") == before


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_a_status_change_needs_a_reason(operator_app, tallybook, verb):
    member = operator_app.member()
    assert tallybook("accounts", verb, member.subject).code == 2
    assert tallybook("accounts", verb, member.subject, "--reason", " ").code == 1
    assert operator_app.account_of(member).status == "active"


@pytest.mark.parametrize(
    "command",
    [("show",), ("suspend", "--reason", "x"), ("resume", "--reason", "x"), ("set", "--discount", "5"), ("plan", "pro")],
)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acc-0199", "There is no such account"),
        ("nobody@example.com", "Nobody signs in with this address"),
        ("usr-1", "'usr-1' is not an account: use acc-… or the email address of one of its users"),
        ("acc-", "account must be 'acc-' and 1 to 64 letters, digits or hyphens"),
        ("a@b", "email is not a valid email address"),
    ],
)
def test_an_unknown_account_is_reported_in_one_line(operator_app, tallybook, command, name, message):
    verb, *options = command
    run = tallybook("accounts", verb, name, *options, "--json")
    assert (run.code, run.result, run.err) == (1, "", f"tallybook: {message}\n")


@pytest.mark.parametrize(
    "arguments",
    [("list", "--limit", "0"), ("list", "--limit", "1001"), ("list", "--status", "gone"), ("show",), ("rename",)],
)
def test_an_invalid_command_line_exits_with_2(operator_app, tallybook, arguments):
    run = tallybook("accounts", *arguments)
    assert (run.code, run.result) == (2, "")
